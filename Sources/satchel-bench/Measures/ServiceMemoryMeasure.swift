import Glibc

enum ServiceMemoryMeasure: Measure {
    static let name = "service-memory"
    static let explanation = """
        Resident memory of satchel-service with the rows in its mirror, started anew on it and idle for five \
        seconds. Limit: the sqlite3 program with the mirror open.
        """
    static let unit = "MB"
    static let reach = Reach.valueAtMost(60)

    static func run(_ bench: Bench) throws -> Measurement {
        let database = try bench.database(rows: bench.options.held)
        defer { database.drop() }
        try ServiceStage.setUp(bench, database)
        let service = try ServiceStage(bench, database)
        defer { service.stop() }
        service.stop()
        try service.start()
        sleep(5)
        let value = service.process.rssMB
        let limit = try OpenSQLite.rssMB(bench, service.state + "/mirror.sqlite")
        return measurement(bench, value: value, limit: ("sqlite3", limit), rssMB: value, rows: database.rows)
    }
}
