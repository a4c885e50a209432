import SyncModel
import Yams

/// Reads a pipeline file into rows.
///
/// `workflow` becomes a row of `pipelines`: `name`, `description`, `version` (column `yaml_version`),
/// `defaults`, `authentication` and `tags` are columns where their type fits; all else is `config`,
/// untouched. Each element of `steps`, and of a step's own `steps`, becomes a row of `steps`: `name`, `type`
/// and `enabled` are columns, all else is `config`. `enabled` stays in `config` too, which says that the file
/// spells it out.
///
/// Ids are UUIDs of version 5: the pipeline's from the team's id and the file's name (without folders), a
/// step's from the pipeline's id and the names on the way to it, a connection's from the pipeline's id and
/// the ids of its steps. So the same file read again gives the same rows.
package struct PipelineReader {
    private let teamID: String
    private let pipelineID: String
    private let known: StepIdentities
    private var yaml = YAMLReader()

    /// - fileName: what makes the pipeline's id.
    /// - marked: the pipeline's id where the file itself names it (`PipelineMark`).
    /// - current: the steps that the pipeline has now. A step that stands where the file has one keeps its
    ///   id, which differs from the derived one after a rename.
    package init(
        teamID: String, fileName: String, marked: String? = nil, current: [StepRow] = []
    ) throws(PipelineFileError) {
        guard let team = NameBasedUUID.normalised(teamID),
            let id = marked ?? Self.pipelineID(teamID: team, fileName: fileName)
        else {
            throw PipelineFileError("the team's id \(teamID) is no UUID")
        }
        self.teamID = team
        pipelineID = id
        known = StepIdentities(current)
    }

    /// nil when `teamID` is no UUID.
    package static func pipelineID(teamID: String, fileName: String) -> String? {
        NameBasedUUID.make(namespace: teamID, name: fileName)
    }

    /// Whether an import of a folder takes a file of that name.
    package static func isFileName(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    package mutating func read(_ text: String) throws(PipelineFileError) -> PipelineRows {
        guard text.utf8.count <= DataLimits.fileBytes else {
            throw PipelineFileError("the file has more than \(DataLimits.fileBytes >> 20) MiB")
        }
        let root = try YAMLReader.root(of: text)
        guard case .mapping(let document) = root else {
            throw PipelineFileError(line: root.line, "no pipeline: the file holds no mapping")
        }
        let members = try yaml.members(document, depth: 0)
        guard let top = members.first(where: { $0.key == "workflow" }) else {
            let found = members.prefix(5).map(\.key.string).joined(separator: ", ")
            throw PipelineFileError(
                line: root.line, "no pipeline: the key `workflow` is missing (found: \(found))")
        }
        guard case .mapping(let workflow) = top.value else {
            throw PipelineFileError(line: top.line, "no pipeline: `workflow` is no mapping")
        }
        var beside: [Text: DataTree] = [:]
        for member in members where member.key != "workflow" {
            beside[member.key] = try yaml.tree(member.value)
        }
        return try read(workflow, line: top.line, beside: beside)
    }

    private mutating func read(
        _ workflow: Node.Mapping, line: Int, beside: [Text: DataTree]
    ) throws(PipelineFileError) -> PipelineRows {
        var config: [Text: DataTree] = [:]
        var list: Node.Sequence?
        for member in try yaml.members(workflow, depth: 1) {
            if member.key == "steps" {
                guard case .sequence(let steps) = member.value else {
                    throw PipelineFileError(line: member.line, "`steps` is no list")
                }
                list = steps
            } else if member.key == PipelineRow.documentKey {
                throw PipelineFileError(
                    line: member.line, "the key `\(PipelineRow.documentKey)` is reserved: name it differently"
                )
            } else {
                config[member.key] = try yaml.tree(member.value)
            }
        }
        guard let list else { throw PipelineFileError(line: line, "`workflow` has no list of `steps`") }
        guard let name = config.removeValue(forKey: "name")?.text, !name.string.isEmpty else {
            throw PipelineFileError(line: line, "`workflow` has no `name`")
        }
        if !beside.isEmpty { config[PipelineRow.documentKey] = .map(beside) }
        var pipeline = PipelineRow(id: pipelineID, teamID: teamID, name: name)
        pipeline.takeColumns(from: &config)
        pipeline.config = config

        var steps = StepReader(yaml: yaml)
        try steps.read(list, parent: nil)
        yaml = steps.yaml
        let rows = known.rows(of: steps.drafts, pipelineID: pipelineID)
        return PipelineRows(
            pipeline: pipeline, steps: rows, connections: PromptReferences.connections(of: rows))
    }
}

extension PipelineRow {
    /// Moves what fits a column; a null, or a value of another type, stays in `config`.
    fileprivate mutating func takeColumns(from config: inout [Text: DataTree]) {
        if let text = config["description"]?.text {
            description = text
            config["description"] = nil
        }
        if let text = config["version"]?.text {
            yamlVersion = text
            config["version"] = nil
        }
        if let tree = config["defaults"], tree.map != nil {
            defaults = tree
            config["defaults"] = nil
        }
        if let tree = config["authentication"], tree.map != nil {
            authentication = tree
            config["authentication"] = nil
        }
        if let texts = config["tags"]?.texts {
            tags = texts
            config["tags"] = nil
        }
    }
}
