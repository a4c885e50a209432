enum SubmitMeasure: Measure {
    static let name = "submit"
    static let explanation = """
        `operation/submit` of one update, one caller, daemon offline: the answer means on disk. Limit: p50 of an \
        echo of the same bytes plus p50 of a bare SQLite commit of them (WAL, synchronous FULL).
        """
    static let unit = "ms"
    static let reach = Reach.ratioAtMost(1.3)

    private static let blocks = 20
    private static let block = 100

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try PausedStage(bench, keys: (blocks + 1) * block)
        defer { stage.strike() }
        let content = DaemonClient.rename(stage.keys[0], to: "renamed 0")
        let bare = try BareSQLite(bench.freshPath("bare.sqlite"))
        var samples: [Double] = []
        var commits: [Double] = []
        // In turns, so that both meet the same disk; the first turn warms up.
        for turn in 0...blocks {
            let times = try stage.submitOneByOne((turn * block)..<((turn + 1) * block))
            let bareTimes = try (0..<block).map { _ in try Stopwatch.milliseconds { try bare.commit(content) } }
            if turn > 0 {
                samples += times
                commits += bareTimes
            }
        }
        let request = DaemonClient.request(1, "operation/submit", content)
        let echo = try RoundTripMeasure.echo(bench, request, answer: 130)
        return measurement(
            bench, Samples(samples), limit: ("echo + SQLite commit p50", echo + (Samples(commits).p50 ?? .nan)),
            rssMB: stage.held.daemon.process.rssMB, rows: stage.held.database.rows)
    }
}
