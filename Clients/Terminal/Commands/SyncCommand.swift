import ArgumentParser
import DaemonProtocol
import JSONRPC
import TerminalText

struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Go online or offline, and wait until all is saved.",
        subcommands: [Now.self, Pause.self, Resume.self, Wait.self])

    struct Now: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Contact the service at once.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.run(SyncNow.self, Nothing(), options) }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go offline, until `resume`; a restart changes nothing.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.run(PauseSync.self, Nothing(), options) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go online again.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.run(ResumeSync.self, Nothing(), options) }
    }

    struct Wait: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wait until the queue is empty and every shape is up to date.",
            discussion: "Ends with 5 when changes are left that need you.")

        @Option(help: ArgumentHelp("Give up after so many milliseconds.", valueName: "ms"))
        var timeout: Int?

        @OptionGroup var options: GlobalOptions

        func validate() throws {
            if let timeout, !(0...Limits.wait).contains(timeout) {
                throw ValidationError("--timeout takes 0 to \(Limits.wait) milliseconds.")
            }
        }

        func run() throws {
            try SyncCommand.run(WaitForSync.self, WaitForSync.Params(timeout: timeout), options)
        }
    }

    static func run<Method: RequestMethod>(
        _ method: Method.Type, _ params: Method.Params, _ options: GlobalOptions
    ) throws where Method.Result == SyncStatus {
        try options.withDaemon { daemon in
            let status = try daemon.call(method, params)
            if options.json {
                Output.json(status.json)
            } else {
                Output.line(StatusText.headline(status, style: Terminal.style))
            }
            if method.method == WaitForSync.method, status.parked > 0 || status.conflicts > 0 {
                throw CommandFailure(.conflict, "Some changes need you: satchel queue list --state parked")
            }
        }
    }
}
