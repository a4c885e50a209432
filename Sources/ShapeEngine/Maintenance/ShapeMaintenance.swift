import Shapes
import SyncModel

/// Incremental maintenance: what a transaction does to a shape, by looking only at the rows it can reach.
///
/// Nodes are visited from the root down. The rows to look at, at a node, are the changed rows of its table and
/// the rows that join a parent row whose membership or join columns changed. Each is decided in the view
/// before and in the view after; the difference, over all nodes of a table, is the answer.
package enum ShapeMaintenance {
    /// The changes of `step` are the net effect, each row at most once. `before` and `after` are the views around
    /// it. `touch` names the rows that the shape may have at one of their table's nodes, in either view, and that
    /// changed, or that a sub-select decides for, or time.
    static func changes(
        of shape: Shape, _ step: EngineStep, _ touch: ShapeTouch, before: some RowSource, after: some RowSource
    ) throws -> ShapeChanges {
        let store = step.before.subselects
        var pass = MaintenancePass(
            shape: shape, step: step, touch: touch,
            before: Membership(shape: shape, source: before, now: step.before.now) { store.view(of: $0) },
            after: Membership(shape: shape, source: after, now: step.now) {
                store.view(of: $0, after: step.subselects)
            })
        try pass.visitNodes()
        return try pass.result()
    }

    package static func contains(
        _ key: RowKey, row: Row, of table: TableName, in shape: Shape, source: some RowSource, view: EngineView
    ) throws -> Bool {
        var membership = Membership(shape: shape, source: source, now: view.now) { view.subselects.view(of: $0) }
        return try membership.contains(key, row, nodes: shape.nodes(of: table))
    }
}

/// The state of one transaction's way through one shape.
private struct MaintenancePass<Before: RowSource, After: RowSource> {
    private let shape: Shape
    private let changed: [TableName: [RowKey: RowChange]]
    private var before: Membership<Before>
    private var after: Membership<After>
    /// Per node, the rows to look at.
    private var affected: [Set<RowKey>]

    init(
        shape: Shape, step: EngineStep, touch: ShapeTouch, before: Membership<Before>, after: Membership<After>
    ) {
        self.shape = shape
        self.before = before
        self.after = after
        changed = step.changed
        affected = shape.nodes.map { touch.rows[$0.table] ?? [] }
        for place in touch.due { affected[place.node].insert(place.key) }
    }

    mutating func visitNodes() throws {
        for node in shape.nodes {
            if node.window != nil { try closeWindows(node) }
            guard !node.children.isEmpty else { continue }
            // Sorted, so that the order of reads is a function of the transaction alone.
            for key in affected[node.index].sorted() { try visit(key, node) }
        }
    }

    /// A row that comes, goes or changes its place moves others over the edge of its windows.
    private mutating func closeWindows(_ node: Shape.Node) throws {
        var old: [RowKey: Membership<Before>.Group] = [:]
        var new: [RowKey: Membership<After>.Group] = [:]
        for key in affected[node.index].sorted() {
            let images = try images(key, node.table)
            if let row = images.old, before.satisfies(key, row, node) {
                for group in try before.groups(of: row, at: node) { old[group?.key ?? wholeGroup] = .some(group) }
            }
            if let row = images.new, after.satisfies(key, row, node) {
                for group in try after.groups(of: row, at: node) { new[group?.key ?? wholeGroup] = .some(group) }
            }
        }
        for key in Set(old.keys).union(new.keys).sorted() {
            if let group = try old[key] ?? same(key, node, in: &before) {
                affected[node.index].formUnion(try before.window(of: node, group))
            }
            if let group = try new[key] ?? same(key, node, in: &after) {
                affected[node.index].formUnion(try after.window(of: node, group))
            }
        }
    }

    /// A group that was met in the other view, in this one; nil when it is not a member here.
    private func same<Source: RowSource>(
        _ key: RowKey, _ node: Shape.Node, in view: inout Membership<Source>
    ) throws -> Membership<Source>.Group? {
        guard let group = node.window?.group else { return .some(nil) }
        guard let row = try view.row(key, of: shape.nodes[group].table),
            try view.isMember(key, row, at: group)
        else { return nil }
        return .some((key: key, row: row))
    }

