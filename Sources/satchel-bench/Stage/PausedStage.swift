import Postgres

/// A daemon that holds `item` and works offline (`sync/pause`), so that its queue grows.
final class PausedStage {
    let held: HeldStage
    let client: DaemonClient
    /// Of the rows to write to.
    let keys: [String]

    init(_ bench: Bench, keys count: Int, before: (BenchDatabase) throws -> Void = { _ in }) throws {
        held = try HeldStage(bench, before: before)
        client = try held.daemon.connect()
        _ = try client.call("sync/pause", "{}")
        let connection = try held.database.connect()
        defer { connection.close() }
        keys = try ItemTable.keys(min(count, held.database.rows), seed: bench.options.seed, in: connection)
    }

    func strike() { held.strike() }

    /// Submits one operation after the other on one connection; milliseconds of each.
    func submitOneByOne(_ numbers: Range<Int>) throws -> [Double] {
        try numbers.map { number in
            let request = DaemonClient.request(
                number, "operation/submit", DaemonClient.rename(keys[number % keys.count], to: "renamed \(number)"))
            return try Stopwatch.milliseconds {
                try client.stream.write(request)
                try DaemonClient.waitForAnswer(client.stream)
            }
        }
    }
}
