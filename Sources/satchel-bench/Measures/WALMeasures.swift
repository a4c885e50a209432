import Postgres

enum OneShapeMeasure: Measure {
    static let name = "wal-1"
    static let explanation = WALRate.explanation("one shape")
    static let unit = "changes/s"
    static let reach = Reach.ratioAtLeast(0.5)

    static func run(_ bench: Bench) throws -> Measurement { try WALRate.run(Self.self, bench, shapes: 1) }
}

enum ThousandShapesMeasure: Measure {
    static let name = "wal-1k"
    static let explanation = WALRate.explanation("1 000 shapes")
    static let unit = "changes/s"
    static let reach = Reach.ratioAtLeast(0.5)

    static func run(_ bench: Bench) throws -> Measurement { try WALRate.run(Self.self, bench, shapes: 1_000) }
}

enum HundredThousandShapesMeasure: Measure {
    static let name = "wal-100k"
    static let explanation = WALRate.explanation("100 000 shapes")
    static let unit = "changes/s"
    static let reach = Reach.ratioAtLeast(0.5)

    static func run(_ bench: Bench) throws -> Measurement { try WALRate.run(Self.self, bench, shapes: 100_000) }
}

private enum WALRate {
    static func explanation(_ shapes: String) -> String {
        """
        One transaction that updates every held row, through \(shapes) `bucket = n` of which each row is in one: \
        from its commit until the service's position is past it. Limit: until the server has sent it to \
        pg_recvlogical, with the same publications and clocks.
        """
    }

    static func run<M: Measure>(_: M.Type, _ bench: Bench, shapes: Int) throws -> Measurement {
        let database = try bench.database(rows: bench.options.held, buckets: shapes)
        defer { database.drop() }
        try ServiceStage.setUp(bench, database)
        let limit = try bare(bench, database)
        let service = try ServiceStage(bench, database)
        defer { service.stop() }
        let reader = try SyncReader(port: service.port, replica: "bench")
        guard let place = try reader.open(0..<shapes).first else { throw BenchError("there are no shapes") }
        let connection = try database.connect()
        defer { connection.close() }
        let seconds = try update(connection) { _ = try reader.barrier(place) }
        return M.measurement(
            bench, value: Double(database.rows) / seconds, limit: ("pg_recvlogical", limit),
            rssMB: service.process.rssMB, rows: database.rows)
    }

    /// Seconds from the commit until `wait` returns.
    private static func update(_ connection: PostgresConnection, until wait: () throws -> Void) throws -> Double {
        try connection.query("BEGIN")
        try connection.query("UPDATE item SET amount = amount + 1")
        let watch = Stopwatch()
        try connection.query("COMMIT")
        try wait()
        return watch.seconds
    }

    private static func bare(_ bench: Bench, _ database: BenchDatabase) throws -> Double {
        let receiver = try LogicalReceiver(bench, database, isFile: true)
        defer { receiver.stop() }
        let connection = try database.connect()
        defer { connection.close() }
        let seconds = try update(connection) { try receiver.waitUntilSent(connection) }
        return Double(database.rows) / seconds
    }
}
