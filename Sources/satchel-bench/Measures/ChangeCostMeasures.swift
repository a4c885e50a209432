import JSONText
import Postgres

enum RebaseMeasure: Measure {
    static let name = "rebase"
    static let explanation = """
        Processor time that the daemon takes for one change that comes in of a row with queued operations, while \
        1 000 are queued on 100 rows. Limit: the same changes while nothing is queued.
        """
    static let unit = "ms"
    static let reach = Reach.valueAtMost(1)

    private static let touched = 100
    private static let perRow = 10

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        _ = try client.call("shape/subscribe", #"{"definition":{"root_table":"item"},"limit":1}"#)
        let connection = try stage.database.connect()
        defer { connection.close() }
        let keys = try ItemTable.keys(touched, seed: bench.options.seed, in: connection)
        let limit = try ChangeCost.milliseconds(of: stage.daemon.process, keys, connection, client)
        // What is sent waits for this lock, and comes again: the queue stays as long as it is held.
        let lock = try stage.database.connect()
        defer { lock.close() }
        try lock.query("BEGIN")
        try lock.query("LOCK TABLE satchel.replica IN EXCLUSIVE MODE")
        for number in 0..<perRow {
            for key in keys {
                _ = try client.call("operation/submit", DaemonClient.rename(key, to: "renamed \(number)"))
            }
        }
        let status = try client.call("sync/status", "{}")
        guard status["pending"]?.int == Int64(touched * perRow) else {
            throw BenchError("the queue does not hold what was submitted: \(status.text)")
        }
        let value = try ChangeCost.milliseconds(of: stage.daemon.process, keys, connection, client)
        return measurement(
            bench, value: value, limit: ("nothing queued", limit), rssMB: stage.daemon.process.rssMB,
            rows: stage.database.rows)
    }
}

enum LiveDiffMeasure: Measure {
    static let name = "live-diff"
    static let explanation = """
        Processor time that the daemon takes from the arrival of one changed row to the `shape/changed` of a client \
        that subscribes to all held rows, sorted by a column that changes. Limit: p50 of a bare SQLite commit of the \
        row (WAL, synchronous FULL).
        """
    static let unit = "ms"
    static let reach = Reach.valueAtMost(0.5)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        let definition = #""definition":{"root_table":"item","order_by":"amount"}"#
        // Held before it is subscribed to: whoever subscribes to a first sync is sent all its rows, and a change that
        // comes while they are sent is told as one of them.
        _ = try client.call("shape/read", "{\(definition),\"limit\":1,\"wait\":600000}")
        _ = try client.call("shape/subscribe", "{\(definition),\"limit\":1}")
        let connection = try stage.database.connect()
        defer { connection.close() }
        let keys = try ItemTable.keys(ChangeCost.changes, seed: bench.options.seed, in: connection)
        let value = try ChangeCost.milliseconds(of: stage.daemon.process, keys, connection, client)
        let bare = try BareSQLite(bench.freshPath("bare.sqlite"))
        let row = String(repeating: "x", count: 240)
        let commits = try (0..<ChangeCost.changes).map { _ in
            try Stopwatch.milliseconds { try bare.commit(row) }
        }
        return measurement(
            bench, value: value, limit: ("SQLite commit p50", Samples(commits).p50 ?? .nan),
            rssMB: stage.daemon.process.rssMB, rows: stage.database.rows)
    }
}

enum ChangeCost {
    /// That are measured; some before them warm up.
    static let changes = 200
    private static let warmUp = 20

    /// What happened on the device alone, as what the client itself has submitted, has no position.
    private static func tells(of key: String, _ notification: JSON) -> Bool {
        guard notification["position"] != nil else { return false }
        let changes = (notification["subscriptions"]?.array ?? []).flatMap { $0["changes"]?.array ?? [] }
        return changes.contains { $0["key"]?["id"]?.string == key }
    }

    /// Processor time for each change that comes in and is told to `client`, one after the other. The requests of the
    /// stream that bring them are part of it.
    static func milliseconds(
        of daemon: ChildProcess, _ keys: [String], _ connection: PostgresConnection, _ client: DaemonClient
    ) throws -> Double {
        var before: Double?
        for number in -warmUp..<changes {
            if number == 0 { before = daemon.processorSeconds }
            let key = keys[(number + warmUp) % keys.count]
            try connection.query("UPDATE item SET amount = amount + 1 WHERE id = $1", [key])
            while try !tells(of: key, client.notification("shape/changed")) {}
        }
        guard let before, let after = daemon.processorSeconds else {
            throw BenchError("the kernel does not tell what processor time satcheld took")
        }
        return (after - before) * 1_000 / Double(changes)
    }
}
