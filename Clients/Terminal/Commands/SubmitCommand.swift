import ArgumentParser
import DaemonProtocol
import JSONRPC
import TerminalText

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Put operations into the queue.",
        discussion: """
            An operation, or an array of them: {"table": "steps", "op": "update", "key": {"id": "…"}, \
            "set": {"name": "fetch"}} with op insert, update, upsert or delete. `-` reads standard input.
            """)

    @Argument(help: "JSON, or - for standard input.")
    var operations: String

    @Flag(help: "Merge all of them or none.")
    var atomic = false

    @Flag(name: .customLong("dry-run"), help: "Only say whether they would be accepted.")
    var isDryRun = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let text = operations == "-" ? try Input.standard() : operations
        let operations = try OperationArguments.operations(text)
        try options.withDaemon { daemon in
            let params = SubmitOperations.Params(
                operations: operations, isAtomic: atomic, isDryRun: isDryRun)
            let result = try Self.submit(params, daemon)
            if options.json {
                Output.json(result.json)
            } else {
                Output.lines(
                    result.operations.map { "\($0.id) \(isDryRun ? "would be " : "")\($0.state.rawValue)" })
                let done = isDryRun ? "would be accepted" : "accepted, on disk"
                Output.say("\(Printable.count(Int64(result.operations.count), "operation")) \(done).")
            }
        }
    }

    private static func submit(
        _ params: SubmitOperations.Params, _ daemon: DaemonConnection
    ) throws -> SubmitOperations.Result {
        do {
            return try daemon.call(SubmitOperations.self, params)
        } catch let error as ResponseError where error.code == DaemonErrorCode.queueFull.rawValue {
            let status = try daemon.call(ReadSyncStatus.self, Nothing())
            let stop = error.message.hasSuffix(".") ? "" : "."
            throw CommandFailure(
                CommandStatus(error), "\(error.message)\(stop) \(StatusText.room(status))", data: error.json)
        }
    }
}
