extension Bookkeeping {
    /// What the trigger functions are made of beside their statements: settings, and how a function finds out that its
    /// table was altered since it was made.
    ///
    /// A plan is kept for the session, though made for a statement of one row: so the two transition tables are
    /// joined by a full join, which is never a nested loop, and JIT is off, which takes longer than the
    /// statement. Settings that the text form of values depends on are pinned only where such text is written:
    /// they cost a third of a small statement. A version is drawn once for a statement, after it has locked its
    /// rows: of one row, a later write has a greater version.
    ///
    /// Where no event trigger follows `ALTER TABLE`, a function compares the names that it was made for with the
    /// table's, and where they differ it has its statements made anew for the columns that there are, each time
    /// until `setup` is run again: slower, but nobody's write fails or goes unstamped. PL/pgSQL looks at the statements
    /// of the branch that it takes only, so that the others may name what is gone. The comparison is one index scan for
    /// a statement; to try and catch the failure would cost each statement a subtransaction, and miss added columns.
    static let triggers = """
        CREATE OR REPLACE FUNCTION satchel.pinned_settings() RETURNS jsonb
        LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT '{"DateStyle": "ISO, DMY", "TimeZone": "UTC", "IntervalStyle": "iso_8601", "extra_float_digits": "1",
                "bytea_output": "hex"}'::jsonb
        $function$;

        CREATE OR REPLACE FUNCTION satchel.pins() RETURNS text
        LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT string_agg(format('SET %I = %L', lower(key), value), ' ' ORDER BY key)
            FROM jsonb_each_text(satchel.pinned_settings())
        $function$;

        -- Makes these settings, and returns what they were before.
        CREATE OR REPLACE FUNCTION satchel.exchange_settings(wanted jsonb) RETURNS jsonb
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            found jsonb := (SELECT jsonb_object_agg(key, current_setting(key)) FROM jsonb_object_keys(wanted) AS key);
        BEGIN
            PERFORM set_config(key, value, true) FROM jsonb_each_text(wanted);
            RETURN found;
        END
        $function$;

        CREATE OR REPLACE FUNCTION satchel.follows_alterations() RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'satchel_follow_ddl' AND evtenabled <> 'D')
        $function$;

        -- The names that the functions of a table name: a query, for a table that is given by an expression.
        CREATE OR REPLACE FUNCTION satchel.names_query(target regclass, place text) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT format('ARRAY(SELECT a.attname FROM pg_attribute a
                WHERE a.attrelid = %1$s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)', place)
                || CASE WHEN EXISTS (
                    SELECT FROM pg_constraint WHERE conrelid = target AND contype = 'f' AND confdeltype = 'n')
                THEN format(' || ARRAY(SELECT concat(c.confrelid::regclass, ''.'', quote_ident(a.attname))::name
                    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey)
                    WHERE c.conrelid = %1$s AND c.contype = ''f'' AND c.confdeltype = ''n''
                    ORDER BY c.conname, a.attnum)', place) ELSE '' END
        $function$;

        CREATE OR REPLACE FUNCTION satchel.alteration_check(target regclass, relation text, event text) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            names name[];
        BEGIN
            IF satchel.follows_alterations() THEN
                RETURN '';
            END IF;
            EXECUTE 'SELECT ' || satchel.names_query(target, '$1') INTO names USING target;
            RETURN format($body$
            IF %s <> %L::name[] OR TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME <> %L THEN
                satchel_settings := satchel.exchange_settings(satchel.pinned_settings());
                satchel_statements := (SELECT e.body FROM satchel.events(TG_RELID, true) e WHERE e.event = %L);
                -- There are none where the table has no key any more: its rows have no name.
                IF satchel_statements IS NOT NULL THEN
                    EXECUTE satchel_statements USING satchel_version, satchel_now, satchel_stamp;
                END IF;
                PERFORM satchel.exchange_settings(satchel_settings);
                RETURN NULL;
            END IF;$body$, satchel.names_query(target, 'TG_RELID'), names, relation, event);
        END
        $function$;

        CREATE OR REPLACE FUNCTION satchel.trigger_body(
            target regclass, relation text, event text, condition text, before text, statement text
        ) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT concat($body$
        #variable_conflict use_variable
        DECLARE
            satchel_now bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
            satchel_version bigint := nextval('satchel.version');
            satchel_stamp text := format('[%s, %s, "", 0]', satchel_version, satchel_now);
            satchel_settings jsonb;
            satchel_statements text;
        BEGIN
            $body$, satchel.alteration_check(target, relation, event),
            'IF ' || condition || ' THEN ' || before || ' END IF;', statement, $body$
            RETURN NULL;
        END
        $body$)
        $function$;
        """
}
