import Glibc

enum ManySubmitsMeasure: Measure {
    static let name = "submit-100"
    static let explanation = """
        `operation/submit` of one update each by 100 callers at once, each with a connection of its own and the \
        next one as soon as the last is answered. Limit: 20 times what one caller gets, at most 40 000.
        """
    static let unit = "ops/s"
    static let reach = Reach.ratioAtLeast(1)

    private static let callers = 100
    private static let operations = 2_000
    private static let single = 200

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try PausedStage(bench, keys: operations + single)
        defer { stage.strike() }
        let one = Samples(try stage.submitOneByOne(0..<single))
        let clients = try (0..<callers).map { _ in try stage.held.daemon.connect() }
        let watch = Stopwatch()
        let times = try submit(clients.map(\.stream), stage.keys)
        let rate = Double(operations) / watch.seconds
        let limit = min(20 * 1_000 / (one.p50 ?? .nan), 40_000)
        return measurement(
            bench, value: rate, samples: times, limit: ("20 × one caller, ≤ 40 000", limit),
            rssMB: stage.held.daemon.process.rssMB, rows: stage.held.database.rows)
    }

    /// Of the single answers: milliseconds.
    private static func submit(_ streams: [LocalStream], _ keys: [String]) throws -> Samples {
        var pollers = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        var started = streams.map { _ in Stopwatch() }
        var (next, answered) = (single, 0)
        var samples: [Double] = []
        func send(_ index: Int) throws {
            guard next < single + operations else { return }
            let parameters = DaemonClient.rename(keys[next % keys.count], to: "many \(next)")
            started[index] = Stopwatch()
            try streams[index].write(DaemonClient.request(next, "operation/submit", parameters))
            next += 1
        }
        for index in streams.indices { try send(index) }
        while answered < operations {
            guard poll(&pollers, nfds_t(pollers.count), 30_000) > 0 else { throw BenchError("the daemon hangs") }
            for index in streams.indices where pollers[index].revents != 0 {
                try streams[index].fill()
                while let line = streams[index].arrivedLine() {
                    // Every connection is told of every operation.
                    guard try DaemonClient.isAnswer(line) else { continue }
                    samples.append(started[index].milliseconds)
                    answered += 1
                    try send(index)
                }
            }
        }
        return Samples(samples)
    }
}
