import ArgumentParser
import DaemonProtocol
import JSONRPC
import JSONText
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the status, and the changes of tables or a shape, as they come.",
        discussion: "On a terminal a live view, else a line for each change. Ends with control-C.")

    @Argument(help: ArgumentHelp("For example pipelines steps; after --shape, name=value.", valueName: "tables"))
    var arguments: [String] = []

    @OptionGroup var shape: DefinitionOptions

    @Flag(help: "Show the rows of a first sync as they arrive.")
    var partial = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let definitions = try shape.all(arguments)
        try options.withDaemon(conditions: shape.conditions) { daemon in
            var view: any WatchView = LineWatchView()
            if options.json {
                view = JSONWatchView()
            } else if Terminal.size != nil {
                view = LiveWatchView()
            }
            try shape.named.lookedUp(with: daemon) {
                try Self.watch(definitions, isPartial: partial, daemon, &view)
            }
        }
    }

    private static func watch(
        _ definitions: [JSON], isPartial: Bool, _ daemon: DaemonConnection, _ view: inout any WatchView
    ) throws {
        view.status(try daemon.call(ReadSyncStatus.self, Nothing()))
        let reader = ShapeReader(daemon: daemon)
        for definition in definitions {
            let answer = try daemon.call(
                SubscribeShape.self, SubscribeShape.Params(definition: definition, isPartial: isPartial))
            let rest = try reader.rest(of: .subscription(answer.subscription), after: answer.page)
            view.subscribed(answer.subscription, definition, answer.page, rows: answer.page.rows + rest)
        }
        view.refresh()
        while let notification = try daemon.nextNotification(whileRead: STDOUT_FILENO) {
            do throws(WireError) {
                try show(notification, in: &view)
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    private static func show(
        _ notification: JSONRPC.Notification, in view: inout any WatchView
    ) throws(WireError) {
        let params = notification.params ?? [:]
        switch notification.method {
        case ShapeChanged.method: view.changed(try ShapeChanged.Params(json: params))
        case ShapeStatusChanged.method: view.shapeStatus(try ShapeStatusChanged.Params(json: params))
        case SyncStatusChanged.method: view.status(try SyncStatus(json: params))
        default: return
        }
        view.refresh()
    }
}
