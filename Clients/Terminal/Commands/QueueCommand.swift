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
            abstract: "List operations, oldest first; without --state or --all those not yet confirmed.")

        @Option(help: "queued, held, sending, acknowledged, confirmed or parked; repeatable.")
        var state: [OperationState] = []

        @Flag(help: "Confirmed ones of the last 24 hours, too.")
        var all = false

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let open = OperationState.allCases.filter { $0 != .confirmed }
                let states = all ? nil : state.isEmpty ? open : state
                var operations: [OperationSummary] = []
                var counts: [ListOperations.Count] = []
                var cursor: String?
                repeat {
                    let params = ListOperations.Params(states: states, limit: Limits.page, cursor: cursor)
                    let page = try daemon.call(ListOperations.self, params)
                    operations += page.operations
                    counts = page.counts
                    cursor = page.next
                } while cursor != nil
                show(operations, counts)
            }
        }

        private func show(_ operations: [OperationSummary], _ counts: [ListOperations.Count]) {
            if options.json {
                Output.json([
                    "operations": .array(operations.map(\.json)),
                    "counts": .object(JSONObject(counts.map { ($0.state.rawValue, .int($0.count)) })),
                ])
            } else {
                Output.lines(
                    OperationText.lines(
                        operations, counts: counts, now: SystemClock.now, width: Terminal.size?.width,
                        style: Terminal.style))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one operation: its values, its verdict, and what it lost to whom.")

        @Argument(help: "As `queue list` prints it.")
        var id: String

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let params = ShowOperation.Params(id: OperationID(id))
                let operation = try daemon.call(ShowOperation.self, params)
                if options.json {
                    Output.json(operation.json)
                } else {
                    Output.lines(
                        OperationText.detail(operation, now: SystemClock.now, style: Terminal.style))
                }
            }
        }
    }
}
