import Daemon
import Foundation
import Logging
import UnixSignals

/// One run of the program, from options to exit.
struct Program {
    private let common: CommonOptions
    private let overStdio: Bool

    init(_ common: CommonOptions, overStdio: Bool) {
        self.common = common
        self.overStdio = overStdio
    }

    func run() async throws {
        // A client that goes away in the middle of an answer is no reason to die.
        signal(SIGPIPE, SIG_IGN)
        // What the daemon keeps is for its owner alone.
        umask(0o077)
        let environment = ProcessInfo.processInfo.environment
        do {
            let options = try common.resolved(environment: environment)
            // From before the socket is there: whoever has seen it may end us. A client on stdio is its own end.
            let signals = overStdio ? nil : await UnixSignalsSequence(trapping: .sigterm, .sigint)
            let outcome = try await Launcher.launch(
                options, overStdio: overStdio, environment: environment, instance: UUID().uuidString.lowercased(),
                logger: Self.logger(options.logLevel))
            switch outcome {
            case .bridged: return
            case .started(let process): await Self.serve(process, signals)
            }
        } catch {
            FileHandle.standardError.write(Data("satcheld: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func serve(_ process: DaemonProcess, _ trapped: UnixSignalsSequence?) async {
        let signals = Task {
            let sequence = if let trapped { trapped } else { await UnixSignalsSequence(trapping: .sigterm, .sigint) }
            for await _ in sequence { process.requestStop() }
        }
        await process.run()
        signals.cancel()
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
