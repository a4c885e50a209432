enum FirstSyncMeasure: Measure {
    static let name = "first-sync"
    static let explanation = """
        Service to replica: from `shape/read` of the whole table in an empty daemon until the shape is live; the \
        service reads the snapshot for the first time. Limit: `sqlite3 .import` of the same rows from a file.
        """
    static let unit = "rows/s"
    static let reach = Reach.ratioAtLeast(1)

    static func run(_ bench: Bench) throws -> Measurement {
        let database = try bench.database(rows: bench.options.rows)
        defer { database.drop() }
        try ServiceStage.setUp(bench, database)
        let limit = try Shell.importRows(bench, database)
        let service = try ServiceStage(bench, database)
        defer { service.stop() }
        let daemon = try DaemonStage(bench, url: service.url)
        defer { daemon.stop() }
        let client = try daemon.connect()
        try client.waitForSync()
        let watch = Stopwatch()
        try daemon.holdItems(client)
        let seconds = watch.seconds
        return measurement(
            bench, value: Double(database.rows) / seconds, limit: ("sqlite3 .import", limit),
            rssMB: daemon.process.rssMB, rows: database.rows)
    }
}
