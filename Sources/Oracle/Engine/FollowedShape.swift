import ShapeEngine
import Shapes
import SyncModel

/// A shape's content as a client has it: the snapshot, then the changes.
struct FollowedShape {
    let plan: EnginePlan
    let shape: Shape
    /// By table, whole rows. What is not selected may be old.
    private(set) var content: [TableName: [RowKey: Row]] = [:]
    private(set) var changes = 0
    private(set) var rowsSeen = 0
    /// The shape that this is another form of; nil for one that PostgreSQL is asked about.
    var likes: Int?
    var relation: EngineRelation?
    private let selections: [TableName: [Int]]

    var isPrinted: Bool { likes == nil }

    init(_ plan: EnginePlan, _ schema: DatabaseSchema) throws {
        self.plan = plan
        shape = try plan.shape(in: schema)
        selections = plan.selections
    }

    mutating func start(_ rows: EngineRows, _ view: EngineView) throws {
        let roots = rows.sorted(shape.nodes[0].table)
        var emitted: [TableName: [RowKey: Row]] = [:]
        var twice: [RowKey] = []
        try ShapeMaintenance.snapshot(
            of: shape, roots: { visit in for root in roots { try visit(root.key, root.row) } }, source: rows,
            view: view
        ) { table, key, row in
            if emitted[table, default: [:]].updateValue(row, forKey: key) != nil { twice.append(key) }
        }
        if let key = twice.first { throw ShapeError(.badDefinition, "the snapshot gives \(key) twice") }
        content = emitted
    }

    /// What is wrong with the changes in themselves.
    mutating func apply(
        _ found: ShapeChanges, _ transaction: [RowChange], _ report: inout EngineReport
    ) -> [String] {
        var errors: [String] = []
        report.failures += found.failures.count
        report.clocks += found.clocks.count
        if transaction.isEmpty { report.movedByTime += found.changes.count }
        for change in found.changes {
            count(change, &report)
            let held = content[change.table]?[change.key]
            let selection = selections[change.table] ?? []
            let isRight: Bool
            switch change.kind {
            case .insert: isRight = held == nil && change.old == nil && change.new != nil
            case .update:
                isRight =
                    held != nil && change.new != nil
                    && selection.contains { held?[$0] != change.new?[$0] }
            case .delete: isRight = held != nil && change.new == nil
            }
            if !isRight { errors.append("\(change.kind) of \(change.table) \(change.key) does not fit") }
            content[change.table, default: [:]][change.key] = change.new
        }
        changes += found.changes.count
        rowsSeen = max(rowsSeen, content.values.reduce(0) { $0 + $1.count })
        return errors
    }

    private func count(_ change: ShapeChange, _ report: inout EngineReport) {
        switch change.kind {
        case .insert:
            report.inserts += 1
            if change.clock == nil { report.movedInByOthers += 1 }
        case .update: report.updates += 1
        case .delete:
            report.deletes += 1
            if change.clock == nil { report.movedOutByOthers += 1 }
        }
        if change.movedTo != nil { report.keyChanges += 1 }
    }

    /// The first of what is selected and not as expected.
    func difference(from expected: [TableName: [RowKey: Row]]) -> String? {
        EngineAnswer.difference(of: content, from: expected, in: selections)
    }
}

extension EngineAnswer {
    /// The first of what is selected, by table and place, and not as expected.
    static func difference(
        of content: [TableName: [RowKey: Row]], from expected: [TableName: [RowKey: Row]],
        in selections: [TableName: [Int]]
    ) -> String? {
        for (table, selection) in selections.sorted(by: { $0.key < $1.key }) {
            let held = content[table] ?? [:]
            let other = expected[table] ?? [:]
            for key in Set(held.keys).union(other.keys).sorted() {
                let ours = held[key].map { row in selection.map { row[$0] } }
                let theirs = other[key].map { row in selection.map { row[$0] } }
                if ours != theirs {
                    return "\(table) \(key): held \(text(ours)), expected \(text(theirs))"
                }
            }
        }
        let tables = Set(content.filter { !$0.value.isEmpty }.keys).subtracting(selections.keys)
        return tables.isEmpty ? nil : "rows of tables outside the shape: \(tables.sorted())"
    }

    private static func text(_ values: [Value]?) -> String {
        values.map { "(\($0.map { $0.text?.string ?? "NULL" }.joined(separator: ", ")))" } ?? "nothing"
    }
}

extension EnginePlan {
    /// By table, the columns that its rows have in the shape: of every node the key and what it selects.
    var selections: [TableName: [Int]] {
        var names: [Int: Set<String>] = [:]
        for node in nodes {
            let table = tables[node.table]
            names[node.table, default: []].formUnion(node.select.map { $0 + table.key } ?? table.columns.map(\.name))
            guard let between = node.way?.junction?.table else { continue }
            names[between, default: []].formUnion(tables[between].columns.map(\.name))
        }
        var selections: [TableName: [Int]] = [:]
        for (index, columns) in names {
            selections[TableName(tables[index].name)] = tables[index].columns.indices.filter {
                columns.contains(tables[index].columns[$0].name)
            }
        }
        return selections
    }
}
