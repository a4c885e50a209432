import JSONText

/// A `satcheld` with a state folder of its own, which outlives it.
final class DaemonStage {
    let state: String
    let socket: String
    private let bench: Bench
    private let url: String
    private(set) var process: ChildProcess

    /// Started, and perhaps not yet listening.
    init(_ bench: Bench, url: String) throws {
        self.bench = bench
        self.url = url
        state = bench.freshPath("daemon")
        socket = state + "/satchel.sock"
        process = try Self.started(bench, state, socket, url)
    }

    private static func started(
        _ bench: Bench, _ state: String, _ socket: String, _ url: String
    ) throws -> ChildProcess {
        try ChildProcess(
            [
                bench.programs.daemon, "run", "--config", bench.configurationPath, "--state", state, "--socket",
                socket, "--service", url, "--user", "bench", "--log-level", "warning",
            ], log: state + ".log", janitor: bench.janitor)
    }

    func stop() { process.stop() }

    /// MUST have been stopped.
    func start() throws { process = try Self.started(bench, state, socket, url) }

    /// A connection that is past `initialize`.
    func connect() throws -> DaemonClient {
        let stream = try Waiting.until(60, "satcheld", process, pause: 200) { LocalStream.unix(socket) }
        return try DaemonClient(stream)
    }

    /// Holds all of `item`; returns when it is live. The daemon MUST reach the service.
    func holdItems(_ client: DaemonClient) throws {
        let answer = try client.call(
            "shape/read", #"{"definition": {"root_table": "item"}, "limit": 1, "wait": 600000}"#)
        guard answer["status"]?.string == "live" else {
            throw BenchError("the shape did not become live: \(answer.text)")
        }
    }
}
