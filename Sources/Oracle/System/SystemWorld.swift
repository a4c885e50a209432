import Foundation
import Glibc
import JSONText
import Postgres
import SeededRandom
import Shapes
import SyncModel

/// One database with generated tables and read rules, a service, two daemons and a reader, each somebody else's.
final class SystemWorld {
    private let cluster: PrivateCluster
    private let database: String
    private let directory: String
    private let programs: URL
    private var random: SeededGenerator
    private let tables: EngineTables
    private let schema: DatabaseSchema
    /// Whole tables first, which people write to.
    private let plans: [EnginePlan]
    private let rules: [Int: EngineRule]
    private let clock: SystemClock
    /// When the last look was.
    private var lookedAt: Int64 = 0
    /// By whose daemon, or reader, it is.
    private let sql: [String: EngineSQL]
    private var connection: PostgresConnection
    private var service: SystemProcess?
    private var port: UInt16 = 0
    private var daemons: [SystemDaemon] = []
    private var reader: SystemReader
    /// Columns that faults have added, by table.
    private var added: [(table: String, column: String)] = []
    private var numbers = 0

    private static let shapeCount = 4
    /// Their names are values of the rows, too.
    private static let people = ["1", "u"]
    private static let reader = "B"

    init(_ name: String, cluster: PrivateCluster, programs: URL, directory: String, seed: UInt64) throws {
        self.cluster = cluster
        self.programs = programs
        self.directory = directory
        database = "system_\(name)"
        random = SeededGenerator(seed: seed)
        // Includes are found by foreign keys that PostgreSQL has.
        var tables = EngineTables(&random)
        while !tables.isEnforced { tables = EngineTables(&random) }
        self.tables = tables
        schema = tables.schema
        let clock = SystemClock()
        self.clock = clock
        let rules = EngineRules(tables: tables).rules(&random).mapValues { clock.set($0) }
        self.rules = rules
        let access = EngineAccess(rules: rules, person: EnginePerson(named: Self.reader))
        var plans = tables.tables.indices.map { [tables] in
            EnginePlan(root: EnginePlan.Node(table: $0), tables: tables, access: access)
        }
        var draws = 0
        while plans.count < tables.tables.count + Self.shapeCount {
            draws += 1
            let plan = EnginePlan(tables, for: access, &random)
            // One asks for the time, if any table has one.
            let isLate = plans.count >= tables.tables.count && draws < 60
            if plan.asksTimeInside || isLate && !(plans + [plan]).contains(where: \.asksTime) { continue }
            plans.append(clock.set(plan))
        }
        self.plans = plans
        let all = plans
        sql = Dictionary(
            uniqueKeysWithValues: (Self.people + [Self.reader]).map { [tables] name in
                (name, EngineSQL(tables, all, as: EnginePerson(named: name)))
            })
        // Daemons make their sockets only where nobody else can.
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let admin = try PostgresConnection(cluster.connectionString(), applicationName: "oracle")
        defer { admin.close() }
        try admin.query("CREATE DATABASE \(database) TEMPLATE template0")
        connection = try PostgresConnection(
            cluster.connectionString(database: database), applicationName: "oracle")
        try connection.execute(tables.creation)
        reader = SystemReader([], port: 0, user: Self.reader)
        try Data(Self.model(tables, rules).utf8).write(to: URL(fileURLWithPath: directory + "/model.yaml"))
    }

    /// The data model file: JSON's strings are YAML's too.
    private static func model(_ tables: EngineTables, _ rules: [Int: EngineRule]) -> String {
        let lines = tables.tables.indices.map { index in
            let rule = rules[index].map { JSON.string($0.textByName).text } ?? "everyone"
            return "  \(tables[index].name): {read: \(rule)}\n"
        }
        return "version: 1\npermissions:\n" + lines.joined()
    }

    /// Ends the programs, and drops slot and database: a cluster has few slots.
    func end() throws {
        for daemon in daemons { daemon.end(SIGTERM) }
        service?.end(SIGTERM)
        connection.close()
        let admin = try PostgresConnection(cluster.connectionString(), applicationName: "oracle")
        defer { admin.close() }
        try Self.dropSlots(of: database, admin)
        try admin.query("DROP DATABASE \(database) WITH (FORCE)")
    }

    func run(_ report: inout SystemReport) throws {
        try SystemProcess.run(
            programs.appendingPathComponent("satchel-service"),
            ["setup", "--database-url", cluster.connectionString(database: database)])
        try execute(script(40, only: .insert))
        try startService()
        for name in Self.people {
            daemons.append(
                try SystemDaemon(
                    name, program: programs.appendingPathComponent("satcheld"), directory: directory,
                    service: "http://127.0.0.1:\(port)"))
        }
        for daemon in daemons { try daemon.start(plans.map(\.json)) }
        reader = SystemReader(try plans.map { try $0.definition }, port: port, user: Self.reader)
        report.shapes += plans.count
        // Every fault once, and a round without.
        for fault in ([nil] + SystemFault.allCases).shuffled(using: &random) { try round(fault, &report) }
        report.readerResets += reader.resets - plans.count
        report.renewed += daemons.reduce(reader.renewed) { $0 + $1.renewed }
    }

