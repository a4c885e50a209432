enum DaemonStartMeasure: Measure {
    static let name = "daemon-start"
    static let explanation = """
        From starting satcheld on a replica that holds the rows until its first answer. Limit: the same of the \
        bare echo process.
        """
    static let unit = "ms"
    static let reach = Reach.valueAtMost(30)

    private static let starts = 20

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        var samples: [Double] = []
        var limits: [Double] = []
        for _ in 0..<starts {
            stage.daemon.stop()
            samples.append(
                try Stopwatch.milliseconds {
                    try stage.daemon.start()
                    _ = try stage.daemon.connect()
                })
            limits.append(try bare(bench))
        }
        return measurement(
            bench, Samples(samples), limit: ("echo process p50", Samples(limits).p50 ?? .nan),
            rssMB: stage.daemon.process.rssMB, rows: stage.database.rows)
    }

    private static func bare(_ bench: Bench) throws -> Double {
        let watch = Stopwatch()
        let echo = try EchoProcess(bench, answer: 100)
        defer { echo.process.stop() }
        let stream = try echo.connect()
        try stream.write([0x0a])
        _ = try stream.line()
        return watch.milliseconds
    }
}
