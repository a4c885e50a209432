import Glibc
import Postgres
import SeededRandom

enum CommitToClientMeasure: Measure {
    static let name = "commit-to-client"
    static let explanation = """
        From sending COMMIT of an update of one row until the client of the daemon has its `shape/changed`. \
        Limit: until pg_recvlogical has written the same change.
        """
    static let unit = "ms"
    static let reach = Reach.percentilesAtMost(p50: 2, p99: 6)

    private static let commits = 500

    static func run(_ bench: Bench) throws -> Measurement {
        var limit = Samples([])
        let stage = try HeldStage(bench) { limit = try bare(bench, $0) }
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        _ = try client.call("shape/subscribe", #"{"definition": {"root_table": "item"}, "limit": 1}"#)
        let times = try times(bench, stage.database) { _ = try client.notification("shape/changed") }
        return measurement(
            bench, times, limit: ("pg_recvlogical p50", limit.p50 ?? .nan), rssMB: stage.service.process.rssMB,
            rows: stage.database.rows)
    }

    private static func bare(_ bench: Bench, _ database: BenchDatabase) throws -> Samples {
        let receiver = try LogicalReceiver(bench, database)
        defer { receiver.stop() }
        return try times(bench, database) { try receiver.waitForBytes() }
    }

    /// Milliseconds from each COMMIT until `wait` returns.
    private static func times(
        _ bench: Bench, _ database: BenchDatabase, until wait: () throws -> Void
    ) throws -> Samples {
        let connection = try database.connect()
        defer { connection.close() }
        let keys = try ItemTable.keys(commits, seed: bench.options.seed, in: connection)
        var random = SeededGenerator(seed: bench.options.seed)
        var samples: [Double] = []
        for (number, key) in keys.enumerated() {
            try connection.query("BEGIN")
            try connection.query("UPDATE item SET amount = amount + 1 WHERE id = $1", [key])
            let time = try Stopwatch.milliseconds {
                try connection.query("COMMIT")
                try wait()
            }
            // The first ones find cold caches and unprepared statements.
            if number >= commits / 10 { samples.append(time) }
            // Never in step with a timer of anybody.
            usleep(UInt32(2_000 + random.next() % 6_000))
        }
        return Samples(samples)
    }
}
