enum CopyMeasure: Measure {
    static let name = "copy"
    static let explanation = """
        PostgreSQL to mirror: from the start of satchel-service with an empty state folder until it serves. \
        Limit: `psql \\copy … to stdout` into `sqlite3 .import`.
        """
    static let unit = "rows/s"
    static let reach = Reach.ratioAtLeast(1)

    static func run(_ bench: Bench) throws -> Measurement {
        let database = try bench.database(rows: bench.options.rows)
        defer { database.drop() }
        try ServiceStage.setUp(bench, database)
        let limit = try Shell.copyAndImport(bench, database)
        let watch = Stopwatch()
        let service = try ServiceStage(bench, database)
        let seconds = watch.seconds
        defer { service.stop() }
        return measurement(
            bench, value: Double(database.rows) / seconds, limit: ("psql | sqlite3 .import", limit),
            rssMB: service.process.rssMB, rows: database.rows)
    }
}
