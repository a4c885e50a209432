import Merge
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// A fresh database with small tables and the bookkeeping, and replicas that send operations to it.
final class OperationFixture {
    static let tables = """
        CREATE TABLE pipelines (id int PRIMARY KEY, name text);
        CREATE TABLE steps (
            id int PRIMARY KEY, pipeline_id int REFERENCES pipelines ON DELETE CASCADE,
            name text NOT NULL DEFAULT 'new',
            x int CHECK (x < 1000), code varchar(3) UNIQUE);
        CREATE TABLE connections (
            id int PRIMARY KEY, pipeline_id int REFERENCES pipelines ON DELETE CASCADE,
            from_id int NOT NULL REFERENCES steps ON DELETE CASCADE,
            to_id int NOT NULL REFERENCES steps ON DELETE CASCADE, UNIQUE (from_id, to_id));
        INSERT INTO pipelines VALUES (1, 'p');
        """

    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    /// When every batch arrives.
    static let arrival = HybridTimestamp(microseconds: 1_000_000_000)

    let database: TestDatabase
    /// For plain SQL, and to look.
    let sql: PostgresConnection
    let connection: PostgresConnection
    let operations: PostgresOperationDatabase

    init(_ setup: String = OperationFixture.tables) throws {
        database = try TestDatabase(setup)
        sql = try database.connect("plain sql")
        let names = try sql.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").rows
        _ = try Bookkeeping.setup(on: sql, tables: names.map { TableName(name: $0[0] ?? "") })
        connection = try database.connect("operations")
        operations = try Self.operations(over: connection)
    }

    static func operations(over connection: PostgresConnection) throws -> PostgresOperationDatabase {
        let catalog = try Catalog.read(connection, publications: [Bookkeeping.defaultPublication])
        return try PostgresOperationDatabase(connection: connection, schema: catalog.schema)
    }

    /// Sends over another connection than the fixture's, where one is given.
    func send(
        _ batch: OperationBatch, user: String = "ana", arrival: HybridTimestamp = arrival,
        over other: PostgresOperationDatabase? = nil
    ) throws -> BatchResult {
        try OperationProcessor(database: other ?? operations, epoch: Self.epoch)
            .process(batch, user: user, arrival: arrival)
    }

    func value(_ query: String, _ values: [String?] = []) throws -> String? { try sql.query(query, values).value }

    /// All rows of a query, as `a|b|c`.
    func rows(_ query: String) throws -> [String] {
        try sql.query(query).rows.map { $0.map { $0 ?? "∅" }.joined(separator: "|") }
    }

    /// The version of a row's bookkeeping: what a replica that has seen it now sends as `base`.
    func version(_ table: String, _ key: Int) throws -> Int64 {
        let version = try value(
            "SELECT version FROM satchel.clock WHERE relation = $1 AND key = $2", ["public.\(table)", "\"\(key)\""])
        return version.flatMap { Int64($0) } ?? 0
    }
}

/// One device: numbers its operations, and keeps what it has not sent.
struct Device {
    let replica: ReplicaID
    private(set) var seq: Int64 = 0
    private(set) var queue: [SequencedOperation] = []
    private(set) var acknowledged: Int64 = 0

    init(_ name: String) {
        replica = ReplicaID(name)
    }

    mutating func add(
        _ action: Operation.Action, _ table: String, _ key: Int, _ set: [String: Value] = [:], at: Int64 = 500,
        base: Int64 = 0, group: String? = nil, id: String? = nil
    ) {
        seq += 1
        queue.append(
            SequencedOperation(
                seq: seq,
                operation: Operation(
                    id: OperationID(id ?? "\(replica)-\(seq)"), table: TableName(name: table), action: action,
                    key: ["id": Text("\(key)")], set: set, at: HybridTimestamp(microseconds: at), base: base,
                    group: group)))
    }

    var batch: OperationBatch {
        OperationBatch(
            replica: replica, epoch: OperationFixture.epoch, acknowledged: acknowledged, operations: queue)
    }

    /// The answer is on disk.
    mutating func settle() {
        acknowledged = queue.last?.seq ?? acknowledged
        queue = []
    }

    /// Sends the queue and gives the verdicts.
    mutating func send(to fixture: OperationFixture) throws -> [Verdict] {
        let result = try fixture.send(batch)
        settle()
        guard case .answered(let answer) = result else {
            Issue.record("refused: \(result)")
            return []
        }
        return answer.verdicts
    }

    /// One operation alone, and its verdict.
    @discardableResult
    mutating func sends(
        to fixture: OperationFixture, _ action: Operation.Action, _ table: String, _ key: Int,
        _ set: [String: Value] = [:], at: Int64 = 500, base: Int64 = 0
    ) throws -> Verdict {
        add(action, table, key, set, at: at, base: base)
        return try #require(try send(to: fixture).last)
    }
}