    // MARK: - A round

    private func round(_ fault: SystemFault?, _ report: inout SystemReport) throws {
        report.rounds += 1
        do {
            try write(&report)
            if let fault { try strike(fault, &report) } else { try write(&report) }
            let look = try look(&report)
            for daemon in daemons {
                let (confirmed, lost) = daemon.check()
                report.confirmed += confirmed
                for lost in lost { report.note("\(daemon.name) after \(fault?.rawValue ?? "no fault"): \(lost)") }
            }
            compare(look, fault, &report)
        } catch {
            throw SystemProcess.Failure(
                description: "after \(fault?.rawValue ?? "no fault"): \(error): \(tables.creation)")
        }
    }

    /// What each holds of each shape, and what PostgreSQL answers.
    private struct Look {
        let held: [[(name: String, rows: [TableName: [RowKey: Row]])]]
        let answers: [String: EngineAnswer]
    }

    /// When all has settled, over a time in which time alone changed nothing.
    private func look(_ report: inout SystemReport) throws -> Look {
        while true {
            let start = try clock.now(connection)
            for daemon in daemons { report.refused += try daemon.settle() }
            // What one sent, and what went with it, has reached the other.
            for daemon in daemons { report.refused += try daemon.settle() }
            try reader.follow()
            let held = try plans.indices.map { index in
                try daemons.map { (name: $0.name, rows: try $0.rows(index, schema)) }
                    + [(name: Self.reader, rows: reader.rows(index, schema))]
            }
            let answers = try sql.mapValues { sql in
                try EngineAnswer(connection, sql, schema, shapes: plans.count, now: start)
            }
            guard SystemClock.changes(after: start, upTo: try clock.now(connection)) == 0 else { continue }
            report.moments += SystemClock.changes(after: lookedAt, upTo: start)
            lookedAt = start
            return Look(held: held, answers: answers)
        }
    }

    private func compare(_ look: Look, _ fault: SystemFault?, _ report: inout SystemReport) {
        for answer in look.answers.values {
            // The first shapes are the tables.
            for (index, table) in schema.tables.enumerated() {
                report.keptBack +=
                    answer.rows.sorted(table.name).count - (answer.contents[index][table.name]?.count ?? 0)
            }
        }
        for (index, plan) in plans.enumerated() {
            if plan.asksTime { report.timed += 1 }
            for (name, rows) in look.held[index] {
                report.comparisons += 1
                report.rows += rows.values.reduce(0) { $0 + $1.count }
                guard let expected = look.answers[name]?.contents[index],
                    let difference = EngineAnswer.difference(of: rows, from: expected, in: plan.selections)
                else { continue }
                let account =
                    daemons.first { $0.name == name }?.account()
                    ?? "\(Self.model(tables, rules)) over \(tables.creation)"
                report.note(
                    "\(name) after \(fault?.rawValue ?? "no fault"): \(difference): \(plan.json)\n  \(account)")
            }
        }
    }

    // MARK: - Writing

    private func script(_ statements: Int, only kind: EngineTransactions.Kind? = nil) -> String {
        EngineTransactions(tables: tables).script(statements: statements, only: kind, &random)
    }

    /// The script's own mistakes are caught in it; any other is the triggers'. What PostgreSQL gives up for an
    /// operation of the service, whose locks come in another order, is done again, as by everybody who writes to it.
    private func execute(_ script: String) throws {
        for attempt in 1...5 {
            do throws(PostgresError) {
                return try connection.execute(script)
            } catch {
                guard error.code == .deadlockDetected, attempt < 5 else {
                    throw SystemProcess.Failure(description: "\(error) in \(script)")
                }
                _ = try? connection.execute("ROLLBACK")
            }
        }
    }

    private func write(_ report: inout SystemReport) throws {
        for _ in 0..<random.within(2...5) {
            try execute(script(random.within(1...5)))
            report.transactions += 1
            if random.chance(60) { try submit(&report) }
        }
    }

    /// One person's operation on a row that there is, or a new one.
    ///
    /// - Parameter daemon: nil for any.
    private func submit(to daemon: SystemDaemon? = nil, _ report: inout SystemReport) throws {
        // How much is drawn depends on the rows that there are, which are what the daemons' pace has made of them.
        var own = SeededGenerator(seed: random.next())
        let table = own.pick(tables.tables)
        let daemon = daemon ?? own.pick(daemons)
        guard let operation = try operation(on: table, &own) else { return }
        do {
            try daemon.submit(operation)
            report.operations += 1
        } catch is SystemDaemon.Refusal {
            // Its row is not on the device, or not any more.
            report.refused += 1
        }
    }

