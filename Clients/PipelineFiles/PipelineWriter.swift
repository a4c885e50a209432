import SyncModel

extension PipelineRows {
    /// The file of these rows, as data: the inverse of `PipelineReader`.
    ///
    /// A file holds names, types, order, nesting and configuration. Positions, sizes, status, comments and
    /// connections are not part of the format (a connection is in a file as the prompt part that names a
    /// step).
    package var document: DataTree {
        var workflow = pipeline.config
        var document = workflow.removeValue(forKey: PipelineRow.documentKey)?.map ?? [:]
        workflow["name"] = .text(pipeline.name)
        if let text = pipeline.description { workflow["description"] = .text(text) }
        if let text = pipeline.yamlVersion { workflow["version"] = .text(text) }
        if let tree = pipeline.defaults { workflow["defaults"] = tree }
        if let tree = pipeline.authentication { workflow["authentication"] = tree }
        if let tags = pipeline.tags { workflow["tags"] = .list(tags.map(DataTree.text)) }
        let outline = StepOutline(steps)
        workflow["steps"] = .list(outline.steps(under: nil).map { Self.tree(of: $0, in: outline) })
        document["workflow"] = .map(workflow)
        return .map(document)
    }

    /// The steps from the top, with their depth.
    package var outline: [(depth: Int, step: StepRow)] {
        var lines: [(depth: Int, step: StepRow)] = []
        var depths: [String: Int] = [:]
        StepOutline(steps).visit(parent: nil, path: nil) { step, _ in
            let depth = step.parentID.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            depths[step.id] = depth
            lines.append((depth: depth, step: step))
        }
        return lines
    }

    package func yaml() throws(PipelineFileError) -> String { try document.yaml() }

    private static func tree(of step: StepRow, in outline: StepOutline) -> DataTree {
        var members = step.config
        members["name"] = .text(step.name)
        members["type"] = .text(step.type)
        if !step.enabled {
            members["enabled"] = false
        } else if members["enabled"] == .bool(false) {
            members["enabled"] = true
        }
        let children = outline.steps(under: step.id)
        if !children.isEmpty { members["steps"] = .list(children.map { tree(of: $0, in: outline) }) }
        return .map(members)
    }
}
