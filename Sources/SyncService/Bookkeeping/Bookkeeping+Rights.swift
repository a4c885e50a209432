import Postgres
import SyncModel

extension Bookkeeping {
    /// What `serve` misses in this database, each with what mends it; empty when nothing.
    package static func missing(
        for publications: [String], on connection: PostgresConnection
    ) throws -> [String] {
        guard try isInstalled(on: connection) else {
            return ["schema satchel is not there: run `satchel-service setup` with the same database first"]
        }
        var problems: [String] = []
        for name in publications + [clockPublication] where try !exists(publication: name, on: connection) {
            problems.append(
                "there is no publication \(name): run `satchel-service setup`, or CREATE PUBLICATION \(quoted(name)) "
                    + "FOR TABLE …")
        }
        return try problems + missingRights(for: publications, on: connection)
    }

    /// What `setup` misses.
    package static func missingForSetup(on connection: PostgresConnection) throws -> [String] {
        let result = try connection.query(
            """
            SELECT current_database(), current_user, has_database_privilege(current_database(), 'CREATE')
            """)
        guard result[0, 2] != "t" else { return [] }
        let (database, role) = (quoted(result[0, 0] ?? ""), quoted(result[0, 1] ?? ""))
        return ["this role may not create the schema satchel: GRANT CREATE ON DATABASE \(database) TO \(role)"]
    }

    /// Tables of schema `public` that `setup` as this role would refuse for their owner, the first few. Those that
    /// somebody has set up are not among them.
    package static func tablesOfOthers(on connection: PostgresConnection) throws -> [Refusal] {
        try connection.query(
            """
            SELECT c.relname, pg_get_userbyid(c.relowner), current_user FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND NOT pg_has_role(c.relowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'satchel_update')
            ORDER BY 1 LIMIT 10
            """
        ).rows.map { row in
            let table = TableName(name: row[0] ?? "")
            return Refusal(
                table: table, reason: "\(table) \(reasonOfOwner(table, owner: row[1] ?? "", role: row[2] ?? ""))")
        }
    }

    package static func mayUseSchema(on connection: PostgresConnection) throws -> Bool {
        try connection.query("SELECT has_schema_privilege('satchel', 'USAGE')").value == "t"
    }

    private static func missingRights(
        for publications: [String], on connection: PostgresConnection
    ) throws -> [String] {
        let role = quoted(try connection.query("SELECT current_user").value ?? "")
        var problems: [String] = []
        let own = try connection.query(
            """
            SELECT has_schema_privilege('satchel', 'USAGE') AND bool_and(has_table_privilege(c.oid, 'SELECT'))
                AND bool_and(c.relkind <> 'r' OR has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
            FROM pg_class c WHERE c.relnamespace = 'satchel'::regnamespace AND c.relkind IN ('r', 'S')
            """)
        if own.value != "t" {
            problems.append(
                "this role may not use schema satchel: GRANT USAGE ON SCHEMA satchel TO \(role); GRANT SELECT, INSERT, "
                    + "UPDATE, DELETE ON ALL TABLES IN SCHEMA satchel TO \(role); GRANT USAGE, SELECT ON ALL SEQUENCES "
                    + "IN SCHEMA satchel TO \(role)")
        }
        let unreadable = try connection.query(
            """
            SELECT DISTINCT format('%I.%I', schemaname, tablename) FROM pg_publication_tables
            WHERE pubname = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))
            AND NOT (has_schema_privilege(schemaname, 'USAGE')
                AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')) ORDER BY 1
            """, [jsonArray(publications)]
        ).rows.compactMap { $0[0] }
        if !unreadable.isEmpty {
            problems.append(
                "this role may not read \(unreadable.joined(separator: ", ")): GRANT USAGE ON their schemas and "
                    + "GRANT SELECT ON \(unreadable.joined(separator: ", ")) TO \(role)")
        }
        return problems
    }
}
