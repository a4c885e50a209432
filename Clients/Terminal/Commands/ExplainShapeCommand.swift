import ArgumentParser
import DaemonProtocol
import JSONText
import SyncModel
import TerminalText

extension ShapeCommand {
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain", abstract: "Say why a row is, or is not, in a shape.",
            discussion: """
                Each condition with its values and its verdict, up to the root, the permission, the rank in the window, and \
                how changes find the shape. Without a connection it says what this device can tell.

                satchel shape explain steps id=7 --definition '{"root_table": "pipelines", "include": {"steps": true}}'
                satchel shape explain steps id=7 --shape pipeline_workspace pipeline_id=3
                """)

        @Argument(help: "The row's table.")
        var table: String

        @Argument(
            help: ArgumentHelp(
                "The row's key, column=value; a value alone is that of id. With --shape also its parameters, name=value.",
                valueName: "key"))
        var key: [String]

        @Option(help: ArgumentHelp("A whole shape definition; without it the table's rows.", valueName: "json"))
        var definition: String?

        @Option(
            name: .customLong("where"),
            help: ArgumentHelp("A condition on the table's rows; several hold together.", valueName: "sql"))
        var conditions: [String] = []

        @Option(
            help: ArgumentHelp(
                "The value of $1, $2 … of --where, in order; with --shape, name=value.", valueName: "value"))
        var param: [String] = []

        @Option(
            help: ArgumentHelp(
                "A shape of the data model (`satchel view list`); its parameters are name=value, with or without --param.",
                valueName: "name"))
        var shape: String?

        @Option(
            help: ArgumentHelp("How long the service may take; 0 asks this device alone.", valueName: "milliseconds"))
        var wait = Limits.defaultExplanationWait

        @OptionGroup var options: GlobalOptions

        func run() throws {
            // Mistakes that need no daemon to be seen are told without one.
            if shape == nil {
                _ = try request(key: key, params: param)
            } else {
                _ = try definition(params: param)
            }
            try options.withDaemon(conditions: conditions) { daemon in
                let (key, params) = try arguments(daemon)
                let request = try request(key: key, params: params)
                let result = try shape.map(NamedThing.shape).lookedUp(with: daemon) {
                    try daemon.call(ExplainShape.self, request)
                }
                if options.json { return Output.json(result.json) }
                Output.lines(
                    ExplanationText.lines(
                        result, table: request.table, key: request.key, width: Terminal.size?.width,
                        style: Terminal.style, signs: ExplanationText.Signs(environment: Environment.current)))
            }
        }

        private func request(key: [String], params: [String]) throws -> ExplainShape.Params {
            ExplainShape.Params(
                source: .definition(try definition(params: params)), table: ExplainArguments.table(table),
                key: try ExplainArguments.key(key), wait: wait)
        }

        private func definition(params: [String]) throws -> JSON {
            try ExplainArguments.definition(
                table: table, definition: definition, where: conditions, params: params, shape: shape)
        }

        /// The row's key, and the values of parameters.
        private func arguments(_ daemon: DaemonConnection) throws -> (key: [String], params: [String]) {
            guard let shape, key.contains(where: { $0.contains("=") }) else { return (key, param) }
            let names = try daemon.call(ListViews.self, Nothing())
            guard let found = names.shapes.first(where: { Text($0.name) == Text(shape) }) else { return (key, param) }
            return try ExplainArguments.split(
                key, of: shape, parameters: found.parameters.map(\.name), params: param)
        }
    }
}
