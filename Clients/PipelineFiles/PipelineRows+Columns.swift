import SyncModel

/// A row as both wires carry it.
package typealias ColumnMap = [String: Value]

extension PipelineRow {
    /// The columns that an import keeps equal to the file; not the key.
    package var columns: [(name: String, value: Value)] {
        [
            ("name", .text(name)),
            ("description", description.map(Value.text) ?? .null),
            ("yaml_version", yamlVersion.map(Value.text) ?? .null),
            ("config", .text(Text(DataTree.map(config).json))),
            ("defaults", defaults.map { .text(Text($0.json)) } ?? .null),
            ("authentication", authentication.map { .text(Text($0.json)) } ?? .null),
            ("tags", tags.map { .text(TextArray.literal($0)) } ?? .null),
        ]
    }

    package static let jsonColumns: Set<String> = ["config", "defaults", "authentication"]
    package static let arrayColumns: Set<String> = ["tags"]

    package init(columns: ColumnMap) throws(PipelineFileError) {
        let row = RowReader(table: "pipelines", columns: columns)
        self.init(
            id: try row.required("id").string, teamID: try row.required("team_id").string,
            name: try row.required("name"), description: row.optional("description"),
            yamlVersion: row.optional("yaml_version"), config: try row.config(),
            defaults: try row.tree("defaults"), authentication: try row.tree("authentication"),
            tags: try row.optional("tags").map { (literal) throws(PipelineFileError) in
                guard let tags = TextArray.elements(literal) else {
                    throw row.failure("tags", "is no text array")
                }
                return tags
            })
    }
}

extension StepRow {
    package var columns: [(name: String, value: Value)] {
        [
            ("name", .text(name)),
            ("type", .text(type)),
            ("enabled", enabled ? "t" : "f"),
            ("config", .text(Text(DataTree.map(config).json))),
            ("parent_step_id", Value(parentID)),
            ("order_index", .text(Text(String(orderIndex)))),
        ]
    }

    package static let jsonColumns: Set<String> = ["config"]

    package init(columns: ColumnMap) throws(PipelineFileError) {
        let row = RowReader(table: "steps", columns: columns)
        guard let order = Int((row.optional("order_index") ?? "0").string) else {
            throw row.failure("order_index", "is no integer")
        }
        self.init(
            id: try row.required("id").string, pipelineID: try row.required("pipeline_id").string,
            parentID: row.optional("parent_step_id")?.string, orderIndex: order,
            name: try row.required("name"),
            type: try row.required("type"), enabled: !["f", "false"].contains(row.optional("enabled")),
            config: try row.config())
    }
}

extension ConnectionRow {
    package var columns: [(name: String, value: Value)] {
        [
            ("from_step_id", Value(from)), ("to_step_id", Value(to)), ("from_output", .text(output)),
            ("to_input", .text(input)),
        ]
    }

    package init(columns: ColumnMap) throws(PipelineFileError) {
        let row = RowReader(table: "connections", columns: columns)
        self.init(
            id: try row.required("id").string, pipelineID: try row.required("pipeline_id").string,
            from: try row.required("from_step_id").string, to: try row.required("to_step_id").string,
            output: row.optional("from_output") ?? Self.response,
            input: row.optional("to_input") ?? Self.prompt)
    }
}

/// Reads columns of one row with errors that name it.
private struct RowReader {
    let table: String
    let columns: ColumnMap

    func optional(_ column: String) -> Text? { columns[column]?.text }

    func required(_ column: String) throws(PipelineFileError) -> Text {
        guard let text = optional(column) else { throw failure(column, "is missing") }
        return text
    }

    func tree(_ column: String) throws(PipelineFileError) -> DataTree? {
        guard let text = optional(column) else { return nil }
        do {
            return try DataTree(json: text.string)
        } catch {
            throw failure(column, error.reason)
        }
    }

    /// A config that is no object cannot be laid out as members of a file's mapping.
    func config() throws(PipelineFileError) -> [Text: DataTree] {
        guard let tree = try tree("config"), tree != .null else { return [:] }
        guard let members = tree.map else { throw failure("config", "is no JSON object") }
        return members
    }

    func failure(_ column: String, _ what: String) -> PipelineFileError {
        PipelineFileError("\(table) \(columns["id"]?.text?.string ?? "?"): column \(column) \(what)")
    }
}
