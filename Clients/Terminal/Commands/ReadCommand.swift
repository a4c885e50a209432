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

    @Option(
        help: ArgumentHelp(
            "The value of $1, $2 … of the conditions, in order; with --shape, name=value.", valueName: "value"))
    var param: [String] = []

    @Option(help: ArgumentHelp("A related table whose rows come along.", valueName: "table"))
    var include: [String] = []

    @Option(
        help: ArgumentHelp(
            "An order of the rows, as in SQL: 'name DESC, id'; repeatable.", valueName: "columns"))
    var orderBy: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The first rows by --order-by, so many at most.", valueName: "rows"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "A shape of the data model (`satchel view list`); its parameters are name=value, with or without --param.",
            valueName: "name"))
    var shape: String?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes 1 or more rows.") }
    }

    func make(table: String?) throws -> JSON {
        try DefinitionText.make(
            table: table, definition: definition, where: conditions, params: param, include: include, orderBy: orderBy,
            limit: limit)
    }

    var named: NamedThing? { shape.map(NamedThing.shape) }

    /// The definitions that the arguments name: tables, or the parameters of a named shape.
    func all(_ arguments: [String]) throws -> [JSON] {
        let isPlain =
            definition == nil && conditions.isEmpty && include.isEmpty && orderBy.isEmpty && limit == nil
        if let shape {
            guard isPlain else {
                throw UsageError(
                    "--where, --include, --order-by, --limit and --definition do not go with --shape.")
            }
            return [try DefinitionText.named(shape, arguments + param)]
        }
        if arguments.count > 1 || (arguments.isEmpty && definition == nil) {
            guard isPlain, param.isEmpty else {
                throw UsageError(
                    "--where, --param, --include, --order-by, --limit and --definition go with one table: name it first, as in satchel read pipelines --where …"
                )
            }
            return try arguments.map { try make(table: $0) }
        }
        return [try make(table: arguments.first)]
    }
}

struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Print the rows of a table, or of a shape, as they are on this device.",
        discussion: """
            Rows that wait in the queue carry a `*`. The device keeps what it once read up to date. Rows that the \
            condition fails for, as a division by zero does, are left out: how many is said on standard error. The \
            exit status is 1 where the rows have not come yet.
            """)

    @Argument(help: ArgumentHelp("For example pipelines; after --shape, name=value.", valueName: "table"))
    var arguments: [String] = []

    @OptionGroup var shape: DefinitionOptions

    @OptionGroup var patience: WaitOption

    @Flag(help: "Print what has come of a first sync, without waiting for the rest.")
    var partial = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let definitions = try shape.all(arguments)
        guard let definition = definitions.first, definitions.count == 1 else {
            throw UsageError("Name one table, or --shape NAME, or give --definition JSON.")
        }
        try options.withDaemon(conditions: shape.conditions) { daemon in
            let rows = try shape.named.lookedUp(with: daemon) {
                try ShapeReader(daemon: daemon).read(
                    definition, wait: patience.wait, isPartial: partial, isOrdered: true)
            }
            if options.json {
                var answer: JSONObject = [
                    "status": .string(rows.status.rawValue), "sequence": .int(rows.sequence),
                    "rows": .array(rows.rows.map(\.json)),
                    "complete": .bool(rows.isComplete && rows.status != .initial),
                ]
                answer["failures"] = rows.failures?.json
                Output.json(.object(answer))
            } else {
                let style = Terminal.style
                Output.lines(RowsText.lines(rows.rows, width: Terminal.size?.width, style: style))
            }
            try Self.explain(rows, daemon)
        }
    }

    private static func explain(_ rows: ShapeReader.Rows, _ daemon: DaemonConnection) throws {
        if let failures = rows.failures { Output.say(Printable.line(ShapeText.text(failures))) }
        switch rows.status {
        case .live:
            if rows.rows.isEmpty { Output.say("No rows.") }
            if !rows.isComplete { Output.say("Rows may be missing until the service has heard of your changes.") }
        case .stale: Output.say("Not connected: these are the rows as of the last contact.")
        case .initial where !rows.isComplete && !rows.rows.isEmpty:
            Output.say("These rows have come so far; the others are on their way.")
        // Nothing is known yet: for a script that is not the same as no rows.
        case .initial: throw CommandFailure(.failed, try Self.notYet("The rows have not come yet", daemon))
        case .ended:
            throw CommandFailure(
                .failed, "The service does not serve this shape: see satchel status for the reason.")
        }
    }

    /// Of a shape that the device has never had whole. Waiting helps only where the service is reached.
    static func notYet(_ what: String, _ daemon: DaemonConnection) throws -> String {
        let status = try daemon.call(ReadSyncStatus.self, Nothing())
        if status.isPaused { return "\(what), and sync is paused: satchel sync resume brings them." }
        if let refusal = StatusText.refusal(status) { return "\(what), and \(refusal)." }
        if !status.isOnline {
            return "\(what), and the service is not reached: they come with the next connection (satchel status)."
        }
        return "\(what): try again with --wait 5000 (milliseconds), or see satchel status."
    }
}
