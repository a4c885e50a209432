import Postgres
import SyncModel

extension Bookkeeping {
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
            suffix text := (SELECT '_' || md5(n.nspname || '.' || t.relname)
                FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = target);
            e record;
        BEGIN
            IF satchel.key_form('n', target) IS NULL THEN
                RAISE EXCEPTION '% has no primary key', target;
            END IF;
            PERFORM satchel.tell_tracking(true);
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION satchel.%I(o record) RETURNS jsonb LANGUAGE plpgsql STABLE
                SET search_path = pg_catalog, pg_temp %s AS %L',
                'row' || suffix, satchel.pins(), format('BEGIN RETURN %s; END', satchel.row_form('o', target)));
            FOR e IN SELECT * FROM satchel.events(target, false) LOOP
                EXECUTE format(
                    'CREATE OR REPLACE FUNCTION satchel.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                    SET search_path = pg_catalog, pg_temp SET jit = off %s AS %L',
                    e.event || suffix, CASE WHEN e.is_pinned THEN satchel.pins() END, e.body);
                -- Only where something differs: both take locks on the user's table.
                IF NOT EXISTS (
                    SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                    WHERE t.tgrelid = target AND t.tgname = 'satchel_' || e.event AND p.proname = e.event || suffix
                    AND t.tgenabled = 'A')
                THEN
                    EXECUTE format(
                        'CREATE OR REPLACE TRIGGER %I %s %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION satchel.%I()',
                        'satchel_' || e.event, e.timing, e.event, target, e.transition, e.event || suffix);
                    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, 'satchel_' || e.event);
                END IF;
            END LOOP;
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
            -- The functions of a table that refers to it name its columns too.
            FOR target IN SELECT DISTINCT t.relid::regclass
                FROM pg_event_trigger_ddl_commands() AS c, LATERAL (
                    SELECT c.objid UNION ALL SELECT conrelid FROM pg_constraint
                    WHERE confrelid = c.objid AND contype = 'f' AND confdeltype = 'n') AS t (relid)
                WHERE c.classid = 'pg_class'::regclass AND satchel.is_tracked(t.relid::regclass)
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
    /// The tables whose triggers were made for what the table was before somebody altered it, or by another version of
    /// this service, sorted.
    package static func staleTables(on connection: PostgresConnection) throws -> [TableName] {
        let isThere = "SELECT to_regprocedure('satchel.events(regclass, boolean)') IS NOT NULL"
        guard try connection.query(isThere).value == "t" else { return try trackedTables(on: connection) }
        let result = try connection.query(
            """
            SELECT DISTINCT n.nspname, c.relname
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_proc p ON p.oid = t.tgfoid
                LEFT JOIN LATERAL satchel.events(t.tgrelid, false) e ON t.tgname = 'satchel_' || e.event
            WHERE t.tgname = ANY ('{satchel_insert,satchel_update,satchel_delete,satchel_truncate}')
            AND p.prosrc IS DISTINCT FROM e.body
            """)
        return result.rows.map { TableName(schema: $0[0] ?? "", name: $0[1] ?? "") }.sorted()
    }
}
