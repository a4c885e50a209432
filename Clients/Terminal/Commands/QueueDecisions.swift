import ArgumentParser
import DaemonProtocol
import JSONRPC
import JSONText
import SyncModel
import TerminalText

extension QueueCommand {
    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Queue a parked operation again, with its group and what was parked because of it.")

        @Argument(help: "As `queue list` prints it, or its first characters.")
        var id: String

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let result = try OperationName(id).lookedUp(with: daemon) {
                    try daemon.call(RetryOperation.self, RetryOperation.Params(id: $0))
                }
                if options.json { return Output.json(result.json) }
                Output.lines(OperationText.queuedAgain(result.operations.map(\.id)))
            }
        }
    }

    struct Cancel: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract:
                "Take an operation out of the queue for good, with its group: one that is parked, or was not sent.")

        @Argument(help: "As `queue list` prints it, or its first characters.")
        var id: String

        @Flag(help: "What builds on it, too.")
        var dependents = false

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let result = try OperationName(id).lookedUp(with: daemon) {
                    try daemon.call(CancelOperation.self, CancelOperation.Params(id: $0, withDependents: dependents))
                }
                if options.json { return Output.json(result.json) }
                Output.lines(OperationText.cancelled(result.operations, staying: result.dependents))
            }
        }
    }
}
