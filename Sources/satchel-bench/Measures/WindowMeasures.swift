import Postgres

enum EasyWindowMeasure: Measure {
    static let name = "window-easy"
    static let explanation = WindowUpkeep.explanation("the last rows, outside of the window")
    static let unit = "changes/s"
    static let reach = Reach.valueAtLeast(20_000)

    static func run(_ bench: Bench) throws -> Measurement { try WindowUpkeep.run(Self.self, bench, end: "DESC") }
}

enum HardWindowMeasure: Measure {
    static let name = "window-hard"
    static let explanation = WindowUpkeep.explanation("the first rows, so that another one comes in for each")
    static let unit = "changes/s"
    static let reach = Reach.valueAtLeast(20_000)

    static func run(_ bench: Bench) throws -> Measurement { try WindowUpkeep.run(Self.self, bench, end: "ASC") }
}

private enum WindowUpkeep {
    static func explanation(_ rows: String) -> String {
        """
        A shape with `order_by` and `limit 50` over all held rows. 5 000 transactions delete one row each: \(rows). \
        They are committed while the service is held up; the time is from letting it go on until its position is \
        past them. Limit: pg_recvlogical, held up and let go in the same way.
        """
    }

    private static let window = #","order_by":"amount","limit":50"#

    static func run<M: Measure>(_: M.Type, _ bench: Bench, end: String) throws -> Measurement {
        let database = try bench.database(rows: bench.options.held, buckets: 1)
        defer { database.drop() }
        try ServiceStage.setUp(bench, database)
        let count = min(5_000, database.rows / 4)
        let connection = try database.connect()
        defer { connection.close() }
        let limit = try bare(bench, database, count, connection)
        let service = try ServiceStage(bench, database)
        defer { service.stop() }
        let reader = try SyncReader(port: service.port, replica: "bench", with: window)
        guard let place = try reader.open(0..<1).first else { throw BenchError("there is no shape") }
        service.process.hold()
        defer { service.process.release() }
        try delete(count, "amount \(end)", connection)
        let watch = Stopwatch()
        service.process.release()
        _ = try reader.barrier(place)
        let value = Double(count) / watch.seconds
        return M.measurement(
            bench, value: value, limit: ("pg_recvlogical", limit), rssMB: service.process.rssMB, rows: database.rows)
    }

    /// Rows that are in the middle of the order, which neither measure reaches.
    private static func bare(
        _ bench: Bench, _ database: BenchDatabase, _ count: Int, _ connection: PostgresConnection
    ) throws -> Double {
        let receiver = try LogicalReceiver(bench, database, isFile: true)
        defer { receiver.stop() }
        receiver.process.hold()
        defer { receiver.process.release() }
        try delete(count, "abs(amount - (SELECT avg(amount) FROM item))", connection)
        let watch = Stopwatch()
        receiver.process.release()
        try receiver.waitUntilSent(connection)
        return Double(count) / watch.seconds
    }

    /// One transaction for each row.
    private static func delete(_ count: Int, _ order: String, _ connection: PostgresConnection) throws {
        try connection.execute("SET synchronous_commit = off")
        try connection.execute(
            """
            DO $$
            DECLARE
                keys uuid[] := ARRAY(SELECT id FROM item ORDER BY \(order) LIMIT \(count));
                key uuid;
            BEGIN
                FOREACH key IN ARRAY keys LOOP
                    DELETE FROM item WHERE id = key;
                    COMMIT;
                END LOOP;
            END $$
            """)
    }
}
