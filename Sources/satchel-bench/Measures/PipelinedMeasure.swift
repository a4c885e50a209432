enum PipelinedMeasure: Measure {
    static let name = "rpc-pipelined"
    static let explanation = """
        `daemon/info` over one connection, up to 200 unanswered at a time. Limit: the bare echo process in the \
        same way.
        """
    static let unit = "req/s"
    static let reach = Reach.valueAtLeast(300_000)

    private static let requests = 100_000
    /// Answers that fit the kernel's buffer: neither side can wait for the other for ever.
    private static let window = 200
    private static let block = 50

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        let client = try stage.daemon.connect()
        let request = DaemonClient.request(7, "daemon/info", "{}")
        try client.stream.write(request)
        let echo = try EchoProcess(bench, answer: try client.stream.line().count)
        defer { echo.process.stop() }
        let bare = try echo.connect()
        _ = try rate(client.stream, request, count: requests / 10)
        let value = try rate(client.stream, request, count: requests)
        return measurement(
            bench, value: value, limit: ("Unix-socket echo", try rate(bare, request, count: requests)),
            rssMB: stage.daemon.process.rssMB, rows: stage.database.rows)
    }

    private static func rate(_ stream: LocalStream, _ request: [UInt8], count: Int) throws -> Double {
        let requests = Array(repeatElement(request, count: block).joined())
        let watch = Stopwatch()
        var (sent, answered) = (0, 0)
        while answered < count {
            while sent < count, sent - answered <= window - block {
                try stream.write(requests)
                sent += block
            }
            answered += try stream.countLines()
        }
        return Double(count) / watch.seconds
    }
}
