import ArgumentParser
import JSONText
import PipelineFiles
import TerminalText

struct PipelineDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare files with their pipelines as they are on this device.",
        discussion: """
            As data: the order of members, quoting and comments do not count. Each difference is printed with its \
            path, the file's value and the pipeline's. Exit status 1 when there is one, 2 for a file that is no YAML.
            """)

    @Argument(help: "Files that were imported.")
    var files: [String]

    @OptionGroup var team: TeamOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        try Input.requireFiles(files)
        try options.withDaemon { daemon in
            let store = PipelineStore(daemon: daemon)
            let teamID = try store.team(named: team.team, isRequired: false)?.teamID
            let catalogue = try store.arrived(teamID: teamID)
            var count = 0
            for file in files {
                let data = try Self.data(file)
                let pipeline = try store.find(file, in: catalogue, teamID: teamID)
                let differences = try Self.differences(file, data, pipeline)
                count += differences.count
                show(file, differences)
            }
            guard count == 0 else {
                throw CommandFailure(.failed, "\(Printable.count(Int64(count), "difference")).")
            }
        }
    }

    private static func data(_ file: String) throws -> DataTree {
        let text = try Input.file(file, limit: DataLimits.fileBytes)
        do throws(PipelineFileError) {
            return try DataTree(yaml: text)
        } catch {
            throw CommandFailure(.usage, "\(FileProblem(file: file, error)).")
        }
    }

    private static func differences(
        _ file: String, _ data: DataTree, _ pipeline: CurrentPipeline
    ) throws -> [DataDifference] {
        do throws(PipelineFileError) {
            guard let rows = try pipeline.rows() else { throw PipelineFileError("the pipeline is gone") }
            return data.differences(to: rows.document)
        } catch {
            throw CommandFailure(.failed, "\(file): \(error.reason).")
        }
    }

    private func show(_ file: String, _ differences: [DataDifference]) {
        if options.json {
            let items = differences.map { difference -> JSON in
                [
                    "path": .string(difference.path), "file": .string(difference.left?.json ?? ""),
                    "now": .string(difference.right?.json ?? ""),
                ]
            }
            Output.json(["file": .string(file), "differences": .array(items)])
            return
        }
        if differences.isEmpty { Output.line("\(file): the same") }
        for difference in differences {
            let (left, right) = (difference.left?.json ?? "nothing", difference.right?.json ?? "nothing")
            Output.line(Printable.line("\(file): \(difference.path): \(left) → \(right)"))
        }
    }
}
