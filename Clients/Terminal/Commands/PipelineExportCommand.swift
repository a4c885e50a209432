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

struct PipelineExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write pipelines as files.",
        discussion: """
            The rows as they are on this device, your pending edits included. One goes to standard output, \
            or with --output into a folder. There each has the name of the file it was imported from, where \
            that lies in the folder, is named here, or is the pipeline's name; others have a comment line at the \
            head, by which an import recognises them. None gets the file name of another pipeline. \
            Of each file it says whether it was written, overwritten (it had other content), or unchanged.
            """)

    @Argument(help: "Ids or their first characters, names, or the files they were imported from.")
    var pipelines: [String] = []

    @Flag(help: "Every pipeline.")
    var all = false

    @Option(help: ArgumentHelp("The folder; it is made.", valueName: "dir"))
    var output: String?

    @OptionGroup var team: TeamOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard all != !pipelines.isEmpty else { throw ValidationError("Name pipelines, or give --all.") }
        guard output != nil || pipelines.count == 1 else {
            throw ValidationError("Several need --output DIR.")
        }
    }

    func run() throws {
        try options.withDaemon { daemon in
            let store = PipelineStore(daemon: daemon)
            let teamID = try store.team(named: team.team, isRequired: false)?.teamID
            let catalogue = try store.arrived(teamID: teamID)
            let chosen: [(wanted: String?, pipeline: CurrentPipeline)] =
                all
                ? catalogue.all.map { (nil, $0) }
                : try pipelines.map { ($0, try store.find($0, in: catalogue, teamID: teamID)) }
            if let output {
                try write(chosen, of: catalogue, to: output)
            } else {
                for item in chosen { try print(item.pipeline) }
            }
        }
    }

    private func print(_ pipeline: CurrentPipeline) throws {
        let rows = try Self.rows(pipeline)
        if options.json {
            Output.line(rows.document.json)
        } else {
            Output.raw(try Self.yaml(rows))
        }
    }

    private func write(
        _ chosen: [(wanted: String?, pipeline: CurrentPipeline)], of catalogue: PipelineCatalogue, to folder: String
    ) throws {
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw CommandFailure(
                .failed, "The folder \(folder) cannot be made: \(String(cString: strerror(errno))).")
        }
        let existing = try Folder.files(folder).map { name in
            ExportNames.ExistingFile(name: name, marked: Input.markedPipeline("\(folder)/\(name)"))
        }
        var names = ExportNames(existing: existing, known: catalogue.all)
        var written: [JSON] = []
        for item in chosen {
            let name = names.name(for: item.pipeline, wanted: item.wanted)
            let path = "\(folder)/\(name.file)"
            let mark = name.tellsPipeline ? "" : PipelineMark.line(item.pipeline.id)
            let outcome = try Folder.update(
                path, to: mark + Self.yaml(Self.rows(item.pipeline)),
                isThere: existing.contains { $0.name == name.file })
            if !options.json { Output.line("\(Printable.line(path)): \(outcome.rawValue)") }
            written.append([
                "id": .string(item.pipeline.id), "name": .string(item.pipeline.name.string),
                "file": .string(path), "outcome": .string(outcome.rawValue),
            ])
        }
        if options.json { Output.json(["exported": .array(written)]) }
        Output.say("\(Printable.count(Int64(written.count), "pipeline")) exported.")
    }

    private static func rows(_ pipeline: CurrentPipeline) throws -> PipelineRows {
        do throws(PipelineFileError) {
            guard let rows = try pipeline.rows() else { throw PipelineFileError("the pipeline is gone") }
            return rows
        } catch {
            throw CommandFailure(.failed, "\(pipeline.name): \(error.reason).")
        }
    }

    private static func yaml(_ rows: PipelineRows) throws -> String {
        do throws(PipelineFileError) {
            return try rows.yaml()
        } catch {
            throw CommandFailure(.failed, "\(rows.pipeline.name): \(error.reason).")
        }
    }
}

enum Folder {
    /// The names in a folder, sorted by their bytes.
    static func files(_ folder: String) throws -> [String] {
        guard let directory = opendir(folder) else {
            throw CommandFailure(.notFound, "\(folder) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { Text($0) < Text($1) }
    }

    /// What became of a file.
    enum Outcome: String {
        case written
        /// It had other content.
        case overwritten
        case unchanged
    }

    static func update(_ path: String, to text: String, isThere: Bool) throws -> Outcome {
        if isThere, let held = try? Input.file(path, limit: DataLimits.fileBytes), Text(held) == Text(text) {
            return .unchanged
        }
        try write(text, to: path)
        return isThere ? .overwritten : .written
    }

    /// The same for two ways to write the place of one file. Its own name stays, that of a link too: an import goes
    /// by it.
    static func place(_ path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let parent = parts.count == 1 ? "." : parts.dropLast().joined(separator: "/") + "/"
        guard let real = realpath(parent, nil) else { return path }
        defer { free(real) }
        return "\(String(cString: real))/\(parts.last ?? "")"
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Beside the file first, then in its place: a reader never sees half of it.
    static func write(_ text: String, to path: String) throws {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
        guard descriptor >= 0 else { throw failure(path) }
        var text = text
        let isWritten = text.withUTF8 { utf8 in
            var start = 0
            while start < utf8.count {
                let count = writeBytes(
                    descriptor, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[start...]))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                start += count
            }
            return true
        }
        guard isWritten, fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
            let problem = failure(path)
            unlink(temporary)
            throw problem
        }
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(.failed, "\(path) cannot be written: \(String(cString: strerror(errno))).")
    }

    private static func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
