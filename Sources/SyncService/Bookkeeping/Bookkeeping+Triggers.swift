extension Bookkeeping {
    /// `track_event` makes one trigger of one table, and the function that it calls. `source` selects what is to
    /// be stamped; `before` is done first; the rest is the same for all events.
    ///
    /// A plan is kept for the session, though made for a statement of one row: so the two transition tables are
    /// joined by a full join, which is never a nested loop, and JIT is off, which takes longer than the
    /// statement. Settings that the text form of values depends on are pinned only where such text is written:
    /// they cost a third of a small statement. A version is drawn once for a statement, after it has locked its
    /// rows: of one row, a later write has a greater version.
    static let triggers = """
        CREATE OR REPLACE FUNCTION satchel.pins() RETURNS text
        LANGUAGE sql IMMUTABLE AS $function$
            SELECT 'SET DateStyle = ''ISO, DMY'' SET TimeZone = ''UTC'' SET IntervalStyle = ''iso_8601''
                SET extra_float_digits = 1 SET bytea_output = ''hex'''
        $function$;

        CREATE OR REPLACE FUNCTION satchel.track_event(
            target regclass, event text, timing text, transition text, relation text, is_pinned boolean, source text,
            before text DEFAULT NULL
        ) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            name text := event || '_' || md5(relation);
        BEGIN
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION satchel.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = pg_catalog, pg_temp SET jit = off %s AS %L',
                name, CASE WHEN is_pinned THEN satchel.pins() END, replace(replace($body$
        #variable_conflict use_variable
        DECLARE
            satchel_now bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
            satchel_version bigint := nextval('satchel.version');
            satchel_stamp text := format('[%s, %s, "", 0]', satchel_version, satchel_now);
        BEGIN
            -- before
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
            RETURN NULL;
        END
        $body$, '-- source', source), '-- before', coalesce(before, '')));
            -- Only where something differs: both take locks on the user's table.
            IF NOT EXISTS (
                SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                WHERE t.tgrelid = target AND t.tgname = 'satchel_' || event AND p.proname = name AND t.tgenabled = 'A')
            THEN
                EXECUTE format(
                    'CREATE OR REPLACE TRIGGER %I %s %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION satchel.%I()',
                    'satchel_' || event, timing, event, target, transition, name);
                EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, 'satchel_' || event);
            END IF;
        END
        $function$;
        """

    /// `track` makes all triggers of a table, or brings them up to date with its columns; `untrack` removes
    /// them. `follow_ddl` does both as tables change, so that the functions never name a column that is gone;
    /// it is for an event trigger, which only a superuser can make.
    static let tracking = """
        -- What is done to a table here is not followed. (A function that sets this itself can be made by a superuser only;
        -- what fails takes the setting back with it.)
        CREATE OR REPLACE FUNCTION satchel.tell_tracking(is_tracking boolean) RETURNS void
        LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $function$
            SELECT set_config('satchel.tracking', CASE WHEN is_tracking THEN 'on' ELSE 'off' END, true)
        $function$;

        CREATE OR REPLACE FUNCTION satchel.track(target regclass) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            relation text;
            is_root boolean;
            new_key text := satchel.key_form('n', target);
            old_key text := satchel.key_form('o', target);
            key_column text;
            is_same_row text;
            changes text;
            last_row text;
            last_row_function text;
            has_pinned_key boolean;
            has_pinned_reference boolean;
            nulled text;
            is_reached_again boolean;
            deletion text;
        BEGIN
            IF new_key IS NULL THEN
                RAISE EXCEPTION '% has no primary key', target;
            END IF;
            PERFORM satchel.tell_tracking(true);
            SELECT n.nspname || '.' || t.relname, t.relkind = 'p' INTO relation, is_root
            FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = target;

            SELECT bool_or(satchel.is_pinned(a)), min(a.attname::text COLLATE "C"), string_agg(
                CASE WHEN satchel.is_bytewise(a) THEN format('n.%1$I = o.%1$I', a.attname)
                    ELSE satchel.text_form('n', a) || ' = ' || satchel.text_form('o', a) END, ' AND ')
            INTO has_pinned_key, key_column, is_same_row
            FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = target AND i.indisprimary;

            SELECT
                string_agg(
                    format('CASE WHEN %s THEN %L || satchel_stamp END',
                        format(CASE WHEN satchel.is_bytewise(a) THEN 'n.%1$I IS DISTINCT FROM o.%1$I'
                            ELSE 'NOT record_image_eq(ROW(n.%1$I), ROW(o.%1$I))' END, a.attname),
                        to_json(a.attname::text)::text || ': '),
                    ', ' ORDER BY a.attnum),
                format('jsonb_object(%L::text[], ARRAY[%s])',
                    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
                    string_agg(satchel.text_form('o', a), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''))
            INTO changes, last_row
            FROM pg_attribute a WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped;

            -- The action of a foreign key comes when the row that is referred to has gone already: that tells it from
            -- an update that somebody made.
            SELECT bool_or(f.is_pinned), CASE WHEN count(*) > 0 THEN format('IF EXISTS (SELECT FROM new_rows n WHERE %s) THEN %s END IF;',
                string_agg(f.is_nulled, ' OR '), string_agg(format(
                    'INSERT INTO satchel.nulled
                    SELECT DISTINCT ON (d.key) %1$L, d.key, %3$L, pg_current_xact_id(), satchel_version, satchel_now, d.row, (
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
                    key_column, f.is_there, f.is_nulled, f.parent, f.is_parent, is_same_row), ' ')) END
            INTO has_pinned_reference, nulled
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

            -- For the rare key change, so that the function for updates needs no pins.
            last_row_function := format('satchel.%I', 'row_' || md5(relation));
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION %s(o record) RETURNS jsonb LANGUAGE plpgsql STABLE
                SET search_path = pg_catalog, pg_temp %s AS %L',
                last_row_function, satchel.pins(), format('BEGIN RETURN %s; END', last_row));

            PERFORM satchel.track_event(
                target, 'insert', 'AFTER', 'REFERENCING NEW TABLE AS new_rows', relation, has_pinned_key, format(
                    'SELECT %L, %s, satchel_version, satchel_now, satchel_version, satchel_now, ''{}'', false,
                        NULL, NULL, NULL, NULL FROM new_rows n', relation, new_key));
            PERFORM satchel.track_event(
                target, 'update', 'AFTER', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows', relation,
                has_pinned_key OR coalesce(has_pinned_reference, false), format(
                    'SELECT %1$L, d.key, satchel_version, satchel_now,
                        CASE d.kind WHEN ''i'' THEN satchel_version ELSE 0 END,
                        CASE d.kind WHEN ''i'' THEN satchel_now ELSE 0 END,
                        CASE d.kind WHEN ''u'' THEN (''{'' || d.changes || ''}'')::jsonb ELSE ''{}'' END,
                        d.kind = ''d'', d.last_row, CASE d.kind WHEN ''d'' THEN pg_current_xact_id() END,
                        CASE d.kind WHEN ''d'' THEN '''' END, CASE d.kind WHEN ''d'' THEN 0 END
                    FROM (%8$s
                        SELECT CASE WHEN n.%2$I IS NULL THEN %4$s ELSE %3$s END AS key,
                            CASE WHEN o.%2$I IS NULL THEN ''i'' WHEN n.%2$I IS NULL THEN ''d'' ELSE ''u'' END AS kind,
                            CASE WHEN n.%2$I IS NULL THEN %5$s(o) END AS last_row,
                            concat_ws('', '', %6$s) AS changes
                        FROM new_rows n FULL JOIN old_rows o ON %7$s
                        OFFSET 0
                    %9$s) d WHERE d.kind <> ''u'' OR d.changes <> ''''',
                    relation, key_column, new_key, old_key, last_row_function, changes, is_same_row,
                    CASE WHEN is_reached_again THEN 'SELECT i.key, i.kind, (array_agg(i.last_row))[1] AS last_row,
                        string_agg(nullif(i.changes, ''''), '', '') AS changes FROM (' END,
                    CASE WHEN is_reached_again THEN ') i GROUP BY i.key, i.kind' END), nulled);
            deletion := format(
                'SELECT %L, %s, satchel_version, satchel_now, 0, 0, ''{}'', true, %s, pg_current_xact_id(), '''', 0
                FROM ', relation, old_key, last_row);
            PERFORM satchel.track_event(
                target, 'delete', 'AFTER', 'REFERENCING OLD TABLE AS old_rows', relation, true,
                deletion || 'old_rows o');
            PERFORM satchel.track_event(target, 'truncate', 'BEFORE', '', relation, true, deletion
                || format(CASE WHEN is_root THEN '%s o' ELSE 'ONLY %s o' END, target));
            PERFORM satchel.tell_tracking(false);
        END
        $function$;

        CREATE OR REPLACE FUNCTION satchel.untrack(target regclass) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            name text;
        BEGIN
            PERFORM satchel.tell_tracking(true);
            FOR name IN SELECT tgname FROM pg_trigger
                WHERE tgrelid = target
                AND tgname = ANY ('{satchel_insert,satchel_update,satchel_delete,satchel_truncate}')
            LOOP
                EXECUTE format('DROP TRIGGER %I ON %s', name, target);
            END LOOP;
            PERFORM satchel.tell_tracking(false);
        END
        $function$;

        CREATE OR REPLACE FUNCTION satchel.is_tracked(target regclass) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'satchel_update')
        $function$;

        CREATE OR REPLACE FUNCTION satchel.follow_ddl() RETURNS event_trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            target regclass;
        BEGIN
            IF current_setting('satchel.tracking', true) = 'on' THEN
                RETURN;
            END IF;
            FOR target IN SELECT DISTINCT c.objid::regclass FROM pg_event_trigger_ddl_commands() AS c
                WHERE c.classid = 'pg_class'::regclass AND satchel.is_tracked(c.objid::regclass)
            LOOP
                IF satchel.key_form('n', target) IS NULL THEN
                    PERFORM satchel.untrack(target);
                ELSE
                    PERFORM satchel.track(target);
                END IF;
            END LOOP;
        END
        $function$;
        """
}
