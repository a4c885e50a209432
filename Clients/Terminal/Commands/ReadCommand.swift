import ArgumentParser
import DaemonProtocol
import JSONText
import TerminalText

/// How a shape is named on the command line.
struct DefinitionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A whole shape definition.", valueName: "json"))
    var definition: String?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("A condition; several hold together.", valueName: "sql"))
    var conditions: [String] = []

    @Option(help: ArgumentHelp("The value of $1, $2 … of the conditions, in order.", valueName: "value"))
    var param: [String] = []

    @Option(help: ArgumentHelp("A related table whose rows come along.", valueName: "table"))
    var include: [String] = []

    func make(table: String?) throws -> JSON {
        try DefinitionText.make(
            table: table, definition: definition, where: conditions, params: param, include: include)
    }
}

struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Print the rows of a table, or of a shape, as they are on this device.",
        discussion: "Rows that wait in the queue carry a `*`. The device keeps what it once read up to date.")

    @Argument(help: "For example pipelines.")
    var table: String?

    @OptionGroup var shape: DefinitionOptions

    @Option(help: ArgumentHelp("Wait so long for rows that are not here yet.", valueName: "ms"))
    var wait: Int?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if let wait, !(0...Limits.wait).contains(wait) {
            throw ValidationError("--wait takes 0 to \(Limits.wait) milliseconds.")
        }
    }

    func run() throws {
        let definition = try shape.make(table: table)
        try options.withDaemon { daemon in
            let rows = try ShapeReader(daemon: daemon).read(definition, wait: wait)
            if options.json {
                Output.json([
                    "status": .string(rows.status.rawValue), "sequence": .int(rows.sequence),
                    "rows": .array(rows.rows.map(\.json)),
                ])
            } else {
                let style = Terminal.style
                Output.lines(RowsText.lines(rows.rows, width: Terminal.size?.width, style: style))
            }
            try Self.explain(rows)
        }
    }

    private static func explain(_ rows: ShapeReader.Rows) throws {
        switch rows.status {
        case .live:
            if rows.rows.isEmpty { Output.say("No rows.") }
        case .stale: Output.say("Not connected: these are the rows as of the last contact.")
        case .initial:
            Output.say("The rows have not come yet: try again with --wait 5000 (milliseconds), or see satchel status.")
        case .ended:
            throw CommandFailure(
                .failed, "The service does not serve this shape: see satchel status for the reason.")
        }
    }
}
