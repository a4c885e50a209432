import SyncModel

/// One operation that an import submits.
package struct ImportOperation: Hashable, Sendable {
    package enum Action: String, Hashable, Sendable { case update, upsert, delete }

    package let table: String
    package let action: Action
    package let id: String
    /// Columns other than the key, in the order of the table.
    package let set: [Column]

    package struct Column: Hashable, Sendable {
        package let name: String
        package let value: Value

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    init(_ table: String, _ action: Action, id: String, set: [(name: String, value: Value)] = []) {
        self.table = table
        self.action = action
        self.id = id
        self.set = set.map { Column($0.name, $0.value) }
    }
}

/// What the tables hold of one pipeline now. Empty where it does not exist, or is not known here.
package struct CurrentPipeline: Hashable, Sendable {
    package var pipeline: ColumnMap?
    package var steps: [ColumnMap]
    package var connections: [ColumnMap]

    package init(pipeline: ColumnMap? = nil, steps: [ColumnMap] = [], connections: [ColumnMap] = []) {
        self.pipeline = pipeline
        self.steps = steps
        self.connections = connections
    }

    package func rows() throws(PipelineFileError) -> PipelineRows? {
        guard let pipeline else { return nil }
        let row = try PipelineRow(columns: pipeline)
        let steps = try steps.map { (columns) throws(PipelineFileError) in try StepRow(columns: columns) }
        let connections = try connections.map { (columns) throws(PipelineFileError) in
            try ConnectionRow(columns: columns)
        }
        return PipelineRows(pipeline: row, steps: steps, connections: connections)
    }
}

extension PipelineRows {
    /// The operations that make the tables hold this file: parents before children, deletions last and
    /// children first. Rows that exist get the changed columns only. What a file does not say (positions,
    /// status, connections that were drawn by hand) stays.
    ///
    /// - createdBy: for a pipeline that is new.
    package func operations(
        current: CurrentPipeline, createdBy: String?
    ) throws(PipelineFileError) -> [ImportOperation] {
        var operations: [ImportOperation] = []
        if let row = current.pipeline {
            operations += Self.update(
                "pipelines", id: pipeline.id, to: pipeline.columns, from: row, json: PipelineRow.jsonColumns,
                arrays: PipelineRow.arrayColumns)
        } else {
            let owner: [(name: String, value: Value)] = [
                ("team_id", Value(pipeline.teamID)), ("created_by", Value(createdBy)),
            ]
            operations.append(
                ImportOperation("pipelines", .upsert, id: pipeline.id, set: owner + pipeline.columns))
        }
        operations += stepOperations(current.steps)
        operations += connectionOperations(current.connections)
        operations += try deletions(current)
        return operations
    }

    private func stepOperations(_ current: [ColumnMap]) -> [ImportOperation] {
        let rows = Self.byID(current)
        var depths: [String: Int] = [:]
        var operations: [ImportOperation] = []
        for step in steps {
            let depth = step.parentID.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            depths[step.id] = depth
            if let row = rows[step.id] {
                operations += Self.update(
                    "steps", id: step.id, to: step.columns, from: row, json: StepRow.jsonColumns)
            } else {
                // A first layout: one column for each level, in order from the top.
                let place: [(name: String, value: Value)] = [
                    ("pipeline_id", Value(step.pipelineID)), ("position_x", Value(String(depth * 240))),
                    ("position_y", Value(String(step.orderIndex * 120))),
                ]
                operations.append(ImportOperation("steps", .upsert, id: step.id, set: place + step.columns))
            }
        }
        return operations
    }

    private func connectionOperations(_ current: [ColumnMap]) -> [ImportOperation] {
        let held = Set(current.map(Self.ends))
        return connections.compactMap { connection in
            let columns = connection.columns
            guard !held.contains(columns.map(\.value)) else { return nil }
            let owner: [(name: String, value: Value)] = [("pipeline_id", Value(connection.pipelineID))]
            return ImportOperation("connections", .upsert, id: connection.id, set: owner + columns)
        }
    }

    /// Of connections only those that an import made: an id derived from its ends.
    private func deletions(_ current: CurrentPipeline) throws(PipelineFileError) -> [ImportOperation] {
        guard let held = try current.rows() else { return [] }
        let kept = Set(steps.map(\.id))
        let ends = Set(connections.map { $0.columns.map(\.value) })
        var operations: [ImportOperation] = []
        for row in held.connections {
            let isDerived =
                row.id
                == PromptReferences.connectionID(pipelineID: row.pipelineID, from: row.from, to: row.to)
            let dangles = !kept.contains(row.from) || !kept.contains(row.to)
            if dangles || (isDerived && !ends.contains(row.columns.map(\.value))) {
                operations.append(ImportOperation("connections", .delete, id: row.id))
            }
        }
        var vanished: [ImportOperation] = []
        StepOutline(held.steps).visit(parent: nil, path: nil) { step, _ in
            if !kept.contains(step.id) { vanished.append(ImportOperation("steps", .delete, id: step.id)) }
        }
        return operations + vanished.reversed()
    }

    private static func ends(_ columns: ColumnMap) -> [Value] {
        ["from_step_id", "to_step_id", "from_output", "to_input"].map { columns[$0] ?? .null }
    }

    private static func byID(_ rows: [ColumnMap]) -> [String: ColumnMap] {
        Dictionary(rows.map { ($0["id"]?.text?.string ?? "", $0) }) { first, _ in first }
    }

    private static func update(
        _ table: String, id: String, to wanted: [(name: String, value: Value)], from row: ColumnMap,
        json: Set<String>, arrays: Set<String> = []
    ) -> [ImportOperation] {
        let changed = wanted.filter { name, value in
            guard let held = row[name] else { return true }
            return held != value && !(json.contains(name) && isSameJSON(held, value))
                && !(arrays.contains(name) && isSameArray(held, value))
        }
        return changed.isEmpty ? [] : [ImportOperation(table, .update, id: id, set: changed)]
    }

    /// An edit that waits may be written with more quotes than PostgreSQL uses.
    private static func isSameArray(_ left: Value, _ right: Value) -> Bool {
        guard let left = left.text.flatMap(TextArray.elements) else { return false }
        return left == right.text.flatMap(TextArray.elements)
    }

    /// PostgreSQL writes jsonb in its own order and spacing.
    private static func isSameJSON(_ left: Value, _ right: Value) -> Bool {
        guard let left = left.text, let right = right.text else { return false }
        do {
            return try DataTree(json: left.string) == DataTree(json: right.string)
        } catch {
            // What cannot be read is not the same.
            return false
        }
    }
}
