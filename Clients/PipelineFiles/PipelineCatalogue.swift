import SyncModel

/// Rows of `pipelines`, `steps` and `connections` as they are held on the device, put together.
package struct PipelineCatalogue: Hashable, Sendable {
    private var pipelines: [String: CurrentPipeline] = [:]

    /// Rows in any order. Rows of other tables are left out.
    package init(_ rows: [(table: TableName, columns: ColumnMap)]) {
        for (table, columns) in rows {
            switch table.name {
            case "pipelines":
                guard let id = columns["id"]?.text?.string else { continue }
                pipelines[id, default: CurrentPipeline()].pipeline = columns
            case "steps":
                guard let id = columns["pipeline_id"]?.text?.string else { continue }
                pipelines[id, default: CurrentPipeline()].steps.append(columns)
            case "connections":
                guard let id = columns["pipeline_id"]?.text?.string else { continue }
                pipelines[id, default: CurrentPipeline()].connections.append(columns)
            default: continue
            }
        }
    }

    /// Empty for a pipeline that is not held.
    package subscript(id: String) -> CurrentPipeline { pipelines[id] ?? CurrentPipeline() }

    /// Those whose own row is held, by name, then id.
    package var all: [CurrentPipeline] {
        pipelines.values.filter { $0.pipeline != nil }
            .sorted { ($0.name, Text($0.id)) < ($1.name, Text($1.id)) }
    }

    /// By id, by name, or by the name of the file it was imported from.
    package func find(_ wanted: String, teamID: String?) throws(PipelineFileError) -> CurrentPipeline? {
        if let id = NameBasedUUID.normalised(wanted), let found = pipelines[id], found.pipeline != nil {
            return found
        }
        let named = all.filter { $0.name == Text(wanted) }
        if named.count > 1 {
            let ids = named.map(\.id).joined(separator: ", ")
            throw PipelineFileError("several pipelines are named \(wanted), give the id: \(ids)")
        }
        if let found = named.first { return found }
        let file = wanted.split(separator: "/").last.map(String.init) ?? wanted
        let teams = teamID.map { [$0] } ?? Set(all.map(\.teamID)).sorted()
        let ids = teams.compactMap { PipelineReader.pipelineID(teamID: $0, fileName: file) }
        return ids.compactMap { pipelines[$0] }.first { $0.pipeline != nil }
    }
}

extension CurrentPipeline {
    package var id: String { pipeline?["id"]?.text?.string ?? "" }
    package var teamID: String { pipeline?["team_id"]?.text?.string ?? "" }
    package var name: Text { pipeline?["name"]?.text ?? "" }
}

/// File names for exported pipelines.
package struct ExportNames: Sendable {
    private var taken: Set<String> = []
    private let existing: [String]

    /// - existing: the files that the folder has: a pipeline that was imported from one of that name keeps
    /// it.
    package init(existing: [String]) {
        self.existing = existing.sorted { Text($0) < Text($1) }
    }

    /// - wanted: how the person named the pipeline.
    package mutating func name(for pipeline: CurrentPipeline, wanted: String?) -> String {
        let file = wanted?.split(separator: "/").last.map(String.init)
        let candidates =
            [file].compactMap { $0 }.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") } + existing
        let source = candidates.first {
            PipelineReader.pipelineID(teamID: pipeline.teamID, fileName: $0) == pipeline.id
        }
        let slug = Self.slug(pipeline.name.string)
        for name in [source, "\(slug).yaml", "\(slug)-\(pipeline.id.prefix(8)).yaml"].compactMap({ $0 }) {
            let isForeign = name != source && existing.contains(name)
            if !isForeign, taken.insert(name).inserted { return name }
        }
        taken.insert("\(pipeline.id).yaml")
        return "\(pipeline.id).yaml"
    }

    private static func slug(_ name: String) -> String {
        let kept = name.lowercased().unicodeScalars.map { scalar -> Character in
            let isKept = (scalar.isASCII && scalar.properties.isAlphabetic) || ("0"..."9").contains(scalar)
            return isKept || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
        }
        let slug = String(kept.prefix(60))
        return slug.isEmpty ? "pipeline" : slug
    }
}
