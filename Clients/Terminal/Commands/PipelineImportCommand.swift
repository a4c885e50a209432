import ArgumentParser
import DaemonProtocol
import JSONText
import PipelineFiles
import SyncModel
import TerminalText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct PipelineImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Read pipeline files into the team's pipelines.",
        discussion: """
            A file that was imported before updates its pipeline: it is recognised by team and file name, or by \
            the comment line that an export wrote at its head where the name does not tell. \
            Works offline. Of each file it says whether its pipeline was imported, updated, or unchanged. \
            A file that is no pipeline is reported, and the others go on: the exit status is 0 where any went, 2 where none.
            """)

    @Argument(help: "Files, or folders with .yaml files.")
    var files: [String]

    @OptionGroup var team: TeamOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        // Where others are there, the missing one is reported among them.
        if files.allSatisfy({ !Input.exists($0) }) { try Input.requireFiles(files) }
        var places: Set<Text> = []
        let paths = try files.flatMap(Self.expanded).filter { places.insert(Text(Folder.place($0))).inserted }
        try options.withDaemon { daemon in
            let store = PipelineStore(daemon: daemon)
            guard let choice = try store.team(named: team.team, isRequired: true) else { return }
            let (catalogue, status) = try store.catalogue(teamID: choice.teamID)
            if status == .initial {
                Output.say(
                    "The team's pipelines are not on this device yet: files are imported without comparing.")
            }
            var run = ImportRun(
                daemon: daemon, choice: choice, catalogue: catalogue, isWhole: status != .initial, json: options.json)
            for path in paths { try run.importFile(path, of: paths.count) }
            try run.finish()
        }
    }

    private static func expanded(_ path: String) throws -> [String] {
        guard Folder.isFolder(path) else { return [path] }
        let all = try Folder.files(path).map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
        let folders = all.filter(Folder.isFolder)
        if !folders.isEmpty {
            let list = folders.map { Printable.line($0) }.joined(separator: ", ")
            Output.say("Folders in a folder are not looked into, name them to import theirs: \(list)")
        }
        let files = all.filter { PipelineReader.isFileName($0) && !folders.contains($0) }
        guard !files.isEmpty else { throw CommandFailure(.notFound, "\(path) has no .yaml files.") }
        return files
    }
}

/// One `pipeline import`: file after file, with progress.
struct ImportRun {
    let daemon: DaemonConnection
    let choice: TeamChoice
    let catalogue: PipelineCatalogue
    /// False before the first sync: nobody knows yet which pipelines there are.
    let isWhole: Bool
    let json: Bool
    private var imported: [JSON] = []
    private var reported: [FileProblem] = []
    private var tally = ImportTally()
    /// The file of each pipeline, by id.
    private var sources: [String: String] = [:]
    private let isTalking = Terminal.isTerminal(STDERR_FILENO)

    init(
        daemon: DaemonConnection, choice: TeamChoice, catalogue: PipelineCatalogue, isWhole: Bool, json: Bool
    ) {
        self.daemon = daemon
        self.choice = choice
        self.catalogue = catalogue
        self.isWhole = isWhole
        self.json = json
    }

    mutating func importFile(_ path: String, of total: Int) throws {
        let done = imported.count + reported.count
        if isTalking { Output.sayRaw("\r\u{1b}[K[\(done + 1)/\(total)] \(Printable.line(path))") }
        do throws(PipelineFileError) {
            let (rows, operations, outcome) = try prepared(path)
            try submitAll(operations, path: path)
            tally.count(outcome)
            imported.append([
                "file": .string(path), "pipeline": .string(rows.pipeline.id),
                "name": .string(rows.pipeline.name.string), "outcome": .string(outcome.name),
                "steps": .int(Int64(rows.steps.count)), "connections": .int(Int64(rows.connections.count)),
                "operations": .int(Int64(operations.count)),
            ])
            if isTalking { Output.sayRaw("\r\u{1b}[K") }
            if !json {
                let steps = Printable.count(Int64(rows.steps.count), "step")
                Output.line(Printable.line("\(path): \(outcome.description) · \(steps) · \(rows.pipeline.id)"))
            }
        } catch {
            let problem = FileProblem(file: path, error)
            tally.countReported()
            reported.append(problem)
            if isTalking { Output.sayRaw("\r\u{1b}[K") }
            Output.say(problem.description)
        }
    }

    private mutating func prepared(_ path: String) throws(PipelineFileError) -> (
        PipelineRows, [ImportOperation], ImportOutcome
    ) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let text: String
        do {
            text = try Input.file(path, limit: DataLimits.fileBytes, name: "the file")
        } catch let failure as CommandFailure {
            let reason = failure.message.hasSuffix(".") ? String(failure.message.dropLast()) : failure.message
            throw PipelineFileError(reason)
        } catch {
            throw PipelineFileError("the file cannot be read: \(error)")
        }
        let marked = try markedPipeline(text)
        let id = marked ?? PipelineReader.pipelineID(teamID: choice.teamID, fileName: name) ?? ""
        if let first = sources[id] {
            let why = marked == nil ? "has the same file name, which names" : "is"
            throw PipelineFileError("\(first) \(why) the same pipeline: rename one, or take its comment line out")
        }
        sources[id] = path
        let current = catalogue[id]
        let steps = try current.rows()?.steps ?? []
        var reader = try PipelineReader(teamID: choice.teamID, fileName: name, marked: marked, current: steps)
        let rows = try reader.read(text)
        let operations = try rows.operations(current: current, createdBy: choice.userID)
        return (rows, operations, ImportOutcome(current: current, operations: operations))
    }

    /// A mark that names no pipeline of the team, because it was deleted or the file is for another team, counts for
    /// nothing.
    private func markedPipeline(_ text: String) throws(PipelineFileError) -> String? {
        guard let id = PipelineMark.id(in: text) else { return nil }
        guard isWhole else {
            throw PipelineFileError(
                "a comment line of it names a pipeline by id, and the team's pipelines are not on this device yet: "
                    + "import it when `satchel status` says that they are in sync")
        }
        return catalogue[id].pipeline == nil ? nil : id
    }

    private func submitAll(_ operations: [ImportOperation], path: String) throws(PipelineFileError) {
        do {
            try OperationFeed(daemon: daemon).submit(operations.map(SubmittedOperation.init))
        } catch let error as PipelineFileError {
            throw error
        } catch let failure as CommandFailure {
            // The rest would fail alike.
            Output.failed(failure)
        } catch {
            throw PipelineFileError("\(error)")
        }
    }

    func finish() throws {
        if isTalking { Output.sayRaw("\r\u{1b}[K") }
        if json {
            let problems = reported.map { problem -> JSON in
                [
                    "file": .string(problem.file), "line": .int(Int64(problem.line)),
                    "reason": .string(problem.reason),
                ]
            }
            Output.json([
                "team": .string(choice.teamID), "imported": .array(imported), "reported": .array(problems),
            ])
        } else {
            Output.line(tally.summary)
        }
        if imported.isEmpty { throw CommandFailure(.usage, "No file was imported.") }
    }
}

extension SubmittedOperation {
    fileprivate init(_ operation: ImportOperation) {
        let action: SyncModel.Operation.Action =
            switch operation.action {
            case .update: .update
            case .upsert: .upsert
            case .delete: .delete
            }
        self.init(
            table: TableName(name: operation.table), action: action,
            key: KeyValues([KeyValues.Field("id", Text(operation.id))]),
            set: ColumnValues(operation.set.map { ShapeMessage.Field($0.name, $0.value) }))
    }
}
