import Postgres

enum DrainMeasure: Measure {
    static let name = "drain"
    static let explanation = """
        From `sync/resume` with 10 000 queued updates until all are confirmed and the replica is level. Limit: \
        psql running the same updates in transactions of 100, without clocks.
        """
    static let unit = "s"
    static let reach = Reach.valueAtMost(3)

    private static let operations = 10_000
    private static let perRequest = 500

    static func run(_ bench: Bench) throws -> Measurement {
        let limit = try bare(bench)
        let stage = try PausedStage(bench, keys: operations)
        defer { stage.strike() }
        for start in stride(from: 0, to: operations, by: perRequest) {
            let list = (start..<(start + perRequest)).map { number in
                let key = stage.keys[number % stage.keys.count]
                return #"{"table":"item","op":"update","key":{"id":"\#(key)"},"set":{"name":"drained \#(number)"}}"#
            }
            _ = try stage.client.call("operation/submit", #"{"operations":[\#(list.joined(separator: ","))]}"#)
        }
        let watch = Stopwatch()
        _ = try stage.client.call("sync/resume", "{}")
        try stage.client.waitForSync()
        let seconds = watch.seconds
        return measurement(
            bench, value: seconds, limit: ("psql, 100 a transaction", limit),
            rssMB: stage.held.daemon.process.rssMB, rows: stage.held.database.rows)
    }

    private static func bare(_ bench: Bench) throws -> Double {
        let database = try bench.database(rows: bench.options.held)
        defer { database.drop() }
        let connection = try database.connect()
        let keys = try ItemTable.keys(operations, seed: bench.options.seed, in: connection)
        connection.close()
        var script = ""
        for (number, key) in keys.enumerated() {
            if number % 100 == 0 { script += "BEGIN;\n" }
            script += "UPDATE item SET name = 'drained \(number)' WHERE id = '\(key)';\n"
            if number % 100 == 99 { script += "COMMIT;\n" }
        }
        let file = bench.freshPath("updates.sql")
        try Files.write(script, to: file)
        return try Shell.seconds(
            bench, #""$1" -X -q -d "$2" -f "$3""#, [try Programs.postgres("psql"), database.conninfo, file])
    }
}
