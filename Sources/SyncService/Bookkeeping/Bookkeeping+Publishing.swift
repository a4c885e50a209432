import Postgres
import SyncModel

/// Which tables have triggers, and are in the publication that `setup` made.
extension Bookkeeping {
    /// Those that have the triggers, sorted.
    package static func trackedTables(on connection: PostgresConnection) throws -> [TableName] {
        let result = try connection.query(
            """
            SELECT n.nspname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = 'satchel_update'
            """)
        return result.rows.map { TableName(schema: $0[0] ?? "", name: $0[1] ?? "") }.sorted()
    }

    /// Tracks these of the tables that can be, and no other.
    static func track(
        _ tables: [TableName], on connection: PostgresConnection
    ) throws -> (tracked: [TableName], refused: [Refusal]) {
        var tracked: [TableName] = []
        var refused: [Refusal] = []
        for table in tables {
            let name = qualified(table)
            guard try connection.query("SELECT to_regclass($1) IS NOT NULL", [name]).value == "t" else {
                throw PostgresError(
                    .undefinedTable, "there is no table \(table): check its name and the schema before the dot")
            }
            if let reason = try reasonToRefuse(table, on: connection) {
                refused.append(Refusal(table: table, reason: "\(table) \(reason)"))
            } else {
                try connection.query("SELECT satchel.track($1::regclass)", [name])
                tracked.append(table)
            }
        }
        try connection.query(
            """
            SELECT satchel.untrack(c.oid::regclass) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE t.tgname = 'satchel_update' AND pg_has_role(c.relowner, 'USAGE')
            AND c.oid <> ALL (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)::regclass::oid))
            """, [jsonArray(tracked.map(qualified))])
        return (tracked, refused)
    }

    /// PostgreSQL publishes no table of this kind, or not for this role, or rows of it have no name; nil where nothing
    /// is in the way.
    private static func reasonToRefuse(_ table: TableName, on connection: PostgresConnection) throws -> String? {
        let name = qualified(table)
        let result = try connection.query(
            """
            SELECT relkind IN ('r', 'p'), relpersistence, satchel.key_form('n', oid::regclass) IS NOT NULL,
                pg_has_role(relowner, 'USAGE'), pg_get_userbyid(relowner), current_user
            FROM pg_class WHERE oid = $1::regclass
            """, [name])
        guard result[0, 0] == "t" else { return "is no table of this database but a view, a foreign table or the like" }
        switch result[0, 1] {
        case "u": return "is unlogged: its changes are not in the log. ALTER TABLE \(name) SET LOGGED"
        case "t": return "is temporary: its changes are not in the log"
        default: break
        }
        if result[0, 3] != "t" {
            return reasonOfOwner(table, owner: result[0, 4] ?? "", role: result[0, 5] ?? "")
        }
        return result[0, 2] == "t" ? nil : "has no primary key: add one"
    }

    /// Who does not own a table may neither publish it nor make its triggers.
    static func reasonOfOwner(_ table: TableName, owner: String, role: String) -> String {
        "belongs to \(owner), and not to the role that sets up: ALTER TABLE \(qualified(table)) OWNER TO "
            + "\(quoted(role));"
    }

    /// What `setup` answers for: those that have the triggers, and those in the publication that it made.
    static func heldTables(as name: String, on connection: PostgresConnection) throws -> Set<TableName> {
        var held = Set(try trackedTables(on: connection))
        let made = try connection.query("SELECT value FROM satchel.meta WHERE name = 'publication'").value
        if made.map({ Text($0) }) == Text(name) { held.formUnion(try members(of: name, on: connection)) }
        return held
    }

    /// - Parameter keepingOthers: false: the publication has no other tables afterwards.
    static func publish(
        _ tables: [TableName], as name: String, keepingOthers: Bool, on connection: PostgresConnection
    ) throws {
        if try !exists(publication: clockPublication, on: connection) {
            try connection.execute("CREATE PUBLICATION \(clockPublication) FOR TABLE satchel.clock")
        }
        let list = { (tables: [TableName]) in tables.map(qualified).joined(separator: ", ") }
        guard try exists(publication: name, on: connection) else {
            try connection.execute(
                "CREATE PUBLICATION \(quoted(name))" + (tables.isEmpty ? "" : " FOR TABLE \(list(tables))"))
            try connection.query(
                """
                INSERT INTO satchel.meta VALUES ('publication', $1)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                """, [name])
            return
        }
        let made = try connection.query("SELECT value FROM satchel.meta WHERE name = 'publication'").value
        guard let made, Text(made) == Text(name) else { return }
        let members = try members(of: name, on: connection)
        if keepingOthers {
            let added = tables.filter { !members.contains($0) }
            guard !added.isEmpty else { return }
            try connection.execute("ALTER PUBLICATION \(quoted(name)) ADD TABLE \(list(added))")
        } else if !tables.isEmpty, members != tables {
            try connection.execute("ALTER PUBLICATION \(quoted(name)) SET TABLE \(list(tables))")
        }
    }

    /// The tables that were put into a publication by name, sorted: roots, where `pg_publication_tables` may have
    /// their partitions.
    private static func members(of publication: String, on connection: PostgresConnection) throws -> [TableName] {
        let result = try connection.query(
            """
            SELECT n.nspname, c.relname FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
            JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1
            """, [publication])
        return result.rows.map { TableName(schema: $0[0] ?? "", name: $0[1] ?? "") }.sorted()
    }

    /// Which of these tables, and of those that the publications have, nobody is served, sorted, and why. The
    /// partitions of a table of `tables` are not told beside it. There MUST be a publication.
    package static func unserved(
        of tables: [TableName], publishedBy publications: [String], on connection: PostgresConnection
    ) throws -> [Refusal] {
        let catalogue = try catalogue(publishedBy: publications, on: connection)
        var refusals = catalogue.refusals.map { Refusal(table: $0.table, reason: $0.reason) }
        for table in tables
        where !catalogue.schema.tables.contains(where: { $0.name == table })
            && !refusals.contains(where: { $0.table == table })
        {
            let partitions = try partitions(of: table, on: connection)
            let isByPartitions = refusals.contains { partitions.contains($0.table) }
            refusals.removeAll { partitions.contains($0.table) }
            let alter = "ALTER PUBLICATION \(quoted(publications[0]))"
            refusals.append(
                Refusal(
                    table: table,
                    reason: isByPartitions
                        ? "\(table) is partitioned, and published by its partitions: \(alter) SET "
                            + "(publish_via_partition_root = true)"
                        : "\(table) is in no publication that is served: \(alter) ADD TABLE \(qualified(table))"))
        }
        return refusals.sorted { $0.table < $1.table }
    }

    private static func partitions(of table: TableName, on connection: PostgresConnection) throws -> Set<TableName> {
        let result = try connection.query(
            """
            SELECT n.nspname, c.relname FROM pg_partition_tree($1::regclass) t JOIN pg_class c ON c.oid = t.relid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.level > 0
            """, [qualified(table)])
        return Set(result.rows.map { TableName(schema: $0[0] ?? "", name: $0[1] ?? "") })
    }
}
