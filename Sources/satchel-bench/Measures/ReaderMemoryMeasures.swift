import Glibc

enum ShapeMemoryMeasure: Measure {
    static let name = "shape-memory"
    static let explanation = """
        Resident memory that satchel-service takes for each of 5 000 shapes `bucket = n`. Limit: the length of the \
        definition's text.
        """
    static let unit = "bytes"
    static let reach = Reach.valueAtMost(2_048)

    private static let shapes = 5_000

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try ReaderStage(bench, buckets: shapes * 2)
        defer { stage.strike() }
        let reader = try SyncReader(port: stage.service.port, replica: "bench")
        // What the first ones take is taken once.
        _ = try reader.open(0..<500)
        let before = stage.settledMB()
        _ = try reader.open(500..<(500 + shapes))
        let bytes = (stage.settledMB() - before) * 1_048_576 / Double(shapes)
        return measurement(
            bench, value: bytes, limit: ("definition", 50), rssMB: stage.service.process.rssMB,
            rows: stage.database.rows)
    }
}

enum ReaderMemoryMeasure: Measure {
    static let name = "reader-memory"
    static let explanation = """
        Resident memory that satchel-service takes for each of 200 waiting requests, each on a connection of its \
        own. Limit: the kernel's default buffer of a socket.
        """
    static let unit = "bytes"
    static let reach = Reach.valueAtMost(16_384)

    private static let readers = 200

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try ReaderStage(bench, buckets: 1_000)
        defer { stage.strike() }
        let places = try SyncReader(port: stage.service.port, replica: "bench").open(0..<1)
        func park(_ prefix: String, _ count: Int) throws -> [SyncReader] {
            try (0..<count).map { number in
                let reader = try SyncReader(port: stage.service.port, replica: "\(prefix)-\(number)")
                try reader.park(places[0])
                return reader
            }
        }
        let first = try park("first", 20)
        let before = stage.settledMB()
        let parked = try park("reader", readers)
        let bytes = (stage.settledMB() - before) * 1_048_576 / Double(readers)
        return withExtendedLifetime((first, parked)) {
            measurement(
                bench, value: bytes, limit: ("socket buffer", 131_072), rssMB: stage.service.process.rssMB,
                rows: stage.database.rows)
        }
    }
}

private final class ReaderStage {
    let database: BenchDatabase
    let service: ServiceStage

    init(_ bench: Bench, buckets: Int) throws {
        database = try bench.database(rows: bench.options.held, buckets: buckets)
        try ServiceStage.setUp(bench, database)
        service = try ServiceStage(bench, database)
    }

    /// Memory after the service had a moment to finish.
    func settledMB() -> Double {
        sleep(2)
        return service.process.rssMB
    }

    func strike() {
        service.stop()
        database.drop()
    }
}
