import Postgres

enum BurstMeasure: Measure {
    static let name = "wal-burst"
    static let explanation = """
        Transactions that update 1 000 rows each, 100 or as many as make up the held rows, committed while the service \
        is held up: from letting it go on until a live reader of one shape over all rows has the last of them. Limit: \
        pg_recvlogical, held up and let go in the same way.
        """
    static let unit = "changes/s"
    static let reach = Reach.valueAtLeast(40_000)

    private static let size = 1_000

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try LiveStage(bench, per: size) { writer in
            let receiver = try LogicalReceiver(bench, writer.database, isFile: true)
            defer { receiver.stop() }
            receiver.process.hold()
            defer { receiver.process.release() }
            try writer.start("bare").wait()
            let connection = try writer.database.connect()
            let watch = Stopwatch()
            receiver.process.release()
            defer { connection.close() }
            try receiver.waitUntilSent(connection)
            return watch.seconds
        }
        defer { stage.strike() }
        stage.service.process.hold()
        defer { stage.service.process.release() }
        try stage.writer.start("followed").wait()
        let watch = Stopwatch()
        stage.service.process.release()
        try stage.reader.follow(stage.place, until: "followed")
        return stage.measurement(Self.self, seconds: watch.seconds, limit: "pg_recvlogical")
    }
}

enum SinglesMeasure: Measure {
    static let name = "wal-singles"
    static let explanation = """
        As many transactions as there are held rows, at most 100 000, that update one row each, one after the other \
        without waiting for the disk: from the first until a live reader of one shape over all rows has the last of \
        them. Limit: the same, until the last is committed, with nobody following.
        """
    static let unit = "changes/s"
    static let reach = Reach.ratioAtLeast(0.9)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try LiveStage(bench, per: 1) { writer in
            let watch = Stopwatch()
            try writer.start("bare").wait()
            return watch.seconds
        }
        defer { stage.strike() }
        let watch = Stopwatch()
        let writer = try stage.writer.start("followed")
        try stage.reader.follow(stage.place, until: "followed")
        let seconds = watch.seconds
        try writer.wait()
        return stage.measurement(Self.self, seconds: seconds, limit: "commits, unfollowed")
    }
}

/// A psql that updates the rows of `item`, some in each transaction.
private struct RowWriter {
    let bench: Bench
    let database: BenchDatabase
    /// Rows of each transaction.
    let size: Int

    var count: Int { min(100_000, database.rows) / size * size }

    /// The last transaction names a row `mark`.
    func start(_ mark: String) throws -> ChildProcess {
        let file = bench.freshPath("updates.sql")
        try Files.write(
            """
            SET synchronous_commit = off;
            DO $$
            DECLARE
                keys uuid[] := ARRAY(SELECT id FROM item ORDER BY id LIMIT \(count));
            BEGIN
                FOR i IN 0..\(count / size - 1) LOOP
                    UPDATE item SET amount = amount + 1 WHERE id = ANY (keys[i * \(size) + 1 : (i + 1) * \(size)]);
                    COMMIT;
                END LOOP;
                UPDATE item SET name = '\(mark)' WHERE id = keys[1];
            END $$;

            """, to: file)
        return try ChildProcess(
            [try Programs.postgres("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.conninfo, "-f", file],
            log: bench.freshPath("psql.log"), janitor: bench.janitor)
    }
}

/// A service with a reader at the head of a shape over all of `item`.
private final class LiveStage {
    let writer: RowWriter
    let service: ServiceStage
    let reader: SyncReader
    let place: SyncReader.Place
    private let bareSeconds: Double

    /// `bare` gives the seconds of the limit, while nobody follows.
    init(_ bench: Bench, per size: Int, bare: (RowWriter) throws -> Double) throws {
        let database = try bench.database(rows: bench.options.held, buckets: 1)
        writer = RowWriter(bench: bench, database: database, size: size)
        try ServiceStage.setUp(bench, database)
        bareSeconds = try bare(writer)
        service = try ServiceStage(bench, database)
        reader = try SyncReader(port: service.port, replica: "bench")
        guard let first = try reader.open(0..<1).first else { throw BenchError("there is no shape") }
        place = first
    }

    func measurement<M: Measure>(_: M.Type, seconds: Double, limit: String) -> Measurement {
        M.measurement(
            writer.bench, value: Double(writer.count) / seconds, limit: (limit, Double(writer.count) / bareSeconds),
            rssMB: service.process.rssMB, rows: writer.database.rows)
    }

    func strike() {
        service.stop()
        writer.database.drop()
    }
}
