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
        /// Neither tracked nor published, sorted: without a primary key a row has no name to keep a clock under, and
        /// of unlogged tables, views and foreign tables the log has nothing.
        package let refused: [Refusal]
        /// Tracked or published before, and now neither, sorted.
        package let removed: [TableName]
        /// True when the triggers follow `ALTER TABLE` by themselves. It takes a superuser's setup; without it, each
        /// write to a table that was altered is slower until `setup` is run again.
        package let followsAlterations: Bool
    }

    /// A table that nobody will be served.
    package struct Refusal: Hashable, Sendable {
        package let table: TableName
        /// Begins with the table, and says what to do.
        package let reason: String
    }

    /// Installs the bookkeeping for exactly `tables`. A publication named `publication` is made for them, unless
    /// there is one that somebody else made.
    ///
    /// - Parameters:
    ///   - keepingOthers: what was tracked and published before stays so, beside `tables`.
    ///   - check: sees the database as it will be. Where it throws, nothing was changed.
    package static func setup(
        on connection: PostgresConnection, tables: [TableName], publication: String = defaultPublication,
        keepingOthers: Bool = false, check: (Report) throws -> Void = { _ in }
    ) throws -> Report {
        try connection.transaction {
            try connection.execute("SET LOCAL client_min_messages = warning")
            // Two services that start at once install one after the other.
            try connection.query("SELECT pg_advisory_xact_lock(hashtextextended('satchel.setup', 0))")
            try connection.execute(Self.tables)
            try checkFormat(on: connection)
            for script in [expressions, triggers, events, tracking, locking, notices] { try connection.execute(script) }
            // Before the triggers are made, which need not look themselves then.
            let follows = try makeEventTriggers(on: connection)
            let before = try heldTables(as: publication, on: connection)
            let others = keepingOthers ? try trackedTables(on: connection) : []
            let (tracked, refused) = try track(Set(tables + others).sorted(), on: connection)
            try publish(tracked, as: publication, keepingOthers: keepingOthers, on: connection)
            let after = try heldTables(as: publication, on: connection)
            let report = Report(
                tracked: tracked, refused: refused, removed: before.subtracting(after).sorted(),
                followsAlterations: follows)
            try check(report)
            try connection.query(CatalogueNotice.statement)
            return report
        }
    }

    /// Removes all that `setup` ever made in this database, clocks and verdicts included. Throws what
    /// `refuseForeignTables` does.
    package static func teardown(on connection: PostgresConnection) throws {
        try connection.transaction {
            try connection.execute("SET LOCAL client_min_messages = warning")
            try refuseForeignTables(on: connection)
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

    static func exists(publication name: String, on connection: PostgresConnection) throws -> Bool {
        try connection.query("SELECT count(*) FROM pg_publication WHERE pubname = $1", [name]).value == "1"
    }

    static func quoted(_ name: String) -> String { PostgresConnection.quoteIdentifier(name) }

    static func qualified(_ table: TableName) -> String { "\(quoted(table.schema)).\(quoted(table.name))" }
}
