import ArgumentParser
import DaemonProtocol
import JSONText
import SyncModel
import TerminalText

extension OperationState: ExpressibleByArgument {}

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "See what waits to be sent and what became of it, and decide what is stuck.",
        subcommands: [List.self, Show.self, Retry.self, Cancel.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List operations, oldest first; without --state, --all or --lost those not yet confirmed.")

        @Option(help: "queued, held, sending, acknowledged, confirmed or parked; repeatable.")
        var state: [OperationState] = []

        @Flag(help: "Confirmed ones of the last 24 hours, too.")
        var all = false

        @Flag(help: "Only those of which something lost to another write, confirmed ones too.")
        var lost = false

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let open = OperationState.allCases.filter { $0 != .confirmed }
                let states = all ? nil : !state.isEmpty ? state : lost ? nil : open
                var (operations, counts) = try OperationPages(daemon: daemon).all(states: states)
                if lost { operations.removeAll { $0.lostColumns == nil } }
                let isSending = counts.contains { $0.state == .sending && $0.count > 0 }
                show(operations, counts, isOnline: try !isSending || daemon.isOnline())
            }
        }

        private func show(
            _ operations: [OperationSummary], _ counts: [ListOperations.Count], isOnline: Bool
        ) {
            if options.json {
                Output.json([
                    "operations": .array(operations.map(\.json)),
                    "counts": .object(JSONObject(counts.map { ($0.state.rawValue, .int($0.count)) })),
                ])
            } else {
                if lost, operations.isEmpty { return Output.say(OperationText.nothingLost(all ? [] : state)) }
                let shown = lost ? OperationText.counts(operations) : counts
                Output.lines(
                    OperationText.lines(
                        operations, counts: shown, isOnline: isOnline, now: SystemClock.now,
                        width: Terminal.size?.width, style: Terminal.style))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one operation: its values, its verdict, and what it lost to whom.")

        @Argument(help: "As `queue list` prints it, or its first characters.")
        var id: String

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let operation = try OperationName(id).lookedUp(with: daemon) {
                    try daemon.call(ShowOperation.self, ShowOperation.Params(id: $0))
                }
                if options.json {
                    Output.json(operation.json)
                } else {
                    let isSending = operation.summary.state == .sending
                    Output.lines(
                        OperationText.detail(
                            operation, isOnline: try !isSending || daemon.isOnline(), now: SystemClock.now,
                            width: Terminal.size?.width, style: Terminal.style))
                }
            }
        }
    }
}

extension DaemonConnection {
    fileprivate func isOnline() throws -> Bool { try call(ReadSyncStatus.self, Nothing()).isOnline }
}
