import ArgumentParser
import DataModel
import Postgres
import SyncModel
import SyncService

struct Setup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Install the bookkeeping (schema satchel, triggers, publications) in the database.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var slot: SlotOption

    @Option(
        help: """
            A table to publish, `schema.table`, beside those that are already; repeat it. Default: every table of \
            schema public.
            """)
    var table: [String] = []

    @Flag(help: "Publish no other tables than those of --table. Shapes of the others end, for everybody.")
    var only = false

    @Option(
        help: """
            The data model's YAML file: its read rules are checked before anything is changed, and tables without one \
            are listed.
            """)
    var model: String?

    func validate() throws {
        guard !only || !table.isEmpty else {
            throw ValidationError("--only takes at least one --table; `teardown` removes all")
        }
    }

    func run() throws {
        var options = try connection.load(slot: slot)
        if let model { options.dataModel = model }
        try options.checkedDataModel(against: nil)
        try options.withDatabase("satchel setup") { try run(options, $0) }
    }

    private func run(_ options: ServiceOptions, _ database: PostgresConnection) throws {
        try options.refuseUnfit(database)
        let missing = try Bookkeeping.missingForSetup(on: database)
        guard missing.isEmpty else { throw OptionsError("Setup cannot begin: " + missing.joined(separator: "; ")) }
        let named = table.map { TableName($0) }
        let tables = named.isEmpty ? try Self.allTables(database) : named
        let report = try Bookkeeping.setup(
            on: database, tables: tables, publication: options.publications[0], keepingOthers: !only
        ) { report in
            guard !only || !report.tracked.isEmpty else {
                throw OptionsError(
                    "None of these tables can be published, so nothing was changed: "
                        + report.refused.map(\.reason).joined(separator: "; "))
            }
            let catalogue = try Bookkeeping.catalogue(publishedBy: options.publications, on: database)
            try options.checkedDataModel(against: catalogue.schema)
        }
        let unserved = try Bookkeeping.unserved(of: report.tracked, publishedBy: options.publications, on: database)
        for name in report.tracked where !unserved.contains(where: { $0.table == name }) { print("published  \(name)") }
        for refusal in report.refused { print("refused    \(refusal.reason)") }
        for name in report.removed { print("removed    \(name)") }
        for refusal in unserved { print("not served \(refusal.reason)") }
        try Self.reportRules(options, database)
        if try SlotLock.holder(of: Slot(options.slot), database) != nil {
            print("The service that follows this database takes it up now.")
        }
        // Who asked for a table by name is told by the exit status too.
        if (report.refused + unserved).contains(where: { named.contains($0.table) }) { throw ExitCode(1) }
    }

    /// In `secure` mode nobody reads a table without a rule; in `insecure` mode everybody does.
    private static func reportRules(_ options: ServiceOptions, _ database: PostgresConnection) throws {
        let schema = try Bookkeeping.catalogue(publishedBy: options.publications, on: database).schema
        guard let model = try options.checkedDataModel(against: schema) else {
            print(
                "no data model was given (--model FILE, or service.data_model), so no table has a read rule: "
                    + (options.auth.mode == .secure
                        ? "a service without one serves nothing" : "a service without one serves all to everybody"))
            return
        }
        let missing = options.tablesWithoutReadRule(model, in: schema)
        guard !missing.isEmpty else { return }
        for name in missing { print("no rule    \(name)") }
        print(
            options.auth.mode == .secure
                ? "Tables without a read rule are not served: add one under `permissions:` in the data model."
                : "Tables without a read rule are served to everybody, and in `secure` mode to nobody: see `permissions:` in the data model."
        )
    }

    private static func allTables(_ database: PostgresConnection) throws -> [TableName] {
        let names = try database.query(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition ORDER BY 1
            """)
        return names.rows.compactMap { $0[0].map { TableName(name: $0) } }
    }
}

struct Teardown: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all that setup installed, and the replication slot. User tables stay as they are.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var slot: SlotOption

    func run() throws {
        let options = try connection.load(slot: slot)
        let slot = try Slot(options.slot)
        let removed = try options.withDatabase("satchel teardown") { database in
            try Self.refuseInUse(slot, database)
            try Bookkeeping.refuseForeignTables(on: database)
            var removed: [String] = []
            if try Bookkeeping.isInstalled(on: database) {
                removed.append("schema satchel, its triggers and publications")
            }
            if try slot.status(database)?.isOfThisDatabase == true { removed.append("the slot \(slot.name)") }
            try slot.drop(database)
            try Bookkeeping.teardown(on: database)
            return removed
        }
        print(
            removed.isEmpty
                ? "There was nothing of Satchel in this database." : "removed \(removed.joined(separator: ", and "))")
    }

    /// Throws where somebody reads the slot; a reader that has just ended is given a second to go.
    private static func refuseInUse(_ slot: Slot, _ database: PostgresConnection) throws {
        // A service that waits for something reads no slot, and has its lock.
        if let holder = try SlotLock.holder(of: slot, database) {
            throw OptionsError(
                "A satchel-service follows this database with the slot \(slot.name): \(holder). Stop that service, then "
                    + "run teardown again; nothing was removed")
        }
        for _ in 0..<10 {
            guard let status = try slot.status(database), status.isActive, status.isOfThisDatabase else { return }
            try database.query("SELECT pg_sleep(0.1)")
        }
        guard let status = try slot.status(database), status.isActive, status.isOfThisDatabase else { return }
        let process = status.activePID.map { " (PostgreSQL's process \($0))" } ?? ""
        throw OptionsError(
            "The slot \(slot.name) is in use\(process): a satchel-service follows this database. Stop that service, "
                + "then run teardown again; nothing was removed")
    }
}

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the database can be followed, and what to change.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var slot: SlotOption

    func run() throws {
        let options = try connection.load(slot: slot)
        let isFit = try options.withDatabase("satchel check") { try Self.report(options, $0) }
        if !isFit { throw ExitCode(1) }
    }

    /// Prints all that there is to say. True where nothing is in the way.
    private static func report(_ options: ServiceOptions, _ database: PostgresConnection) throws -> Bool {
        let slot = try Slot(options.slot)
        let server = try ServerInfo.read(database)
        let isSetUp = try Bookkeeping.isInstalled(on: database)
        var problems = server.problems(needsSlot: try slot.status(database) == nil)
        if let clash = try slot.clash(database) { problems.append(clash) }
        var warnings = server.warnings
        let foreign = try Bookkeeping.tablesOfOthers(on: database).map(\.reason)
        if isSetUp {
            problems += try Bookkeeping.missing(for: options.publications, on: database)
            // Whoever set up has heard it, and went on without them.
            warnings += foreign
            if try Bookkeeping.mayUseSchema(on: database) {
                warnings += try Bookkeeping.staleTables(on: database).map {
                    "the triggers of \($0) were made for what it was before, or by another version: run "
                        + "`satchel-service setup` again, or each write takes longer, and after a change of its key, a "
                        + "foreign key or a type is stamped as before it"
                }
            }
        } else {
            problems += try Bookkeeping.missingForSetup(on: database) + foreign
        }
        for problem in problems { print("problem  \(problem)") }
        for warning in warnings { print("warning  \(warning)") }
        if isSetUp {
            let count = try Bookkeeping.trackedTables(on: database).count
            print("set up: \(count) \(count == 1 ? "table" : "tables")")
        } else {
            print("not set up: run satchel-service setup")
        }
        if problems.isEmpty { print("ok       PostgreSQL \(server.version / 10_000) can be followed") }
        return problems.isEmpty
    }
}
