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
                let result = try OperationName(id).lookedUp(with: daemon) { try Self.retry($0, daemon) }
                if options.json { return Output.json(result.json) }
                Output.lines(OperationText.queuedAgain(result.operations.map(\.id)))
            }
        }

        private static func retry(_ id: OperationID, _ daemon: DaemonConnection) throws -> RetryOperation.Result {
            do {
                return try daemon.call(RetryOperation.self, RetryOperation.Params(id: id))
            } catch let error as ResponseError where error.code == DaemonErrorCode.invalidOperation.rawValue {
                let shown = try daemon.call(ShowOperation.self, ShowOperation.Params(id: id))
                guard shown.summary.state == .confirmed else { throw error }
                throw CommandFailure(
                    CommandStatus(error), Printable.line("Operation \(id) is confirmed: there is nothing to retry."),
                    data: error.json)
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
                Output.lines(OperationText.cancelled(result.operations))
            }
        }
    }
}
