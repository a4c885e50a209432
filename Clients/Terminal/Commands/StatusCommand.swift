import ArgumentParser
import DaemonProtocol
import TerminalText

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show whether everything is saved, and what is not.")

    @OptionGroup var options: GlobalOptions

    func run() throws { try Self.run(socket: options.socket, json: options.json) }

    static func run(socket: String?, json: Bool) throws {
        try GlobalOptions.withDaemon(socket: socket) { daemon in
            let status = try daemon.call(ReadSyncStatus.self, Nothing())
            StatusPrinter.show(status, losses: try json ? nil : losses(status, daemon), json: json)
        }
    }

    /// One page of the queue is little work. nil where there are more: the status alone counts operations.
    private static func losses(_ status: SyncStatus, _ daemon: DaemonConnection) throws -> Losses? {
        guard status.lost != nil else { return nil }
        let page = try daemon.call(ListOperations.self, ListOperations.Params())
        return page.next == nil ? Losses(page.operations) : nil
    }
}

enum StatusPrinter {
    static func show(_ status: SyncStatus, losses: Losses?, json: Bool) {
        if json {
            Output.json(status.json)
        } else {
            Output.lines(
                StatusText.lines(
                    status, losses: losses, now: SystemClock.now, width: Terminal.size?.width, style: Terminal.style))
        }
    }
}
