import Daemon
import Foundation
import Logging
import ProgramMain

/// One run of the program, from options to exit.
struct Program {
    private let common: CommonOptions
    private let overStdio: Bool

    init(_ common: CommonOptions, overStdio: Bool) {
        self.common = common
        self.overStdio = overStdio
    }

    func run() {
        // A client that goes away in the middle of an answer is no reason to die.
        signal(SIGPIPE, SIG_IGN)
        // What the daemon keeps is for its owner alone.
        umask(0o077)
        let environment = ProcessInfo.processInfo.environment
        do {
            let options = try common.resolved(environment: environment)
            let stop = StopRequest()
            // From before the socket is there: whoever has seen it may end us. A client on stdio is its own end.
            if !overStdio { stop.trapSignals() }
            let outcome = try Launcher.launch(
                options, overStdio: overStdio, environment: environment, instance: UUID().uuidString.lowercased(),
                stop: stop, logger: Self.logger(options.logLevel), whenJoined: { warn(options, socket: $0) })
            switch outcome {
            case .bridged: return
            case .started(let process):
                if overStdio { stop.trapSignals() }
                process.run()
            }
        } catch {
            FileHandle.standardError.write(Data("satcheld: \(error)\n".utf8))
            exit((error as? StartError)?.isOfConfiguration == true ? ConfigurationFailure.status : 1)
        }
    }

    /// Whoever names a user or a service and is joined with a daemon of another one must not think that they count.
    private func warn(_ options: DaemonOptions, socket: String) {
        let names = common.identity(in: options)
        guard !names.isEmpty else { return }
        let list = names.joined(separator: ", ")
        let text =
            "satcheld: joined the daemon that runs at \(socket), which has a service and a user of its own: \(list) "
            + "\(names.count == 1 ? "does" : "do") not count. Another --state with another --socket starts another daemon.\n"
        FileHandle.standardError.write(Data(text.utf8))
    }

    private static func logger(_ level: DaemonOptions.LogLevel) -> Logger {
        var logger = Logger(label: "satcheld", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = Logger.Level(level)
        return logger
    }
}

extension Logger.Level {
    init(_ level: DaemonOptions.LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
