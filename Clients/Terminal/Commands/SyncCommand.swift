import ArgumentParser
import DaemonProtocol
import JSONRPC
import JSONText
import SyncModel
import TerminalText

struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Go online or offline, and wait until all is saved.",
        subcommands: [Now.self, Pause.self, Resume.self, Wait.self])

    struct Now: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "now", abstract: "Contact the service at once.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.contact(SyncNow.self, options) }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Go offline, until `resume`; a restart changes nothing.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.run(PauseSync.self, Nothing(), options) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "resume", abstract: "Go online again.")
        @OptionGroup var options: GlobalOptions

        func run() throws { try SyncCommand.contact(ResumeSync.self, options) }
    }

    struct Wait: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "wait", abstract: "Wait until the queue is empty and every shape is up to date.",
            discussion: "Ends with 5 when changes are left that need you, with 1 when there is a sync error.")

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("Give up after so many milliseconds.", valueName: "ms"))
        var timeout: Int?

        @OptionGroup var options: GlobalOptions

        func validate() throws {
            if let timeout, !(0...Limits.wait).contains(timeout) {
                throw ValidationError("--timeout takes 0 to \(Limits.wait) milliseconds.")
            }
        }

        func run() throws {
            try options.withDaemon { daemon in
                var known = try daemon.call(ReadSyncStatus.self, Nothing())
                let params = WaitForSync.Params(timeout: timeout)
                let status = try daemon.call(WaitForSync.self, params) { news in
                    known = SyncCommand.lastStatus(in: news) ?? known
                    Output.say(StatusText.waiting(known, hasTimeout: timeout != nil))
                }
                SyncCommand.show(status, options)
                if status.parked > 0 || status.conflicts > 0 {
                    throw CommandFailure(.conflict, "Some changes need you: satchel queue list --state parked")
                }
                if status.state == .error {
                    throw CommandFailure(
                        .failed, "Nothing is in sync: \(Printable.line(status.reason?.message ?? status.text))")
                }
            }
        }
    }

    /// Milliseconds in which a service that can be reached has answered.
    private static let contactTime: Int64 = 2_000

    /// What is told is what came of the contact, not what was before it.
    private static func contact<Method: RequestMethod>(
        _ method: Method.Type, _ options: GlobalOptions
    ) throws where Method.Params == Nothing, Method.Result == SyncStatus {
        try options.withDaemon { daemon in
            var status = try daemon.call(method, Nothing())
            let deadline = SystemClock.milliseconds + contactTime
            while status.state == .offline, !status.isPaused, SystemClock.milliseconds < deadline {
                let left = Int(deadline - SystemClock.milliseconds)
                guard let news = try daemon.nextNotification(timeout: max(left, 0)) else { break }
                status = lastStatus(in: [news]) ?? status
            }
            show(status, options)
        }
    }

    private static func run<Method: RequestMethod>(
        _ method: Method.Type, _ params: Method.Params, _ options: GlobalOptions
    ) throws where Method.Result == SyncStatus {
        try options.withDaemon { daemon in show(try daemon.call(method, params), options) }
    }

    private static func show(_ status: SyncStatus, _ options: GlobalOptions) {
        if options.json {
            Output.json(status.json)
        } else {
            Output.line(StatusText.headline(status, style: Terminal.style))
        }
    }

    private static func lastStatus(in news: [JSONRPC.Notification]) -> SyncStatus? {
        let last = news.last { $0.method == SyncStatusChanged.method }
        return last.flatMap { try? SyncStatus(json: $0.params ?? [:]) }
    }
}
