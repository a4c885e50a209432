import Shapes
import SyncModel

/// The state of one transaction's way through one shape.
struct MaintenancePass<Before: RowSource, After: RowSource> {
    let shape: Shape
    private let changed: [TableName: [RowKey: RowChange]]
    private let hasMoves: Bool
    private let due: [DueRows.Place]
    var before: Membership<Before>
    var after: Membership<After>
    /// Per node, the rows to look at.
    var affected: [Set<RowKey>]
    /// Per node with windows, the groups whose row came in, went, or is joined by other columns now.
    var reopened: [Int: Set<RowKey>] = [:]
    /// Per node with a window, rows of such groups whose condition may fail; windows do not look at all their rows.
    private var doubtful: [Int: Set<RowKey>] = [:]
    /// Windows of which nothing is left to be known.
    var closed: Set<WindowPlace> = []

    init(
        shape: Shape, step: EngineStep, touch: ShapeTouch, before: Membership<Before>, after: Membership<After>
    ) {
        self.shape = shape
        self.before = before
        self.after = after
        changed = step.changed
        hasMoves = step.hasMoves
        due = touch.due.sorted { ($0.node, $0.key) < ($1.node, $1.key) }
        affected = shape.nodes.map { touch.rows[$0.table] ?? [] }
        for place in touch.due { affected[place.node].insert(place.key) }
    }

    mutating func visitNodes() throws {
        for node in shape.nodes {
            if node.window != nil { try moveWindows(node) }
            guard !node.children.isEmpty else { continue }
            // Sorted, so that the order of reads is a function of the transaction alone.
            for key in affected[node.index].sorted() { try visit(key, node) }
        }
    }

    private mutating func visit(_ key: RowKey, _ node: Shape.Node) throws {
        let (old, new) = try images(key, node.table)
        var was = false
        var isNow = false
        if let old { was = try before.isMember(key, old, at: node.index) }
        if let new { isNow = try after.isMember(key, new, at: node.index) }
        guard was || isNow else { return }
        for child in node.children {
            let window = shape.nodes[child].window
            let deciding = shape.nodes[child].links.flatMap(\.parentColumns)
            if was, isNow, let old, let new, deciding.allSatisfy({ old[$0] == new[$0] }) {
                // Behind a junction a row that stays may be in other groups.
                if window == nil || window?.group == node.index { continue }
            }
            if window?.group == node.index {
                reopened[child, default: []].insert(key)
                guard shape.nodes[child].predicate?.canFail == true else { continue }
                if was, let old {
                    doubtful[child, default: []].formUnion(try before.children(of: old, at: child).map(\.key))
                }
                if isNow, let new {
                    doubtful[child, default: []].formUnion(try after.children(of: new, at: child).map(\.key))
                }
                continue
            }
            if was, let old {
                for row in try before.children(of: old, at: child) { affected[child].insert(row.key) }
            }
            if isNow, let new {
                for row in try after.children(of: new, at: child) { affected[child].insert(row.key) }
            }
        }
    }

    /// The row before and after: from the transaction, or, unchanged, from the view.
    mutating func images(_ key: RowKey, _ table: TableName) throws -> (old: Row?, new: Row?) {
        if let change = changed[table]?[key] { return (change.old, change.new) }
        let row = try before.row(key, of: table)
        return (row, row)
    }

    /// What is known of windows after the step.
    var windows: [WindowPlace: WindowState?] {
        var windows: [WindowPlace: WindowState?] = [:]
        for (place, state) in before.windows { windows[place] = .some(state) }
        for (place, state) in after.windows { windows[place] = .some(state) }
        for place in closed { windows[place] = .some(nil) }
        return windows
    }

    mutating func result() throws -> ShapeChanges {
        var found = ShapeChanges()
        for table in tablesByPath() {
            let nodes = shape.nodes(of: table)
            var keys = affected[nodes[0]]
            for node in nodes.dropFirst() { keys.formUnion(affected[node]) }
            for others in nodes.compactMap({ doubtful[$0] }) { keys.formUnion(others) }
            let differences = try differences(table, nodes, keys.sorted(), &found)
            found.changes += hasMoves ? Self.joined(differences, changed[table] ?? [:]) : differences
        }
        found.isRevoked = try isRevoked()
        found.work = before.work
        found.work += after.work
        return found
    }

    /// Time took a permission. What else takes one is noticed by `RuleWatch`.
    private mutating func isRevoked() throws -> Bool {
        for place in due where shape.nodes[place.node].rule?.usesNow == true {
            let node = shape.nodes[place.node]
            let (old, new) = try images(place.key, node.table)
            if let old, let new, before.permits(old, node), !after.permits(new, node) { return true }
        }
        return false
    }

    private func tablesByPath() -> [TableName] {
        let first = shape.tables.map { table in (table: table, path: Text(shape.nodes[shape.nodes(of: table)[0]].path))
        }
        return first.sorted { $0.path < $1.path }.map(\.table)
    }

    private mutating func differences(
        _ table: TableName, _ nodes: [Int], _ keys: [RowKey], _ found: inout ShapeChanges
    ) throws -> [ShapeChange] {
        let selection = shape.selection(of: table)
        var differences: [ShapeChange] = []
        for key in keys {
            let (old, new) = try images(key, table)
            var was = false
            var isNow = false
            if let old { was = try before.contains(key, old, nodes: nodes) }
            if let new { isNow = try after.contains(key, new, nodes: nodes) }
            let failedBefore = try was ? nil : old.flatMap { try before.failure(of: key, $0, nodes: nodes) }
            let fails = try isNow ? nil : new.flatMap { try after.failure(of: key, $0, nodes: nodes) }
            if failedBefore != fails {
                found.failures.append(FailureChange(table: table, key: key, message: fails))
            }
            let kind: ShapeMessage.Kind
            switch (was, isNow) {
            case (false, false): continue
            case (false, true): kind = .insert
            case (true, false): kind = .delete
            case (true, true):
                guard let old, let new else { continue }
                guard selection.contains(where: { old[$0] != new[$0] }) else {
                    if let clock = changed[table]?[key]?.clock {
                        found.clocks.append(
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
