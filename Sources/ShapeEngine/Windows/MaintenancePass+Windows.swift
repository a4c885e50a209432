import Shapes
import SyncModel

/// Rows that come, go or change their place move others over the edge of their windows.
extension MaintenancePass {
    private struct Moved {
        var old: Membership<Before>.Group?
        var new: Membership<After>.Group?
        var change = GroupChange()
    }

    mutating func moveWindows(_ node: Shape.Node) throws {
        var groups: [RowKey: Moved] = [:]
        for key in reopened[node.index] ?? [] { groups[key] = Moved() }
        for key in affected[node.index].sorted() { try note(key, node, &groups) }
        for key in groups.keys.sorted() {
            guard let moved = groups[key] else { continue }
            let old = try moved.old ?? member(key, node, in: &before)
            let new = try moved.new ?? member(key, node, in: &after)
            let isReopened = reopened[node.index]?.contains(key) == true
            if let old, let new, !isReopened {
                try shift(node, old, new, moved.change)
            } else {
                try reopen(node, key, old, new)
            }
        }
    }

    private mutating func note(_ key: RowKey, _ node: Shape.Node, _ groups: inout [RowKey: Moved]) throws {
        guard let order = node.window?.order else { return }
        let images = try images(key, node.table)
        if let row = images.old, before.satisfies(key, row, node) {
            for group in try before.groups(of: row, at: node) {
                groups[group?.key ?? wholeGroup, default: Moved()].old = .some(group)
                groups[group?.key ?? wholeGroup]?.change.removed.append(order.place(of: row, key))
            }
        }
        if let row = images.new, after.satisfies(key, row, node) {
            for group in try after.groups(of: row, at: node) {
                groups[group?.key ?? wholeGroup, default: Moved()].new = .some(group)
                groups[group?.key ?? wholeGroup]?.change.added.append(order.place(of: row, key))
            }
        }
    }

    /// A group that was met in the other view, in this one; nil when it is not a member here.
    private func member<Source: RowSource>(
        _ key: RowKey, _ node: Shape.Node, in view: inout Membership<Source>
    ) throws -> Membership<Source>.Group? {
        guard let group = node.window?.group else { return .some(nil) }
        guard let row = try view.row(key, of: shape.nodes[group].table), try view.isMember(key, row, at: group)
        else { return nil }
        return .some((key: key, row: row))
    }

    /// The group is the same, and some of its rows came, went or moved.
    private mutating func shift(
        _ node: Shape.Node, _ old: Membership<Before>.Group, _ new: Membership<After>.Group, _ change: GroupChange
    ) throws {
        guard let limit = node.window?.limit else { return }
        let state = try before.state(of: node, old)
        let count = change.count(after: state)
        let shifted: WindowState
        if count > limit {
            // What is too many, and the row before it, at which the window ends now.
            let rows = try after.ranked(node, new, from: state.bound, isBackwards: true, count: count - limit + 1)
            affected[node.index].formUnion(rows.dropLast().map(\.key))
            shifted = WindowState(count: limit, bound: rows.last?.place)
        } else if let bound = state.bound, count < limit {
            let rows = try after.ranked(node, new, from: bound, count: limit - count)
            affected[node.index].formUnion(rows.map(\.key))
            let isFull = count + rows.count == limit
            shifted = WindowState(count: count + rows.count, bound: isFull ? rows.last?.place : nil)
        } else {
            shifted = WindowState(count: count, bound: state.bound)
        }
        after.windows[WindowPlace(node: node.index, group: new?.key ?? wholeGroup)] = shifted
    }

    /// The group came or went, or other rows are in it: both windows are looked at whole.
    private mutating func reopen(
        _ node: Shape.Node, _ key: RowKey, _ old: Membership<Before>.Group?, _ new: Membership<After>.Group?
    ) throws {
        if let old { affected[node.index].formUnion(try before.fill(node, old).map(\.key)) }
        if let new {
            affected[node.index].formUnion(try after.fill(node, new).map(\.key))
        } else {
            closed.insert(WindowPlace(node: node.index, group: key))
        }
    }
}
