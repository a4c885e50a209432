import Merge
import Postgres
import PostgresTesting
import Simulation
import SyncModel
import SyncService

/// The model database and a real one, told the same.
final class ContractPair {
    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    static let arrival = HybridTimestamp(microseconds: 1_000_000_000)
    /// Clocks from here on are of plain SQL, which every database stamps with its own time.
    static let wallClock: Int64 = 1_000_000_000_000

    let model = ModelDatabase(.sample)
    let sql: PostgresConnection
    let real: PostgresOperationDatabase

    init() throws {
        let database = try TestDatabase(ModelTables.sampleSQL)
        sql = try database.connect("plain sql")
        _ = try Bookkeeping.setup(on: sql, tables: ModelTables.sample.schema.tables.map(\.name))
        let connection = try database.connect("operations")
        let catalog = try Catalog.read(connection, publications: [Bookkeeping.defaultPublication])
        real = try PostgresOperationDatabase(connection: connection, schema: catalog.schema)
    }

    /// Both results of one batch; `base` of an operation is filled in for each database.
    func send(
        _ batch: (_ base: (TableName, RowKey) -> Int64) -> OperationBatch, bases: Bases
    ) throws -> (model: BatchResult, real: BatchResult) {
        model.now += 1_000_000
        let ours = try OperationProcessor(database: model, epoch: Self.epoch)
            .process(batch { bases.model[Place($0, $1)] ?? 0 }, user: "ana", arrival: Self.arrival)
        let theirs = try OperationProcessor(database: real, epoch: Self.epoch)
            .process(batch { bases.real[Place($0, $1)] ?? 0 }, user: "ana", arrival: Self.arrival)
        return (ours, theirs)
    }

    /// Whether each of the two took the statement.
    func execute(_ statement: PlainStatement) -> (model: Bool, real: Bool) {
        model.now += 1_000_000
        let isDone = model.execute([statement])
        do {
            try sql.execute(Self.text(statement))
            return (isDone, true)
        } catch {
            return (isDone, false)
        }
    }

    private static func text(_ statement: PlainStatement) -> String {
        func name(_ table: TableName) -> String { PostgresConnection.quoteIdentifier(table.name) }
        func literal(_ value: Value) -> String {
            value.text.map { PostgresConnection.quoteLiteral($0.string) } ?? "NULL"
        }
        func id(_ key: RowKey) -> String {
            PostgresConnection.quoteLiteral(String(key.description.dropFirst().dropLast()))
        }
        switch statement {
        case .insert(let table, let values):
            let names = values.keys.sorted()
            let texts = names.map { literal(values[$0] ?? .null) }
            return
                "INSERT INTO \(name(table)) (\(names.joined(separator: ", "))) VALUES (\(texts.joined(separator: ", ")))"
        case .update(let table, let key, let values):
            let settings = values.keys.sorted().map { "\($0) = \(literal(values[$0] ?? .null))" }
            return "UPDATE \(name(table)) SET \(settings.joined(separator: ", ")) WHERE id = \(id(key))"
        case .delete(let table, let key): return "DELETE FROM \(name(table)) WHERE id = \(id(key))"
        }
    }

    // MARK: - Looking

    struct Place: Hashable {
        let table: TableName
        let key: RowKey

        init(_ table: TableName, _ key: RowKey) {
            self.table = table
            self.key = key
        }
    }

    /// The versions that a device has confirmed, in each database.
    struct Bases {
        var model: [Place: Int64] = [:]
        var real: [Place: Int64] = [:]
    }

    func bases() throws -> Bases {
        var bases = Bases()
        for row in try sql.query("SELECT relation, key, version FROM satchel.clock").rows {
            let place = Place(TableName(row[0] ?? ""), RowKey(text: Text(row[1] ?? "")))
            bases.real[place] = Int64(row[2] ?? "") ?? 0
            bases.model[place] = model.clock(place.table, place.key).version
        }
        return bases
    }

    func modelRows() -> [String] {
        model.schema.tables.flatMap { table in
            (model.rows[table.name] ?? [:]).sorted { $0.key < $1.key }.map { _, row in
                "\(table.name.name)|" + row.values.map { $0.text?.string ?? "∅" }.joined(separator: "|")
            }
        }
    }

    func realRows() throws -> [String] {
        try model.schema.tables.flatMap { table in
            try sql.query("SELECT * FROM \(table.name.name) ORDER BY id COLLATE \"C\"").rows.map { row in
                "\(table.name.name)|" + row.map { $0 ?? "∅" }.joined(separator: "|")
            }
        }
    }

    func realBookkeeping() throws -> [String] {
        try sql.query(
            """
            SELECT concat_ws('|', relation, key, CASE WHEN clock < \(Self.wallClock) THEN clock::text ELSE 'later' END, CASE WHEN deleted THEN 't' ELSE 'f' END, stamp_replica, stamp_seq,
                coalesce(deleted_replica, ''), coalesce(deleted_seq::text, ''),
                coalesce((SELECT string_agg(concat_ws(':', e.key, e.value ->> 2, e.value ->> 3), ',' ORDER BY e.key COLLATE "C")
                    FROM jsonb_each(columns) AS e), ''))
            FROM satchel.clock ORDER BY relation, key
            """
        ).rows.map { $0[0] ?? "" }
    }

    /// A verdict without what databases may differ in.
    static func text(_ verdict: Verdict) -> String {
        let lost = verdict.lost.map { "\($0.column ?? "row"):\($0.mine):\($0.theirs):\($0.writer)" }
        let at = verdict.at.microseconds < wallClock ? "\(verdict.at.microseconds)" : "later"
        return "\(verdict.seq) \(verdict.id) \(verdict.outcome) \(at) \(verdict.reason?.code ?? "-") \(lost) "
            + (verdict.isDuplicate ? "again" : "first")
    }
}
