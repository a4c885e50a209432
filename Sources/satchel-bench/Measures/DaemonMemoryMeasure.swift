import Glibc

enum DaemonMemoryMeasure: Measure {
    static let name = "daemon-memory"
    static let explanation = """
        Resident memory of a daemon that holds the rows, connected, five seconds after its start. Limit: the \
        sqlite3 program with the same file open.
        """
    static let unit = "MB"
    static let reach = Reach.valueAtMost(32)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try IdleDaemon.raise(bench)
        defer { stage.strike() }
        let value = stage.daemon.process.rssMB
        let limit = try OpenSQLite.rssMB(bench, stage.daemon.state + "/replica.sqlite")
        return measurement(bench, value: value, limit: ("sqlite3", limit), rssMB: value, rows: stage.database.rows)
    }
}

enum DaemonWakeUpsMeasure: Measure {
    static let name = "daemon-wakeups"
    static let explanation = """
        How often the threads of such a daemon are woken in 15 idle seconds. Limit: the request that it has to \
        repeat every 20 seconds, as one wake-up.
        """
    static let unit = "wake-ups"
    static let reach = Reach.valueAtMost(10)

    static func run(_ bench: Bench) throws -> Measurement {
        let stage = try IdleDaemon.raise(bench)
        defer { stage.strike() }
        let process = stage.daemon.process
        let before = process.wakeUps
        sleep(15)
        return measurement(
            bench, value: Double(process.wakeUps - before), limit: ("one request", 1), rssMB: process.rssMB,
            rows: stage.database.rows)
    }
}

private enum IdleDaemon {
    /// Started anew: what first sync took is not idle memory.
    static func raise(_ bench: Bench) throws -> HeldStage {
        let stage = try HeldStage(bench)
        stage.daemon.stop()
        try stage.daemon.start()
        try stage.daemon.connect().waitForSync()
        sleep(5)
        return stage
    }
}
