import Postgres

enum UpdateCostMeasure: Measure {
    static let name = "trigger-cost"
    static let explanation = """
        A plain UPDATE of all held rows in one statement, with clocks kept by the triggers; median of three \
        databases. Limit: without them.
        """
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(3)

    static func run(_ bench: Bench) throws -> Measurement {
        let (with, without) = try TriggerCost.compare(bench, "UPDATE item SET amount = amount + 1")
        return measurement(
            bench, with, limit: ("without clocks", without.p50 ?? .nan), rows: bench.options.held)
    }
}

enum InsertCostMeasure: Measure {
    static let name = "trigger-insert"
    static let explanation = "The same of an INSERT of as many rows."
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(3)

    static func run(_ bench: Bench) throws -> Measurement {
        let (with, without) = try TriggerCost.compare(
            bench,
            "INSERT INTO item SELECT md5('more' || id)::uuid, bucket, name, note, amount, updated_at FROM item")
        return measurement(
            bench, with, limit: ("without clocks", without.p50 ?? .nan), rows: bench.options.held)
    }
}

enum DeleteCostMeasure: Measure {
    static let name = "trigger-delete"
    static let explanation = "The same of a DELETE of all rows."
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(3)

    static func run(_ bench: Bench) throws -> Measurement {
        let (with, without) = try TriggerCost.compare(bench, "DELETE FROM item")
        return measurement(
            bench, with, limit: ("without clocks", without.p50 ?? .nan), rows: bench.options.held)
    }
}

private enum TriggerCost {
    private static let rounds = 3

    /// Milliseconds of the statement with and without clocks. The rows have clocks before.
    static func compare(_ bench: Bench, _ statement: String) throws -> (with: Samples, without: Samples) {
        var with: [Double] = []
        var without: [Double] = []
        for _ in 0..<rounds {
            with.append(try time(bench, statement, hasClocks: true))
            without.append(try time(bench, statement, hasClocks: false))
        }
        return (Samples(with), Samples(without))
    }

    private static func time(_ bench: Bench, _ statement: String, hasClocks: Bool) throws -> Double {
        let database = try bench.database(rows: bench.options.held)
        defer { database.drop() }
        if hasClocks { try ServiceStage.setUp(bench, database) }
        let connection = try database.connect()
        defer { connection.close() }
        // Rows that were written before have clocks; and both sides have dead rows to pass over.
        try connection.execute("UPDATE item SET amount = amount + 1")
        try connection.execute("VACUUM ANALYZE")
        try connection.execute("CHECKPOINT")
        return try Stopwatch.milliseconds { try connection.execute(statement) }
    }
}
