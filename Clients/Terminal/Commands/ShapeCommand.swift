import ArgumentParser
import DaemonProtocol
import JSONRPC
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
            abstract: "Let go of a shape and of the rows that no other one has. Queued operations stay.",
            discussion: """
                What `satchel read` was once asked for stays on the device. --unused lets go of all that nobody watches \
                and no view brought, but for shapes that alone have rows with changes of yours that are not confirmed.
                """)

        @Argument(help: "As `shape list` prints it.")
        var shape: String?

        @Flag(help: "Let go of every shape that nobody uses.")
        var unused = false

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let target: ForgetShape.Params.Target
            switch (shape, unused) {
            case (let shape?, false): target = .shape(shape)
            case (nil, true): target = .unused
            case (nil, false), (.some, true):
                throw UsageError("Name one shape, as satchel shape list prints it, or give --unused.")
            }
            try options.withDaemon { daemon in
                let result = try Self.forget(target, daemon)
                if options.json { return Output.json(result.json) }
                Output.lines(result.shapes.map { "\($0) forgotten" })
                guard result.shapes.isEmpty else { return }
                let isNone = try daemon.call(ListShapes.self, Nothing()).shapes.isEmpty
                Output.say(isNone ? "This device holds no shapes." : "Every shape is in use.")
            }
        }

        private static func forget(
            _ target: ForgetShape.Params.Target, _ daemon: DaemonConnection
        ) throws -> ForgetShape.Result {
            do {
                return try daemon.call(ForgetShape.self, ForgetShape.Params(target))
            } catch let error as ResponseError where error.code == DaemonErrorCode.unknownShape.rawValue {
                guard case .shape(let name) = target else { throw error }
                // The daemon's advice is its own method.
                throw CommandFailure(
                    .notFound, "This device holds no shape \(Printable.line(name)): see satchel shape list.",
                    data: error.json)
            }
        }
    }
}
