import ArgumentParser
import SyncModel
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Satchel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel",
        abstract: "Work with the rows that satcheld keeps on this device.",
        discussion: """
            Exit codes: 0 fine, 1 failed, 2 wrong arguments, 3 not found, 4 the daemon cannot be reached, \
            5 a conflict or changes that need you, 130 interrupted.

            Where no daemon listens at the default socket, one is started, as the last one there was: with its state, \
            service and user. SATCHEL_AUTOSTART=1 does so at any socket (--socket, $SATCHEL_SOCKET), SATCHEL_AUTOSTART=0 \
            nowhere.
            """,
        version: ProgramVersion.current,
        subcommands: [
            StatusCommand.self, WatchCommand.self, ReadCommand.self, ViewCommand.self, ShapeCommand.self,
            SubmitCommand.self, QueueCommand.self, SyncCommand.self, PipelineCommand.self, CallCommand.self,
            SocketNameCommand.self,
        ])
}

@main enum Program {
    static func main() {
        // The handler may only write and leave: that is all that is safe inside a signal.
        signal(SIGINT) { _ in Terminal.leaveAfterSignal() }
        let arguments = ArgumentOrder.normalised(Array(CommandLine.arguments.dropFirst()))
        do {
            if let status = PlainStatus(arguments) {
                try status.run()
            } else {
                if let message = UnknownCommand.message(arguments, root: Satchel.self) { throw UsageError(message) }
                var command = try Satchel.parseAsRoot(arguments)
                try command.run()
            }
            exit(CommandStatus.success.rawValue)
        } catch let failure as CommandFailure {
            Output.failed(failure)
        } catch let error as UsageError {
            Output.failed(CommandFailure(.usage, error.description))
        } catch {
            let message = Satchel.fullMessage(for: error)
            guard !Satchel.exitCode(for: error).isSuccess else {
                Output.line(message)
                exit(CommandStatus.success.rawValue)
            }
            // The parser begins with `Error: `, unlike every other message.
            let mark = "Error: "
            Output.say(message.hasPrefix(mark) ? "satchel: \(message.dropFirst(mark.count))" : message)
            exit(CommandStatus.usage.rawValue)
        }
    }
}