    private mutating func visit(_ key: RowKey, _ node: Shape.Node) throws {
        let (old, new) = try images(key, node.table)
        var was = false
        var isNow = false
        if let old { was = try before.isMember(key, old, at: node.index) }
        if let new { isNow = try after.isMember(key, new, at: node.index) }
        guard was || isNow else { return }
        for child in node.children {
            let deciding = shape.nodes[child].links.flatMap(\.parentColumns)
            if was, isNow, let old, let new, deciding.allSatisfy({ old[$0] == new[$0] }) { continue }
            if was, let old {
                for row in try before.children(of: old, at: child) { affected[child].insert(row.key) }
            }
            if isNow, let new {
                for row in try after.children(of: new, at: child) { affected[child].insert(row.key) }
            }
        }
    }

    /// The row before and after: from the transaction, or, unchanged, from the view.
    private mutating func images(_ key: RowKey, _ table: TableName) throws -> (old: Row?, new: Row?) {
        if let change = changed[table]?[key] { return (change.old, change.new) }
        let row = try before.row(key, of: table)
        return (row, row)
    }

    mutating func result() throws -> ShapeChanges {
        var changes: [ShapeChange] = []
        var clocks: [ShapeChange] = []
        for table in tablesByPath() {
            let nodes = shape.nodes(of: table)
            var keys: Set<RowKey> = []
            for node in nodes { keys.formUnion(affected[node]) }
            let differences = try differences(table, nodes, keys.sorted(), &clocks)
            changes.append(contentsOf: Self.joined(differences, changed[table] ?? [:]))
        }
        var work = before.work
        work += after.work
        return ShapeChanges(changes: changes, clocks: clocks, failures: after.failures, work: work)
    }

    private func tablesByPath() -> [TableName] {
        let first = shape.tables.map { table in (table: table, path: Text(shape.nodes[shape.nodes(of: table)[0]].path))
        }
        return first.sorted { $0.path < $1.path }.map(\.table)
    }

    private mutating func differences(
        _ table: TableName, _ nodes: [Int], _ keys: [RowKey], _ clocks: inout [ShapeChange]
    ) throws -> [ShapeChange] {
        let selection = shape.selection(of: table)
        var differences: [ShapeChange] = []
        for key in keys {
            let (old, new) = try images(key, table)
            var was = false
            var isNow = false
            if let old { was = try before.contains(key, old, nodes: nodes) }
            if let new { isNow = try after.contains(key, new, nodes: nodes) }
            let kind: ShapeMessage.Kind
            switch (was, isNow) {
            case (false, false): continue
            case (false, true): kind = .insert
            case (true, false): kind = .delete
            case (true, true):
                guard let old, let new else { continue }
                guard selection.contains(where: { old[$0] != new[$0] }) else {
                    if let clock = changed[table]?[key]?.clock {
                        clocks.append(
                            ShapeChange(kind: .update, table: table, key: key, old: old, new: new, clock: clock))
                    }
                    continue
                }
                kind = .update
            }
            differences.append(
                ShapeChange(
                    kind: kind, table: table, key: key, old: was ? old : nil, new: isNow ? new : nil,
                    clock: changed[table]?[key]?.clock))
        }
        return differences
    }

    /// Names the other half of a key change where both halves are in the shape.
    private static func joined(_ differences: [ShapeChange], _ changed: [RowKey: RowChange]) -> [ShapeChange] {
        var gone: Set<RowKey> = []
        var come: Set<RowKey> = []
        for change in differences {
            if change.old != nil { gone.insert(change.key) }
            if change.new != nil { come.insert(change.key) }
        }
        return differences.map { change in
            guard let source = changed[change.key] else { return change }
            let movedTo = source.movedTo.flatMap { change.old != nil && come.contains($0) ? $0 : nil }
            let movedFrom = source.movedFrom.flatMap { change.new != nil && gone.contains($0) ? $0 : nil }
            guard movedTo != nil || movedFrom != nil else { return change }
            return ShapeChange(
                kind: change.kind, table: change.table, key: change.key, old: change.old, new: change.new,
                clock: change.clock, movedTo: movedTo, movedFrom: movedFrom)
        }
    }
}
