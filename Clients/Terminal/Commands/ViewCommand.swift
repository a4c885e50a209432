import ArgumentParser
import DaemonProtocol
import JSONText
import SyncModel
import TerminalText

struct ViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view", abstract: "Sync what a screen shows: the views of the service's data model.",
        subcommands: [List.self, Enter.self, Leave.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the views and named shapes, with their parameters; `*` marks the view entered last.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let names = try daemon.call(ListViews.self, Nothing())
                if options.json { return Output.json(names.json) }
                Output.lines(ViewText.lines(names, style: Terminal.style))
            }
        }
    }

    struct Enter: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enter", abstract: "Keep the shapes of a view up to date on this device, before all others.",
            discussion: """
                What an earlier view has in common with it is not fetched again. The exit status is 1 where rows have \
                not come yet; the view is entered, and they come.
                """)

        @Argument(help: "As `view list` prints it.")
        var name: String

        @Argument(help: ArgumentHelp("The values of its parameters.", valueName: "name=value"))
        var parameters: [String] = []

        @OptionGroup var patience: WaitOption

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let values = try DefinitionText.parameters(parameters)
            try options.withDaemon { daemon in
                let wait = try ShapeReader(daemon: daemon).patience(patience.wait)
                let params = EnterView.Params(name: name, parameters: values, limit: 0)
                let entered = try NamedThing.view(name).lookedUp(with: daemon) {
                    try daemon.call(EnterView.self, params)
                }
                var shapes: [ViewText.Shape] = []
                for part in entered.subscriptions { shapes.append(try Self.read(part, wait: wait, daemon)) }
                if options.json {
                    Output.json(["shapes": .array(shapes.map(\.json))])
                } else {
                    Output.lines(shapes.map(ViewText.line))
                }
                try Self.explain(shapes, daemon)
            }
        }

        private static func explain(_ shapes: [ViewText.Shape], _ daemon: DaemonConnection) throws {
            let refused = shapes.filter { $0.status == .ended }.map(\.name)
            if !refused.isEmpty {
                let ended = try daemon.call(ReadSyncStatus.self, Nothing()).shapes.filter { $0.status == .ended }
                // Which of them is the view's is not told: where more have ended, no reason is given for any.
                let reasons = ended.count == refused.count ? ended.compactMap(\.reason?.message) : []
                throw CommandFailure(.failed, ViewText.refusal(of: refused, reasons: reasons))
            }
            if shapes.contains(where: { $0.status == .initial }) {
                throw CommandFailure(.failed, try ReadCommand.notYet("Some rows have not come yet", daemon))
            }
        }

        private static func read(
            _ part: EnterView.ViewSubscription, wait: Int, _ daemon: DaemonConnection
        ) throws -> ViewText.Shape {
            let source = ReadShape.Params.Source.subscription(part.subscription)
            let first = try daemon.call(
                ReadShape.self, ReadShape.Params(source: source, limit: Limits.page, wait: wait))
            let rest = try ShapeReader(daemon: daemon).rest(of: source, after: first)
            return ViewText.Shape(name: part.shape, status: first.status, rows: first.rows.count + rest.count)
        }
    }

    struct Leave: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "leave", abstract: "Leave the view that was entered last; its rows stay on this device.")

        @Flag(help: "Remove the rows of all views from this device that nothing else shows; say which shapes went.")
        var forget = false

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let result = try daemon.call(LeaveView.self, LeaveView.Params(forget: forget))
                if options.json { return Output.json(result.json) }
                if let left = result.left {
                    Output.line("\(Printable.line(left)) left")
                } else {
                    let isAll = result.shapes?.isEmpty == true
                    Output.say(isAll ? "No view was entered, and views left nothing here." : "No view was entered.")
                }
                Output.lines((result.shapes ?? []).map { "\($0) forgotten" })
            }
        }
    }
}
