enum StatusMeasure: Measure {
    static let name = "status-cli"
    static let explanation = """
        `satchel status` as a process, from its start to its end, with a daemon that runs. Limit: `true` in the \
        same way.
        """
    static let unit = "ms"
    static let reach = Reach.valueAtMost(10)

    private static let runs = 100

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try HeldStage(bench)
        defer { stage.strike() }
        var samples: [Double] = []
        var limits: [Double] = []
        let log = bench.freshPath("status.log")
        for number in 0..<(runs + 5) {
            let time = try Stopwatch.milliseconds {
                try ChildProcess(
                    [bench.programs.client, "status", "--socket", stage.daemon.socket], log: log,
                    janitor: bench.janitor
                ).wait()
            }
            let bare = try Stopwatch.milliseconds {
                try ChildProcess(["/bin/true"], log: log, janitor: bench.janitor).wait()
            }
            // The first ones load the program from disk.
            guard number >= 5 else { continue }
            samples.append(time)
            limits.append(bare)
        }
        return measurement(
            bench, Samples(samples), limit: ("/bin/true p50", Samples(limits).p50 ?? .nan), rows: stage.database.rows)
    }
}
