import ArgumentParser
import DaemonProtocol
import TerminalText

struct ShapeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shape", abstract: "See what this device holds and why, and let go of it.",
        subcommands: [List.self, Explain.self, Forget.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the shapes that this device holds: rows, size, how fresh, how long the first sync took.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let result = try daemon.call(ListShapes.self, Nothing())
                if options.json { return Output.json(result.json) }
                Output.lines(
                    ShapeText.lines(result.shapes, width: Terminal.size?.width, style: Terminal.style))
            }
        }
    }

    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "forget",
            abstract: "Let go of a shape and of the rows that no other one has. Queued operations stay.")

        @Argument(help: "As `shape list` prints it.")
        var shape: String

        @OptionGroup var options: GlobalOptions

        func run() throws {
            try options.withDaemon { daemon in
                let result = try daemon.call(ForgetShape.self, ForgetShape.Params(shape: shape))
                if options.json { return Output.json(result.json) }
                Output.line("\(shape) forgotten")
            }
        }
    }
}
