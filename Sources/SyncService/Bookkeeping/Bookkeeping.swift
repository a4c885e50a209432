import Postgres
import SyncModel

/// Installs and removes what Satchel keeps in a database: schema `satchel`, the triggers that stamp rows, and
/// two publications. Nothing is added to users' tables but triggers.
///
/// Every function is safe to repeat. The connecting role MUST be allowed to create schemas and MUST own the
/// tables.
package enum Bookkeeping {
    /// The publication of the clocks; the users' tables come from publications of their own.
    package static let clockPublication = "satchel"
    package static let defaultPublication = "satchel_tables"
    /// Of what `setup` installs. Raised when an older service could no longer work on it.
    package static let format = "2"

    package struct Report: Hashable, Sendable {
        /// Tables with bookkeeping, sorted.
        package let tracked: [TableName]
        /// Refused: without a primary key a row has no name to keep a clock under.
        package let withoutKey: [TableName]
        /// True when the triggers follow `ALTER TABLE` by themselves. It takes a superuser's setup; without it,
        /// dropping or renaming a column of a tracked table needs `setup` again before the next write.
        package let followsAlterations: Bool
    }

    /// Installs the bookkeeping for exactly `tables`. A publication named `publication` is made for them, unless
    /// there is one that somebody else made.
    package static func setup(
        on connection: PostgresConnection, tables: [TableName], publication: String = defaultPublication
    ) throws -> Report {
        try connection.transaction {
            try connection.execute("SET LOCAL client_min_messages = warning")
            // Two services that start at once install one after the other.
            try connection.query("SELECT pg_advisory_xact_lock(hashtextextended('satchel.setup', 0))")
            try connection.execute(Self.tables)
            try checkFormat(on: connection)
            for script in [expressions, triggers, tracking, locking] { try connection.execute(script) }
            let (tracked, withoutKey) = try track(tables, on: connection)
            try publish(tracked, as: publication, on: connection)
            let follows = try followAlterations(on: connection)
            return Report(tracked: tracked, withoutKey: withoutKey, followsAlterations: follows)
        }
    }

    /// Removes all that `setup` ever made in this database, clocks and verdicts included.
    package static func teardown(on connection: PostgresConnection) throws {
        try connection.transaction {
            try connection.execute("SET LOCAL client_min_messages = warning")
            if try isInstalled(on: connection) {
                let made = try connection.query("SELECT value FROM satchel.meta WHERE name = 'publication'").value
                if let made { try connection.execute("DROP PUBLICATION IF EXISTS \(quoted(made))") }
            }
            try connection.execute("DROP PUBLICATION IF EXISTS \(clockPublication)")
            // Takes the triggers along, which depend on its functions.
            try connection.execute("DROP SCHEMA IF EXISTS satchel CASCADE")
        }
    }

    package static func isInstalled(on connection: PostgresConnection) throws -> Bool {
        try connection.query("SELECT to_regclass('satchel.meta') IS NOT NULL").value == "t"
    }

    /// The tables that these publications name, sorted.
    package static func tables(
        publishedBy publications: [String], on connection: PostgresConnection
    ) throws -> [TableName] {
        let result = try connection.query(
            """
            SELECT DISTINCT schemaname, tablename FROM pg_publication_tables
            WHERE pubname = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb))) AND schemaname <> 'satchel'
            """, [jsonArray(publications)])
        return result.rows.map { TableName(schema: $0[0] ?? "", name: $0[1] ?? "") }.sorted()
    }

    /// What these publications have for others: `FOR ALL TABLES` has what `setup` made too, which is nobody's to read
    /// or write.
    package static func catalogue(
        publishedBy publications: [String], on connection: PostgresConnection
    ) throws(PostgresError) -> Catalog {
        try Catalog.read(connection, publications: publications, leftOut: "satchel")
    }
}

extension Bookkeeping {
    private static func checkFormat(on connection: PostgresConnection) throws {
        try connection.query(
            "INSERT INTO satchel.meta VALUES ('format', $1) ON CONFLICT (name) DO NOTHING", [format])
        let found = try connection.query("SELECT value FROM satchel.meta WHERE name = 'format'").value ?? ""
        guard found == format else {
            throw PostgresError(
                .notSupported,
                "schema satchel has format \(found), this service writes format \(format): use the service that "
                    + "installed it, or run its teardown first")
        }
    }

    private static func track(
        _ tables: [TableName], on connection: PostgresConnection
    ) throws -> (tracked: [TableName], withoutKey: [TableName]) {
        var tracked: [TableName] = []
        var withoutKey: [TableName] = []
        for table in tables.sorted() {
            let name = qualified(table)
            guard try connection.query("SELECT to_regclass($1) IS NOT NULL", [name]).value == "t" else {
                throw PostgresError(
                    .undefinedTable, "there is no table \(table): check its name and the schema before the dot")
            }
            if try connection.query("SELECT satchel.key_form('n', $1::regclass) IS NULL", [name]).value == "t" {
                withoutKey.append(table)
            } else {
                try connection.query("SELECT satchel.track($1::regclass)", [name])
                tracked.append(table)
            }
        }
        try connection.query(
            """
            SELECT satchel.untrack(tgrelid::regclass) FROM pg_trigger WHERE tgname = 'satchel_update'
            AND tgrelid <> ALL (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)::regclass::oid))
            """, [jsonArray(tracked.map(qualified))])
        return (tracked, withoutKey)
    }

    private static func publish(_ tables: [TableName], as name: String, on connection: PostgresConnection) throws {
        if try !exists(publication: clockPublication, on: connection) {
            try connection.execute("CREATE PUBLICATION \(clockPublication) FOR TABLE satchel.clock")
        }
        let list = tables.map(qualified).joined(separator: ", ")
        let made = try connection.query("SELECT value FROM satchel.meta WHERE name = 'publication'").value
        if try !exists(publication: name, on: connection) {
            try connection.execute(
                "CREATE PUBLICATION \(quoted(name))" + (tables.isEmpty ? "" : " FOR TABLE \(list)"))
            try connection.query(
                """
                INSERT INTO satchel.meta VALUES ('publication', $1)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                """, [name])
        } else if made == name, !tables.isEmpty,
            try self.tables(publishedBy: [name], on: connection) != tables.sorted()
        {
            try connection.execute("ALTER PUBLICATION \(quoted(name)) SET TABLE \(list)")
        }
    }

    static func exists(publication name: String, on connection: PostgresConnection) throws -> Bool {
        try connection.query("SELECT count(*) FROM pg_publication WHERE pubname = $1", [name]).value == "1"
    }

    private static func followAlterations(on connection: PostgresConnection) throws -> Bool {
        let exists = "SELECT count(*) FROM pg_event_trigger WHERE evtname = 'satchel_follow_ddl'"
        if try connection.query(exists).value == "1" { return true }
        let isSuperuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        guard try connection.query(isSuperuser).value == "t" else { return false }
        try connection.execute(
            """
            CREATE EVENT TRIGGER satchel_follow_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
            EXECUTE FUNCTION satchel.follow_ddl()
            """)
        return true
    }

    static func quoted(_ name: String) -> String { PostgresConnection.quoteIdentifier(name) }

    static func qualified(_ table: TableName) -> String { "\(quoted(table.schema)).\(quoted(table.name))" }
}
