import Glibc

/// Waiting for another process by looking again and again.
enum Waiting {
    /// What `look` returns once it is not nil; `process` must go on running meanwhile. Looks every `pause`
    /// microseconds.
    static func until<Result>(
        _ seconds: Double, _ what: String, _ process: ChildProcess, pause: UInt32 = 500, _ look: () throws -> Result?
    ) throws -> Result {
        let watch = Stopwatch()
        while true {
            if let result = try look() { return result }
            try process.checkRuns()
            guard watch.seconds < seconds else {
                throw BenchError("\(what) did not get ready in \(Int(seconds)) s: \(Files.tail(process.log))")
            }
            usleep(pause)
        }
    }
}
