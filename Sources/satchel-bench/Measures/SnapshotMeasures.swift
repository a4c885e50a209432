enum ColdSnapshotMeasure: Measure {
    static let name = "snapshot-cold"
    static let explanation = """
        The whole table by `GET /v1/shape`, chunk after chunk, the service reading it for the first time. Limit: \
        `psql \\copy … to stdout`.
        """
    static let unit = "rows/s"
    static let reach = Reach.valueAtLeast(500_000)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try SnapshotStage(bench)
        defer { stage.strike() }
        let rate = try stage.rate()
        return measurement(
            bench, value: rate, limit: ("psql \\copy", stage.limit), rssMB: stage.service.process.rssMB,
            rows: stage.database.rows)
    }
}

enum CachedSnapshotMeasure: Measure {
    static let name = "snapshot-cached"
    static let explanation = "The same once more: the chunks are ready. Limit: `psql \\copy … to stdout`."
    static let unit = "rows/s"
    static let reach = Reach.valueAtLeast(1_000_000)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try SnapshotStage(bench)
        defer { stage.strike() }
        _ = try stage.rate()
        let rate = try stage.rate()
        return measurement(
            bench, value: rate, limit: ("psql \\copy", stage.limit), rssMB: stage.service.process.rssMB,
            rows: stage.database.rows)
    }
}

/// A service whose one table is to be read.
private final class SnapshotStage {
    let database: BenchDatabase
    let service: ServiceStage
    /// Rows per second of the bare copy.
    let limit: Double

    init(_ bench: Bench) throws {
        database = try bench.database(rows: bench.options.rows)
        try ServiceStage.setUp(bench, database)
        limit = try Shell.copyOut(bench, database)
        service = try ServiceStage(bench, database)
    }

    func strike() {
        service.stop()
        database.drop()
    }

    /// Reads all chunks on one connection.
    func rate() throws -> Double {
        let http = try HTTPStream(port: service.port)
        var target = "/v1/shape?table=item&offset=-1"
        let watch = Stopwatch()
        while true {
            let answer = try http.get(target)
            guard answer.status == 200, let handle = answer.headers["electric-handle"],
                let offset = answer.headers["electric-offset"]
            else { throw BenchError("GET \(target): HTTP \(answer.status)") }
            if answer.headers["electric-up-to-date"] != nil { break }
            target = "/v1/shape?table=item&offset=\(offset)&handle=\(handle)"
        }
        return Double(database.rows) / watch.seconds
    }
}
