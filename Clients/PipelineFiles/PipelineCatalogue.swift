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

    /// Characters of an id's beginning, at least.
    private static let leastOfID = 4

    /// By id, by name, by the name of the file it was imported from, or by a beginning that no other one's id has.
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
        if let found = ids.compactMap({ pipelines[$0] }).first(where: { $0.pipeline != nil }) { return found }
        return try begun(wanted)
    }

    private func begun(_ wanted: String) throws(PipelineFileError) -> CurrentPipeline? {
        // A narrow table ends an id like this.
        let text = (wanted.hasSuffix("…") ? String(wanted.dropLast()) : wanted).lowercased()
        guard text.utf8.count >= Self.leastOfID else { return nil }
        let found = all.filter { $0.id.utf8.starts(with: text.utf8) }
        guard found.count < 2 else {
            let ids = found.map(\.id).joined(separator: ", ")
            throw PipelineFileError("\(found.count) pipelines begin with \(wanted), give more of the id: \(ids)")
        }
        return found.first
    }
}

extension CurrentPipeline {
    package var id: String { pipeline?["id"]?.text?.string ?? "" }
    package var teamID: String { pipeline?["team_id"]?.text?.string ?? "" }
    package var name: Text { pipeline?["name"]?.text ?? "" }
}
