import ArgumentParser
import DaemonProtocol
import JSONText
import PipelineFiles
import SyncModel
import TerminalText

struct PipelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Import, export and look at the sample's pipelines.",
        subcommands: [
            PipelineImportCommand.self, PipelineExportCommand.self, PipelineDiffCommand.self, PipelineListCommand.self,
            PipelineShowCommand.self,
        ])
}

/// Which team's pipelines a command is about.
struct TeamOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A team, by id or name.", discussion: "Without it the only team that you belong to.",
            valueName: "team"))
    var team: String?
}

struct PipelineListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the pipelines.")

    @OptionGroup var team: TeamOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        try options.withDaemon { daemon in
            let store = PipelineStore(daemon: daemon)
            let teamID = try store.team(named: team.team, isRequired: false)?.teamID
            let (catalogue, status) = try store.catalogue(teamID: teamID)
            let pipelines = catalogue.all
            if options.json {
                Output.json([
                    "pipelines": .array(pipelines.map(Self.json)), "complete": .bool(status != .initial),
                ])
            } else if status != .initial {
                let rows = pipelines.map { pipeline in
                    [
                        pipeline.name.string, pipeline.pipeline?["status"]?.text?.string ?? "",
                        String(pipeline.steps.count), String(pipeline.connections.count), pipeline.id,
                    ]
                }
                let table = TableText(
                    heading: ["name", "status", "steps", "connections", "id"], rows: rows,
                    leasts: [0: 12, 4: IDText.least], dispensable: [3, 2], kept: [0, 4])
                Output.lines(table.lines(width: Terminal.size?.width, style: Terminal.style))
            }
            if status == .initial {
                throw CommandFailure(.failed, try ReadCommand.notYet(PipelineStore.nothingYet, daemon))
            }
        }
    }

    private static func json(_ pipeline: CurrentPipeline) -> JSON {
        [
            "id": .string(pipeline.id), "team_id": .string(pipeline.teamID),
            "name": .string(pipeline.name.string),
            "status": pipeline.pipeline?["status"]?.text.map { .string($0.string) } ?? .null,
            "steps": .int(Int64(pipeline.steps.count)),
            "connections": .int(Int64(pipeline.connections.count)),
        ]
    }
}

struct PipelineShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a pipeline: its steps, their connections, its comments.")

    @Argument(help: "An id or its first characters, a name, or the file it was imported from.")
    var pipeline: String

    @OptionGroup var team: TeamOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        try options.withDaemon { daemon in
            let store = PipelineStore(daemon: daemon)
            let teamID = try store.team(named: team.team, isRequired: false)?.teamID
            let found = try store.find(pipeline, in: try store.arrived(teamID: teamID), teamID: teamID)
            let answer = try ShapeReader(daemon: daemon).read(Self.definition(found.id))
            if options.json {
                Output.json([
                    "status": .string(answer.status.rawValue), "rows": .array(answer.rows.map(\.json)),
                ])
            } else {
                Output.lines(try PipelineOutline.text(answer.rows, id: found.id).lines(style: Terminal.style))
            }
        }
    }

    private static func definition(_ id: String) -> JSON {
        [
            "root_table": "pipelines", "where": ["id": .string(id)],
            "include": [
                "steps": true, "connections": true,
                "comments": ["include": ["user": ["select": ["id", "name", "avatar_url"]]]],
            ],
        ]
    }
}

/// Rows of one pipeline, arranged for people.
enum PipelineOutline {
    static func text(_ rows: [ViewRow], id: String) throws -> PipelineText {
        let catalogue = PipelineCatalogue(rows.map { (table: $0.table, columns: $0.value.dictionary) })
        do throws(PipelineFileError) {
            guard let pipeline = try catalogue[id].rows() else {
                throw PipelineFileError("pipeline \(id) is not here any more")
            }
            return text(pipeline, rows)
        } catch {
            throw CommandFailure(.failed, "\(error.reason).")
        }
    }

    private static func text(_ pipeline: PipelineRows, _ rows: [ViewRow]) -> PipelineText {
        let names = Dictionary(pipeline.steps.map { ($0.id, $0.name.string) }) { first, _ in first }
        let steps = pipeline.outline.map { depth, step in
            PipelineText.Step(
                depth: depth, name: step.name.string, type: step.type.string, isEnabled: step.enabled,
                sources: pipeline.connections.filter { $0.to == step.id }.map { names[$0.from] ?? "?" }
                    .sorted())
        }
        return PipelineText(
            name: pipeline.pipeline.name.string, id: pipeline.pipeline.id,
            description: pipeline.pipeline.description?.string, steps: steps, comments: comments(rows, names))
    }

    private static func comments(_ rows: [ViewRow], _ steps: [String: String]) -> [PipelineText.Comment] {
        func values(_ table: String) -> [ColumnMap] {
            rows.filter { $0.table.name == table }.map(\.value.dictionary)
        }
        func text(_ columns: ColumnMap, _ column: String) -> String? { columns[column]?.text?.string }
        let authors = Dictionary(values("users").map { (text($0, "id"), text($0, "name")) }) { first, _ in
            first
        }
        return values("comments").sorted {
            Text(text($0, "created_at") ?? "") < Text(text($1, "created_at") ?? "")
        }
        .map { comment in
            PipelineText.Comment(
                author: (authors[text(comment, "user_id")] ?? nil) ?? "somebody",
                step: text(comment, "step_id").flatMap { steps[$0] },
                content: text(comment, "content") ?? "", isResolved: text(comment, "resolved") == "t")
        }
    }
}
