import Foundation

/// `satchel` beside a daemon, for what is read while it runs.
struct RunningProgram {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()

    init(_ arguments: [String], beside daemon: FakeDaemon) throws {
        process.executableURL = Run.program
        process.arguments = arguments
        process.environment = ["SATCHEL_SOCKET": daemon.path]
        process.standardOutput = output
        process.standardError = errors
        // Threads of the test's pool block signals, and a child inherits that.
        var interrupt = sigset_t()
        var before = sigset_t()
        sigemptyset(&interrupt)
        sigaddset(&interrupt, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &interrupt, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    /// What comes until `end` does, with what came along.
    static func read(_ pipe: Pipe, until end: String) -> String {
        var text = ""
        while !text.contains(end) {
            let data = pipe.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
        }
        return text
    }
}
