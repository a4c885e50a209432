import SyncModel

/// File names for exported pipelines.
///
/// An import knows a pipeline by the id that its team and the file's name make. So none gets a name that makes
/// another one's id, and one whose own file name is not known is told by a line in the file, `PipelineMark`.
package struct ExportNames: Sendable {
    package struct Name: Hashable, Sendable {
        package let file: String
        /// The name alone makes the pipeline's id; otherwise the file needs a `PipelineMark`.
        package let tellsPipeline: Bool

        package init(file: String, tellsPipeline: Bool) {
            self.file = file
            self.tellsPipeline = tellsPipeline
        }
    }

    /// A file that the folder has.
    package struct ExistingFile: Hashable, Sendable {
        package let name: String
        /// The pipeline that its `PipelineMark` names.
        package let marked: String?

        package init(name: String, marked: String? = nil) {
            self.name = name
            self.marked = marked
        }
    }

    private var taken: Set<String> = []
    private let existing: [ExistingFile]
    private let ids: Set<String>
    private let teams: [String]

    /// - existing: the files that the folder has: a pipeline that was imported from one of that name, or exported to
    ///   it, keeps it.
    /// - known: the pipelines of this device, whether they are exported or not.
    package init(existing: [ExistingFile], known: [CurrentPipeline]) {
        self.existing = existing.sorted { Text($0.name) < Text($1.name) }
        ids = Set(known.map(\.id))
        teams = Set(known.map(\.teamID)).sorted { Text($0) < Text($1) }
    }

    /// - wanted: how the person named the pipeline.
    package mutating func name(for pipeline: CurrentPipeline, wanted: String?) -> Name {
        let own = ownNames(of: pipeline, wanted: wanted)
        if let name = own.first(where: { taken.insert($0).inserted }) {
            return Name(file: name, tellsPipeline: true)
        }
        let marked = existing.filter { $0.marked == pipeline.id }.map(\.name)
        let slug = Self.slug(pipeline.name.string)
        for name in marked + ["\(slug).yaml", "\(slug)-\(pipeline.id.prefix(8)).yaml"] {
            let isForeign = !marked.contains(name) && existing.contains { $0.name == name }
            if !isForeign, !isAnothers(name, than: pipeline), taken.insert(name).inserted {
                return Name(file: name, tellsPipeline: false)
            }
        }
        taken.insert("\(pipeline.id).yaml")
        return Name(file: "\(pipeline.id).yaml", tellsPipeline: false)
    }

    /// Those that make the pipeline's id: what the person wrote, what lies there, what is likely.
    private func ownNames(of pipeline: CurrentPipeline, wanted: String?) -> [String] {
        let written = wanted?.split(separator: "/").last.map(String.init)
        let there = existing.filter { $0.marked == nil || $0.marked == pipeline.id }.map(\.name)
        let name = pipeline.name.string
        let likely = [name, Self.slug(name)].flatMap { ["\($0).yaml", "\($0).yml"] }.filter(Self.isFileName)
        let candidates = [written].compactMap { $0 }.filter(PipelineReader.isFileName) + there + likely
        return candidates.filter {
            PipelineReader.pipelineID(teamID: pipeline.teamID, fileName: $0) == pipeline.id
        }
    }

    private func isAnothers(_ name: String, than pipeline: CurrentPipeline) -> Bool {
        teams.contains { team in
            guard let id = PipelineReader.pipelineID(teamID: team, fileName: name) else { return false }
            return id != pipeline.id && ids.contains(id)
        }
    }

    private static func isFileName(_ name: String) -> Bool {
        !name.hasPrefix(".") && name.utf8.count <= slugBytes + 5
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0.properties.generalCategory != .control }
    }

    /// File systems take 255 bytes, of which a suffix and a temporary file's need some.
    private static let slugBytes = 120

    /// Letters and digits of any script.
    private static func slug(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.lowercased().unicodeScalars {
            scalars.append(isKept(scalar) ? scalar : "_")
        }
        while String(scalars).utf8.count > slugBytes { scalars.removeLast() }
        return scalars.isEmpty ? "pipeline" : String(scalars)
    }

    private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber:
            true
        // All others, of which there are many.
        default: scalar == "-" || scalar == "_"
        }
    }
}

/// The comment line that tells an import which pipeline a file is, where the file's name does not.
package enum PipelineMark {
    private static let start = "# satchel-pipeline: "
    /// Bytes at a file's beginning in which it is looked for.
    package static let reach = 4096

    package static func line(_ id: String) -> String {
        "\(start)\(id) (an import updates this one; without this line, the one that the file's name makes)\n"
    }

    /// The id in one of the comment lines at the beginning; nil where none has one.
    package static func id(in text: String) -> String? {
        let head = String(decoding: text.utf8.prefix(reach), as: UTF8.self)
        let content = head.unicodeScalars.first == "\u{feff}" ? String(head.unicodeScalars.dropFirst()) : head
        let comments = content.split(whereSeparator: \.isNewline).prefix { $0.hasPrefix("#") }
        guard let line = comments.first(where: { $0.hasPrefix(start) }) else { return nil }
        return line.dropFirst(start.count).split(separator: " ").first.flatMap { NameBasedUUID.normalised(String($0)) }
    }
}
