import SyncModel
import Yams

/// A step as the file has it, before it has an id.
struct StepDraft: Equatable {
    let path: StepPath
    let parent: StepPath?
    let orderIndex: Int
    let name: Text
    let type: Text
    let enabled: Bool
    let config: [Text: DataTree]
}

/// The names on the way to a step, from the top; the nth sibling of one name gets `#n`.
struct StepPath: Hashable, Comparable {
    let text: Text

    init(name: Text, occurrence: Int, parent: StepPath?) {
        let escaped = name.string.unicodeScalars.map { scalar in
            switch scalar {
            case "%": "%25"
            case "/": "%2F"
            case "#": "%23"
            default: String(scalar)
            }
        }
        let part = escaped.joined() + (occurrence > 1 ? "#\(occurrence)" : "")
        text = Text((parent.map { $0.text.string + "/" } ?? "") + part)
    }

    static func < (left: StepPath, right: StepPath) -> Bool { left.text < right.text }
}

/// Reads lists of steps, outer before inner.
struct StepReader {
    var yaml: YAMLReader
    private(set) var drafts: [StepDraft] = []

    init(yaml: YAMLReader) {
        self.yaml = yaml
    }

    /// Of one file; far beyond what a person oversees.
    private static let maxSteps = 10_000

    mutating func read(_ list: Node.Sequence, parent: StepPath?, depth: Int = 0) throws(PipelineFileError) {
        guard depth < DataLimits.depth / 2 else {
            throw PipelineFileError(line: list.mark?.line, "steps are nested deeper than \(depth) levels")
        }
        var occurrences: [Text: Int] = [:]
        for (index, node) in list.enumerated() {
            guard case .mapping(let mapping) = node else {
                throw PipelineFileError(line: node.line, "a step is no mapping with `name` and `type`")
            }
            try read(
                mapping, line: node.line, orderIndex: index, occurrences: &occurrences, parent: parent,
                depth: depth)
        }
    }

    private mutating func read(
        _ mapping: Node.Mapping, line: Int, orderIndex: Int, occurrences: inout [Text: Int],
        parent: StepPath?,
        depth: Int
    ) throws(PipelineFileError) {
        var config: [Text: DataTree] = [:]
        var children: Node.Sequence?
        for member in try yaml.members(mapping, depth: depth) {
            if member.key == "steps", case .sequence(let list) = member.value, Self.holdsSteps(list) {
                children = list
            } else {
                config[member.key] = try yaml.tree(member.value)
            }
        }
        guard let name = config.removeValue(forKey: "name")?.text, !name.string.isEmpty else {
            throw PipelineFileError(line: line, "a step has no `name`, or one that is no text")
        }
        guard let type = config.removeValue(forKey: "type")?.text, !type.string.isEmpty else {
            throw PipelineFileError(line: line, "the step `\(name)` has no `type`, or one that is no text")
        }
        guard drafts.count < Self.maxSteps else {
            throw PipelineFileError(line: line, "the file has more than \(Self.maxSteps) steps")
        }
        let occurrence = occurrences[name, default: 0] + 1
        occurrences[name] = occurrence
        let path = StepPath(name: name, occurrence: occurrence, parent: parent)
        drafts.append(
            StepDraft(
                path: path, parent: parent, orderIndex: orderIndex, name: name, type: type,
                enabled: config["enabled"] != .bool(false), config: config))
        if let children { try read(children, parent: path, depth: depth + 1) }
    }

    /// A list without any mapping (of names, or empty) is a setting of the step, not steps.
    private static func holdsSteps(_ list: Node.Sequence) -> Bool {
        list.contains { node in
            if case .mapping = node { true } else { false }
        }
    }
}
