import SyncModel

/// Gives the steps of a file their ids: a step that stands at the same path now keeps its id, every other one
/// gets the id derived from its path.
struct StepIdentities {
    private let ids: [StepPath: String]

    init(_ current: [StepRow]) {
        let outline = StepOutline(current)
        var ids: [StepPath: String] = [:]
        outline.visit(parent: nil, path: nil) { step, path in ids[path] = step.id }
        self.ids = ids
    }

    /// In the order of `drafts`, where parents come before children.
    func rows(of drafts: [StepDraft], pipelineID: String) -> [StepRow] {
        var used = Set(drafts.compactMap { ids[$0.path] })
        var given: [StepPath: String] = [:]
        return drafts.map { draft in
            let id = ids[draft.path] ?? derived(draft.path, pipelineID: pipelineID, used: &used)
            given[draft.path] = id
            return StepRow(
                id: id, pipelineID: pipelineID, parentID: draft.parent.flatMap { given[$0] },
                orderIndex: draft.orderIndex, name: draft.name, type: draft.type, enabled: draft.enabled,
                config: draft.config)
        }
    }

    /// The id of a path may be taken by a step that was renamed away from it; `~n` finds a free one.
    private func derived(_ path: StepPath, pipelineID: String, used: inout Set<String>) -> String {
        var attempt = 1
        while true {
            let suffix = attempt == 1 ? "" : "~\(attempt)"
            let id = NameBasedUUID.make(namespace: pipelineID, name: "steps/\(path.text)\(suffix)") ?? ""
            if used.insert(id).inserted || id.isEmpty { return id }
            attempt += 1
        }
    }
}

/// Steps as a tree. A step whose parent is not among them, or that is its own ancestor, stands at the top: no
/// step is left out.
struct StepOutline {
    private let children: [String?: [StepRow]]

    init(_ steps: [StepRow]) {
        let parents = Dictionary(steps.map { ($0.id, $0.parentID) }) { first, _ in first }
        let rooted = steps.map { step in
            var step = step
            if !Self.reachesTop(step, parents) { step.parentID = nil }
            return step
        }
        children = Dictionary(grouping: rooted, by: \.parentID).mapValues { siblings in
            siblings.sorted { ($0.orderIndex, Text($0.id)) < ($1.orderIndex, Text($1.id)) }
        }
    }

    func steps(under parent: String?) -> [StepRow] { children[parent] ?? [] }

    private static func reachesTop(_ step: StepRow, _ parents: [String: String?]) -> Bool {
        guard let first = step.parentID else { return true }
        guard parents[first] != nil else { return false }
        var seen: Set<String> = [step.id]
        var next: String? = first
        while let id = next {
            // A step that hangs from a ring keeps its place; those in the ring stand at the top.
            guard seen.insert(id).inserted else { return id != step.id }
            next = parents[id] ?? nil
        }
        return true
    }

    /// Parents before children, siblings in order.
    func visit(parent: String?, path: StepPath?, _ body: (StepRow, StepPath) -> Void) {
        var occurrences: [Text: Int] = [:]
        for step in steps(under: parent) {
            let occurrence = occurrences[step.name, default: 0] + 1
            occurrences[step.name] = occurrence
            let own = StepPath(name: step.name, occurrence: occurrence, parent: path)
            body(step, own)
            visit(parent: step.id, path: own, body)
        }
    }
}
