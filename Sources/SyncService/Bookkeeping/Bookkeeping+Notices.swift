import Postgres

/// What only a superuser's `setup` can install: that Satchel sees DDL as it happens.
extension Bookkeeping {
    /// `tell_catalogue` tells the service that a look at the catalogue is worth it.
    static let notices = """
        CREATE OR REPLACE FUNCTION satchel.tell_catalogue() RETURNS event_trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        BEGIN
            IF current_setting('satchel.tracking', true) = 'on' THEN
                RETURN;
            END IF;
            -- What a session makes for itself alone is never published. What is dropped has no name here any more.
            IF tg_tag LIKE 'DROP %' OR EXISTS (
                SELECT FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp')
            THEN
                PERFORM \(CatalogueNotice.statement.dropFirst("SELECT ".count));
            END IF;
        END
        $function$;
        """

    private static let eventTriggers = [
        (name: followingTrigger, function: "follow_ddl", tags: ["ALTER TABLE"]),
        (
            name: "satchel_tell_catalogue", function: "tell_catalogue",
            tags: [
                "CREATE TABLE", "CREATE TABLE AS", "SELECT INTO", "ALTER TABLE", "DROP TABLE", "ALTER TYPE",
                "ALTER DOMAIN", "ALTER SCHEMA", "DROP SCHEMA", "CREATE PUBLICATION", "ALTER PUBLICATION",
                "DROP PUBLICATION",
            ]
        ),
    ]

    private static let followingTrigger = "satchel_follow_ddl"

    /// Returns whether the triggers of tables follow `ALTER TABLE` by themselves.
    static func makeEventTriggers(on connection: PostgresConnection) throws -> Bool {
        let made = try connection.query("SELECT evtname FROM pg_event_trigger").rows.compactMap { $0[0] }
        let isSuperuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        guard try connection.query(isSuperuser).value == "t" else { return made.contains(followingTrigger) }
        for (name, function, tags) in eventTriggers where !made.contains(name) {
            let list = tags.map { "'\($0)'" }.joined(separator: ", ")
            try connection.execute(
                """
                CREATE EVENT TRIGGER \(name) ON ddl_command_end WHEN TAG IN (\(list))
                EXECUTE FUNCTION satchel.\(function)()
                """)
        }
        return true
    }
}
