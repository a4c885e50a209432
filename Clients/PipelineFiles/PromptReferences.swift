import SyncModel

/// Finds which steps a step's prompts refer to: elements `{type: previous_response, step: NAME}` of a list
/// `prompt`, anywhere in the step's config.
///
/// A file's connections are a view of these references, made at import. Renaming a step, or drawing a
/// connection, afterwards changes rows only: prompts keep their text, and an export has what `config` says.
enum PromptReferences {
    /// One for each pair of steps, in the order of the file. Names that no step has are left out.
    static func connections(of steps: [StepRow]) -> [ConnectionRow] {
        var connections: [ConnectionRow] = []
        var seen: Set<[String]> = []
        let places = Dictionary(grouping: steps.indices) { steps[$0].name }
        for (place, step) in steps.enumerated() {
            for name in names(in: .map(step.config)) {
                guard let source = source(places[name] ?? [], of: place, in: steps),
                    seen.insert([source.id, step.id]).inserted
                else { continue }
                let id = connectionID(pipelineID: step.pipelineID, from: source.id, to: step.id)
                connections.append(
                    ConnectionRow(id: id, pipelineID: step.pipelineID, from: source.id, to: step.id))
            }
        }
        return connections
    }

    static func connectionID(pipelineID: String, from: String, to: String) -> String {
        NameBasedUUID.make(namespace: pipelineID, name: "connections/\(from)/\(to)") ?? ""
    }

    /// Of several steps with the name: the nearest before, as "previous" says, siblings first; else the
    /// first.
    private static func source(_ places: [Int], of place: Int, in steps: [StepRow]) -> StepRow? {
        let before = places.filter { $0 < place }
        let sibling = before.last { steps[$0].parentID == steps[place].parentID }
        return (sibling ?? before.last ?? places.first).map { steps[$0] }
    }

    private static func names(in tree: DataTree) -> [Text] {
        switch tree {
        case .null, .bool, .number, .text: return []
        case .list(let elements): return elements.flatMap(names)
        case .map(let members):
            return members.keys.sorted().flatMap { key -> [Text] in
                // A pipeline written out inside a step has names of its own.
                guard let value = members[key], key != "pipeline" else { return [] }
                let own = key == "prompt" ? (value.list ?? []).compactMap(name) : []
                return own + names(in: value)
            }
        }
    }

    private static func name(of part: DataTree) -> Text? {
        part["type"] == "previous_response" ? part["step"]?.text : nil
    }
}
