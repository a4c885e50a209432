/// A `satchel-service` of one measure, with a mirror of its own.
final class ServiceStage {
    let database: BenchDatabase
    let state: String
    private let bench: Bench
    private(set) var process: ChildProcess
    private(set) var port: UInt16 = 0

    /// Installs the bookkeeping. To be called once for a database.
    static func setUp(_ bench: Bench, _ database: BenchDatabase) throws {
        try ChildProcess(
            [bench.programs.service, "setup", "--database-url", database.conninfo],
            log: bench.freshPath("setup.log"), janitor: bench.janitor
        ).wait()
    }

    /// Returns when it serves. `database` MUST be set up.
    init(_ bench: Bench, _ database: BenchDatabase) throws {
        self.bench = bench
        self.database = database
        state = bench.freshPath("service")
        try Files.makeDirectory(state)
        try Files.write(
            Bench.configuration + "service: {slot: \(database.slot), max_shapes: 1000000}\n",
            to: "\(state)/service.yaml")
        process = try Self.started(bench, database, state)
        try waitUntilServing()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func stop() { process.stop() }

    /// MUST have been stopped. Returns when it serves.
    func start() throws {
        Files.remove("\(state)/log")
        process = try Self.started(bench, database, state)
        try waitUntilServing()
    }

    private static func started(_ bench: Bench, _ database: BenchDatabase, _ state: String) throws -> ChildProcess {
        try ChildProcess(
            [
                bench.programs.service, "serve", "--config", "\(state)/service.yaml", "--database-url",
                database.conninfo, "--state", state, "--listen", "127.0.0.1:0",
            ], log: "\(state)/log", janitor: bench.janitor)
    }

    private func waitUntilServing() throws {
        let log = process.log
        port = try Waiting.until(60, "satchel-service", process) { try Self.port(in: log) }
        let health = try HTTPStream(port: port)
        _ = try Waiting.until(1_800, "the mirror", process, pause: 2_000) {
            try health.get("/v1/health").status == 200 ? true : nil
        }
    }

    /// The port in `listening on http://127.0.0.1:PORT`, once that line is there.
    private static func port(in log: String) throws -> UInt16? {
        for line in try Files.read(log).split(separator: "\n") where line.hasPrefix("listening on ") {
            return line.split(separator: ":").last.flatMap { UInt16($0) }
        }
        return nil
    }
}
