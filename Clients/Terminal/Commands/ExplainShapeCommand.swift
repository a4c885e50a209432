import ArgumentParser
import DaemonProtocol
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
                satchel shape explain steps id=7 --shape pipeline_workspace --param pipeline_id=3
                """)

        @Argument(help: "The row's table.")
        var table: String

        @Argument(help: ArgumentHelp("The row's key, column=value; a value alone is that of id.", valueName: "key"))
        var key: [String]

        @Option(help: ArgumentHelp("A whole shape definition; without it the table's rows.", valueName: "json"))
        var definition: String?

        @Option(
            name: .customLong("where"),
            help: ArgumentHelp("A condition on the table's rows; several hold together.", valueName: "sql"))
        var conditions: [String] = []

        @Option(
            help: ArgumentHelp(
                "The value of $1, $2 … of --where, in order; after --shape, name=value.", valueName: "value"))
        var param: [String] = []

        @Option(help: ArgumentHelp("A shape of the data model (`satchel view list`).", valueName: "name"))
        var shape: String?

        @Option(
            help: ArgumentHelp("How long the service may take; 0 asks this device alone.", valueName: "milliseconds"))
        var wait = Limits.defaultExplanationWait

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let key = try ExplainArguments.key(self.key)
            let params = ExplainShape.Params(
                source: .definition(
                    try ExplainArguments.definition(
                        table: table, definition: definition, where: conditions, params: param, shape: shape)),
                table: ExplainArguments.table(table), key: key, wait: wait)
            try options.withDaemon(conditions: conditions) { daemon in
                try refuseParameters(daemon)
                let result = try shape.map(NamedThing.shape).lookedUp(with: daemon) {
                    try daemon.call(ExplainShape.self, params)
                }
                if options.json { return Output.json(result.json) }
                Output.lines(
                    ExplanationText.lines(
                        result, table: params.table, key: key, style: Terminal.style,
                        signs: ExplanationText.Signs(environment: Environment.current)))
            }
        }

        /// `satchel read --shape` takes them where the key stands here.
        private func refuseParameters(_ daemon: DaemonConnection) throws {
            guard let shape, key.contains(where: { $0.contains("=") }) else { return }
            let names = try daemon.call(ListViews.self, Nothing())
            guard let found = names.shapes.first(where: { Text($0.name) == Text(shape) }) else { return }
            try ExplainArguments.refuseParameters(
                among: key, of: shape, parameters: found.parameters.map(\.name), params: param)
        }
    }
}
