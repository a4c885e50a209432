enum RoundTripMeasure: Measure {
    static let name = "rpc-roundtrip"
    static let explanation = """
        `daemon/info` over the Unix socket, one after the other. Limit: the bare echo process, which is sent the \
        same bytes and answers as many.
        """
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(2)

    private static let blocks = 20
    private static let block = 500

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        let request = DaemonClient.request(7, "daemon/info", "{}")
        try client.stream.write(request)
        let echo = try EchoProcess(bench, answer: try client.stream.line().count)
        defer { echo.process.stop() }
        let bare = try echo.connect()
        var samples: [Double] = []
        var limits: [Double] = []
        // In turns, so that both meet the same noise; the first turn warms up.
        for turn in 0...blocks {
            let times = try roundTrips(client.stream, request)
            let bareTimes = try roundTrips(bare, request)
            if turn > 0 {
                samples += times
                limits += bareTimes
            }
        }
        return measurement(
            bench, Samples(samples), limit: ("Unix-socket echo p50", Samples(limits).p50 ?? .nan),
            rssMB: stage.daemon.process.rssMB, rows: stage.database.rows)
    }

    private static func roundTrips(_ stream: LocalStream, _ request: [UInt8]) throws -> [Double] {
        try (0..<block).map { _ in
            try Stopwatch.milliseconds {
                try stream.write(request)
                _ = try stream.line()
            }
        }
    }

    /// The median time of an echo of these bytes: milliseconds.
    static func echo(_ bench: Bench, _ request: [UInt8], answer: Int) throws -> Double {
        let echo = try EchoProcess(bench, answer: answer)
        defer { echo.process.stop() }
        let stream = try echo.connect()
        _ = try roundTrips(stream, request)
        return Samples(try roundTrips(stream, request)).p50 ?? .nan
    }
}
