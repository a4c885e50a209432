/// A service and a daemon that holds all of `item`, live.
final class HeldStage {
    let database: BenchDatabase
    let service: ServiceStage
    let daemon: DaemonStage

    /// `rows`: nil for as many as `--held` says. `before` runs once the bookkeeping is installed and nobody
    /// follows yet.
    init(_ bench: Bench, rows: Int? = nil, before: (BenchDatabase) throws -> Void = { _ in }) throws {
        database = try bench.database(rows: rows ?? bench.options.held)
        try ServiceStage.setUp(bench, database)
        try before(database)
        service = try ServiceStage(bench, database)
        daemon = try DaemonStage(bench, url: service.url)
        let client = try daemon.connect()
        try client.waitForSync()
        try daemon.holdItems(client)
    }

    func strike() {
        daemon.stop()
        service.stop()
        database.drop()
    }
}
