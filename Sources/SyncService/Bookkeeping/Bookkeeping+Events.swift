/// SQL that writes SQL: what the trigger functions of one table do.
extension Bookkeeping {
    /// `events` gives a row for each trigger of a table: its event, how it is declared, and `body`, the text of
    /// its function, for the columns that the table has now. Where `is_dynamic`, `body` is the statements alone,
    /// for EXECUTE with the version, the time and the stamp: then settings are pinned already. No rows without a
    /// primary key.
    ///
    /// `stamping` is the statement that stamps the rows that `source` selects.
    static let events = """
        CREATE OR REPLACE FUNCTION satchel.stamping(source text) RETURNS text
        LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT replace($body$
                INSERT INTO satchel.clock AS c (
                    relation, key, version, clock, stamp_version, stamp_clock, columns, deleted, row, deleted_by,
                    deleted_replica, deleted_seq)
                -- source
                ON CONFLICT (relation, key) DO UPDATE SET
                    version = excluded.version,
                    clock = greatest(excluded.clock, c.clock + 1),
                    stamp_version = CASE WHEN excluded.stamp_version > 0 THEN excluded.version ELSE c.stamp_version END,
                    stamp_clock = CASE WHEN excluded.stamp_version > 0 THEN greatest(excluded.clock, c.clock + 1)
                        ELSE c.stamp_clock END,
                    stamp_replica = CASE WHEN excluded.stamp_version > 0 THEN '' ELSE c.stamp_replica END,
                    stamp_seq = CASE WHEN excluded.stamp_version > 0 THEN 0 ELSE c.stamp_seq END,
                    columns = CASE
                        WHEN excluded.stamp_version > 0 THEN '{}'
                        WHEN excluded.deleted THEN c.columns
                        WHEN excluded.clock > c.clock THEN c.columns || excluded.columns
                        ELSE c.columns || (
                            SELECT jsonb_object_agg(name, jsonb_build_array(excluded.version, c.clock + 1, '', 0))
                            FROM jsonb_object_keys(excluded.columns) AS name)
                    END,
                    deleted = excluded.deleted,
                    row = excluded.row,
                    deleted_by = excluded.deleted_by,
                    deleted_replica = excluded.deleted_replica,
                    deleted_seq = excluded.deleted_seq;
            $body$, '-- source', source)
        $function$;

        CREATE OR REPLACE FUNCTION satchel.events(target regclass, is_dynamic boolean)
        RETURNS TABLE (event text, timing text, transition text, is_pinned boolean, body text)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            relation text;
            is_root boolean;
            new_key text := satchel.key_form('n', target);
            old_key text := satchel.key_form('o', target);
            last_row text := satchel.row_form('o', target);
            -- Its name, or its place among the values that EXECUTE is given.
            version_now text := CASE WHEN is_dynamic THEN '$1' ELSE 'satchel_version' END;
            time_now text := CASE WHEN is_dynamic THEN '$2' ELSE 'satchel_now' END;
            stamp_now text := CASE WHEN is_dynamic THEN '$3' ELSE 'satchel_stamp' END;
            key_column text;
            is_same_row text;
            changes text;
            has_pinned_key boolean;
            has_pinned_reference boolean;
            nulled_condition text;
            nulled text;
            is_reached_again boolean;
            deletion text;
            insertion text;
            change text;
        BEGIN
            IF new_key IS NULL THEN
                RETURN;
            END IF;
            SELECT n.nspname || '.' || t.relname, t.relkind = 'p' INTO relation, is_root
            FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = target;

            SELECT bool_or(satchel.is_pinned(a)), min(a.attname::text COLLATE "C"), string_agg(
                CASE WHEN satchel.is_bytewise(a) THEN format('n.%1$I = o.%1$I', a.attname)
                    ELSE satchel.text_form('n', a) || ' = ' || satchel.text_form('o', a) END, ' AND ')
            INTO has_pinned_key, key_column, is_same_row
            FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = target AND i.indisprimary;

            SELECT string_agg(
                format('CASE WHEN %s THEN %L || %s END',
                    format(CASE WHEN satchel.is_bytewise(a) THEN 'n.%1$I IS DISTINCT FROM o.%1$I'
                        ELSE 'NOT record_image_eq(ROW(n.%1$I), ROW(o.%1$I))' END, a.attname),
                    to_json(a.attname::text)::text || ': ', stamp_now),
                ', ' ORDER BY a.attnum)
            INTO changes
            FROM pg_attribute a WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped;

            -- The action of a foreign key comes when the row that is referred to has gone already: that tells it from
            -- an update that somebody made.
            SELECT bool_or(f.is_pinned),
                'EXISTS (SELECT FROM new_rows n WHERE ' || string_agg(f.is_nulled, ' OR ') || ')',
                string_agg(format(
                    'INSERT INTO satchel.nulled
                    SELECT DISTINCT ON (d.key) %1$L, d.key, %3$L, pg_current_xact_id(), %13$s, %14$s, d.row, (
                        SELECT jsonb_object_agg(name, coalesce(c.columns -> name, jsonb_build_array(
                            coalesce(c.stamp_version, 0), coalesce(c.stamp_clock, 0), coalesce(c.stamp_replica, ''''),
                            coalesce(c.stamp_seq, 0))))
                        FROM unnest(d.names) AS name)
                    FROM (
                        SELECT %2$s AS key, jsonb_object(%4$L::text[], ARRAY[%5$s]) AS row,
                            array_remove(ARRAY[%6$s], NULL) AS names,
                            CASE WHEN n.%7$I IS NOT NULL AND %8$s AND (%9$s)
                                THEN NOT EXISTS (SELECT FROM %10$s p WHERE %11$s) END AS is_gone
                        FROM new_rows n FULL JOIN old_rows o ON %12$s
                        OFFSET 0
                    ) d LEFT JOIN satchel.clock c ON c.relation = %1$L AND c.key = d.key
                    WHERE d.is_gone
                    ON CONFLICT (relation, key, reference) DO UPDATE SET transaction = excluded.transaction,
                        version = excluded.version, at = excluded.at, row = excluded.row, stamps = excluded.stamps;',
                    relation, new_key, f.name, k.names || f.names, concat_ws(', ', k.values, f.values), f.nulled_names,
                    key_column, f.is_there, f.is_nulled, f.parent, f.is_parent, is_same_row, version_now, time_now), ' ')
            INTO has_pinned_reference, nulled_condition, nulled
            FROM (
                SELECT c.conname AS name, c.confrelid::regclass::text AS parent, bool_or(satchel.is_pinned(a)) AS is_pinned,
                    array_agg(a.attname::text ORDER BY k.place) AS names,
                    string_agg(satchel.text_form('o', a), ', ' ORDER BY k.place) AS values,
                    string_agg(format('CASE WHEN n.%2$I IS NULL THEN %1$L END', a.attname::text, a.attname), ', ')
                        AS nulled_names,
                    string_agg(format('o.%I IS NOT NULL', a.attname), ' AND ') AS is_there,
                    string_agg(format('n.%I IS NULL', a.attname), ' OR ') AS is_nulled,
                    string_agg(format('p.%I = o.%I', r.attname, a.attname), ' AND ') AS is_parent
                FROM pg_constraint c, unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (number, referenced, place),
                    pg_attribute a, pg_attribute r
                WHERE c.conrelid = target AND c.contype = 'f' AND c.confdeltype = 'n'
                AND a.attrelid = c.conrelid AND a.attnum = k.number
                AND r.attrelid = c.confrelid AND r.attnum = k.referenced
                GROUP BY c.oid, c.conname, c.confrelid
            ) f, (
                SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
                    string_agg(satchel.text_form('o', a), ', ' ORDER BY a.attnum) AS values
                FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                WHERE i.indrelid = target AND i.indisprimary
            ) k;

            -- The action of a foreign key can reach a row that the statement, or another action, has reached: then each
            -- of its images comes in the transition tables, and all of them have to become one.
            SELECT EXISTS (
                SELECT FROM pg_constraint WHERE conrelid = target AND contype = 'f'
                AND (confdeltype IN ('n', 'd') OR confupdtype IN ('c', 'n', 'd')))
            INTO is_reached_again;

            deletion := format(
                'SELECT %L, %s, %s, %s, 0, 0, ''{}'', true, %s, pg_current_xact_id(), '''', 0 FROM ',
                relation, old_key, version_now, time_now, last_row);
            insertion := format(
                'SELECT %1$L, %2$s, %3$s, %4$s, %3$s, %4$s, ''{}'', false, NULL, NULL, NULL, NULL FROM new_rows n',
                relation, new_key, version_now, time_now);
            change := format(
                'SELECT %1$L, d.key, %10$s, %11$s,
                    CASE d.kind WHEN ''i'' THEN %10$s ELSE 0 END, CASE d.kind WHEN ''i'' THEN %11$s ELSE 0 END,
                    CASE d.kind WHEN ''u'' THEN (''{'' || d.changes || ''}'')::jsonb ELSE ''{}'' END,
                    d.kind = ''d'', d.last_row, CASE d.kind WHEN ''d'' THEN pg_current_xact_id() END,
                    CASE d.kind WHEN ''d'' THEN '''' END, CASE d.kind WHEN ''d'' THEN 0 END
                FROM (%8$s
                    SELECT CASE WHEN n.%2$I IS NULL THEN %4$s ELSE %3$s END AS key,
                        CASE WHEN o.%2$I IS NULL THEN ''i'' WHEN n.%2$I IS NULL THEN ''d'' ELSE ''u'' END AS kind,
                        CASE WHEN n.%2$I IS NULL THEN %5$s END AS last_row,
                        concat_ws('', '', %6$s) AS changes
                    FROM new_rows n FULL JOIN old_rows o ON %7$s
                    OFFSET 0
                %9$s) d WHERE d.kind <> ''u'' OR d.changes <> ''''',
                relation, key_column, new_key, old_key,
                -- For the rare key change, so that the function for updates needs no pins.
                CASE WHEN is_dynamic THEN last_row ELSE format('satchel.%I(o)', 'row_' || md5(relation)) END,
                changes, is_same_row,
                CASE WHEN is_reached_again THEN 'SELECT i.key, i.kind, (array_agg(i.last_row))[1] AS last_row,
                    string_agg(nullif(i.changes, ''''), '', '') AS changes FROM (' END,
                CASE WHEN is_reached_again THEN ') i GROUP BY i.key, i.kind' END, version_now, time_now);
            RETURN QUERY SELECT e.event, e.timing, e.transition, e.is_pinned,
                CASE WHEN is_dynamic THEN concat(e.before, satchel.stamping(e.source))
                ELSE satchel.trigger_body(target, relation, e.event, e.condition, e.before, satchel.stamping(e.source)) END
            FROM (VALUES
                ('insert', 'AFTER', 'REFERENCING NEW TABLE AS new_rows', has_pinned_key, NULL, NULL, insertion),
                ('update', 'AFTER', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
                    has_pinned_key OR coalesce(has_pinned_reference, false), nulled_condition, nulled, change),
                ('delete', 'AFTER', 'REFERENCING OLD TABLE AS old_rows', true, NULL, NULL, deletion || 'old_rows o'),
                ('truncate', 'BEFORE', '', true, NULL, NULL,
                    deletion || format(CASE WHEN is_root THEN '%s o' ELSE 'ONLY %s o' END, target))
            ) AS e (event, timing, transition, is_pinned, condition, before, source);
        END
        $function$;
        """
}