    private func operation(on table: EngineTable, _ random: inout SeededGenerator) throws -> JSON? {
        numbers += 1
        let isNew = random.chance(30) && table.junctionReferences.isEmpty
        let names = table.key.map { "\($0)::text" }.joined(separator: ", ")
        let salt = 1009 + random.below(1000)
        let found = try connection.query(
            "SELECT \(names) FROM \(table.name) ORDER BY number * 7919 % \(salt), number LIMIT 1")
        guard isNew || found.rows.first != nil else { return nil }
        var key = JSONObject()
        for (place, column) in table.key.enumerated() {
            key[column] = .string(isNew ? "\(1000 + numbers)" : found.rows.first?[place] ?? "")
        }
        var operation: JSONObject = ["table": .string("public.\(table.name)"), "key": .object(key)]
        if !isNew, random.chance(15) {
            operation["op"] = "delete"
        } else {
            guard table.columns.contains(where: { $0.name == "a" }) else { return nil }
            operation["op"] = .string(isNew ? "insert" : "update")
            operation["set"] = .object(["a": .string("\(random.below(5))")])
        }
        return .object(operation)
    }
}

// MARK: - Faults

extension SystemWorld {
    private func startService() throws {
        let service = try SystemProcess(
            programs.appendingPathComponent("satchel-service"),
            [
                "serve", "--database-url", cluster.connectionString(database: database), "--state",
                "\(directory)/service", "--listen", "127.0.0.1:\(port)", "--log-level", "critical",
                "--model", "\(directory)/model.yaml",
            ])
        self.service = service
        // "listening on http://127.0.0.1:PORT"
        port = try service.line().split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    }

    private func strike(_ fault: SystemFault, _ report: inout SystemReport) throws {
        report.faults[fault, default: 0] += 1
        switch fault {
        case .serviceKilled:
            service?.end(SIGKILL)
            try write(&report)
            try startService()
        case .daemonKilled:
            let daemon = random.pick(daemons)
            // Of some it has not heard more than that they are to be done.
            for _ in 0..<5 { try submit(to: daemon, &report) }
            daemon.end(SIGKILL)
            try execute(script(5))
            try daemon.start(plans.map(\.json))
        case .slotDropped:
            service?.end(SIGKILL)
            try Self.dropSlots(of: database, connection)
            try write(&report)
            try startService()
        case .columnAdded:
            try addColumn()
            try write(&report)
        case .columnDropped:
            if added.isEmpty { try addColumn() }
            let column = added.remove(at: random.below(added.count))
            try write(&report)
            try execute("ALTER TABLE \(column.table) DROP COLUMN \(column.column)")
            try write(&report)
        case .columnRenamed: try renameColumn(&report)
        case .tableTruncated:
            try execute("TRUNCATE \(random.pick(tables.tables).name) CASCADE")
            try write(&report)
        case .postgresRestarted:
            connection.close()
            try cluster.restart()
            connection = try PostgresConnection(
                cluster.connectionString(database: database), applicationName: "oracle")
            try write(&report)
        }
    }

    private func addColumn() throws {
        numbers += 1
        let column = (table: random.pick(tables.tables).name, column: "more\(numbers)")
        try execute("ALTER TABLE \(column.table) ADD COLUMN \(column.column) text DEFAULT 'as ever'")
        added.append(column)
    }

    /// The service hears of a table with the next change of it: the new column is known before it has another name.
    private func renameColumn(_ report: inout SystemReport) throws {
        try execute(script(20, only: .insert))
        let counts = try tables.tables.map { table in
            (table.name, try connection.query("SELECT count(*) FROM \(table.name)").value.flatMap { Int($0) } ?? 0)
        }
        guard let table = counts.max(by: { $0.1 < $1.1 })?.0 else { return }
        numbers += 1
        let (old, new) = ("more\(numbers)", "renamed\(numbers)")
        try execute("ALTER TABLE \(table) ADD COLUMN \(old) text; UPDATE \(table) SET \(old) = 'seen'")
        for daemon in daemons { report.refused += try daemon.settle() }
        try execute("ALTER TABLE \(table) RENAME COLUMN \(old) TO \(new); UPDATE \(table) SET \(new) = 'again'")
        added.append((table: table, column: new))
        try write(&report)
    }

    /// The walsender of a service that was killed may not have noticed yet.
    private static func dropSlots(of database: String, _ connection: PostgresConnection) throws {
        for _ in 0..<1_000 {
            let gone = try connection.query(
                """
                SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots
                WHERE database = $1 AND active
                """, [database]
            ).value
            if gone == "0" { break }
            poll(nil, 0, 10)
        }
        try connection.query(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1", [database])
    }
}
