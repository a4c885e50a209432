import ArgumentParser
import Foundation
import SyncModel

/// A configuration or data model that is wrong: the program does not start before a person has mended it.
package struct ConfigurationFailure: Error, CustomStringConvertible {
    /// As service managers know it (`EX_CONFIG` of `sysexits.h`), so that they need not try again.
    package static let status: Int32 = 78

    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// How every program but the terminal client begins and ends. Exit status: 0 done, 1 failed, 2 wrong arguments, 78 a
/// wrong configuration.
package enum ProgramMain {
    package static var version: String { ProgramVersion.current }

    package static func run<Command: ParsableCommand>(_: Command.Type) -> Never {
        do {
            var command = try Command.parseAsRoot()
            try command.run()
            exit(0)
        } catch {
            end(Command.self, error)
        }
    }

    package static func run<Command: AsyncParsableCommand>(_: Command.Type) async -> Never {
        do {
            var command = try Command.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            end(Command.self, error)
        }
    }

    /// The parser's own status for wrong arguments is 64, which differs from what the terminal client answers.
    package static func status(of code: ExitCode) -> Int32 { code == .validationFailure ? 2 : code.rawValue }

    /// The parser begins with `Error: `; whoever reads a log wants to know whose.
    private static func named(_ message: String, _ program: String) -> String {
        let mark = "Error: "
        return message.hasPrefix(mark) ? "\(program): \(message.dropFirst(mark.count))" : message
    }

    private static func end<Command: ParsableCommand>(_: Command.Type, _ error: any Error) -> Never {
        let message = named(
            Command.fullMessage(for: error), Command.configuration.commandName ?? ProcessInfo.processInfo.processName)
        let code = Command.exitCode(for: error)
        if !message.isEmpty {
            let output: FileHandle = code.isSuccess ? .standardOutput : .standardError
            output.write(Data("\(message)\n".utf8))
        }
        exit(error is ConfigurationFailure ? ConfigurationFailure.status : status(of: code))
    }
}
