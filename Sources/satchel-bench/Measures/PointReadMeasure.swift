import JSONText
import Postgres

enum PointReadMeasure: Measure {
    static let name = "point-read"
    static let explanation = """
        `shape/read` of one row of the held ones, found by the key in a cursor, at random places, one after the other. \
        Limit: `daemon/info` on the same connection (what rpc-roundtrip measures).
        """
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(1.4)

    private static let blocks = 10
    private static let block = 200

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        let subscribed = try client.call("shape/subscribe", #"{"definition":{"root_table":"item"},"limit":1}"#)
        guard let subscription = subscribed["subscription"]?.string, let first = subscribed["next"]?.string else {
            throw BenchError("shape/subscribe tells no place to go on from: \(subscribed.text)")
        }
        let cursors = try cursors(bench, stage.database, like: first)
        let info = DaemonClient.request(7, "daemon/info", "{}")
        var samples: [Double] = []
        var limits: [Double] = []
        // In turns, so that both meet the same noise; the first turn warms up.
        for turn in 0...blocks {
            let times = try (0..<block).map { number in
                let cursor = cursors[(turn * block + number) % cursors.count]
                let params: JSON = ["subscription": .string(subscription), "cursor": .string(cursor), "limit": 1]
                let request = DaemonClient.request(8, "shape/read", params.text)
                return try roundTrip(client.stream, request) { answer in
                    let rows = try JSON(parsing: answer)["result"]?["rows"]?.array
                    guard rows?.count == 1 else { throw BenchError("one row was asked for, and others came") }
                }
            }
            let infoTimes = try (0..<block).map { _ in try roundTrip(client.stream, info) { _ in } }
            if turn > 0 {
                samples += times
                limits += infoTimes
            }
        }
        return measurement(
            bench, Samples(samples), limit: ("daemon/info p50", Samples(limits).p50 ?? .nan),
            rssMB: stage.daemon.process.rssMB, rows: stage.database.rows)
    }

    /// Milliseconds; what is checked of the answer is not in them.
    private static func roundTrip(
        _ stream: LocalStream, _ request: [UInt8], check: ([UInt8]) throws -> Void
    ) throws -> Double {
        var answer: [UInt8] = []
        let time = try Stopwatch.milliseconds {
            try stream.write(request)
            answer = try stream.line()
        }
        try check(answer)
        return time
    }

    /// The places before random rows: the one that the daemon told, with other keys. Not before the last row.
    private static func cursors(_ bench: Bench, _ database: BenchDatabase, like first: String) throws -> [String] {
        let connection = try database.connect()
        defer { connection.close() }
        let keys = try ItemTable.keys((blocks + 1) * block, seed: bench.options.seed, in: connection)
        guard let start = first.firstIndex(of: "\""), let last = keys.max() else {
            throw BenchError("a cursor without a key: \(first)")
        }
        return keys.filter { $0 != last }.map { "\(first[..<start])\"\($0)\"" }
    }
}
