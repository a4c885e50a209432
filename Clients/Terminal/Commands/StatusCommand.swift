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
            StatusPrinter.show(try daemon.call(ReadSyncStatus.self, Nothing()), json: json)
        }
    }
}

enum StatusPrinter {
    static func show(_ status: SyncStatus, json: Bool) {
        if json {
            Output.json(status.json)
        } else {
            Output.lines(
                StatusText.lines(
                    status, now: SystemClock.now, width: Terminal.size?.width, style: Terminal.style))
        }
    }
}
