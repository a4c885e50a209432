import Shapes
import SyncModel

/// Windows: of the rows that satisfy a node's condition, the first of each group.
///
/// A group is one row of the node that the window names, and what hangs on it; the root's rows are one group. Rows are
/// read in the window's order, and no further than asked.
extension Membership {
    /// A row whose children are ranked; nil for the root's rows as a whole.
    typealias Group = Found?

    /// The groups that a row is ranked in: the members at the group's node that it hangs on.
    mutating func groups(of row: Row, at node: Shape.Node) throws -> [Group] {
        guard let group = node.window?.group else { return [nil] }
        var level: [Found] = [(key: wholeGroup, row: row)]
        var current = node
        while current.index != group, let parent = current.parent {
            var above: [Found] = []
            var seen: Set<RowKey> = []
            for item in level {
                for found in try parents(of: item.row, at: current)
                where try isMember(found.key, found.row, at: parent) && seen.insert(found.key).inserted {
                    above.append(found)
                }
            }
            level = above
            current = shape.nodes[parent]
        }
        return level.map { $0 }
    }

    mutating func isInWindow(_ key: RowKey, _ row: Row, at node: Shape.Node) throws -> Bool {
        guard let window = node.window else { return false }
        for group in try groups(of: row, at: node) {
            if try state(of: node, group).contains(window.order.place(of: row, key)) { return true }
        }
        return false
    }

    /// The group's row MUST be a member.
    mutating func state(of node: Shape.Node, _ group: Group) throws -> WindowState {
        let place = WindowPlace(node: node.index, group: group?.key ?? wholeGroup)
        if let state = windows[place] ?? known[place] { return state }
        _ = try fill(node, group)
        return windows[place] ?? WindowState(count: 0, bound: nil)
    }

    /// Reads the rows in a group's window, in order, and keeps where it ends. The group's row MUST be a member.
    mutating func fill(_ node: Shape.Node, _ group: Group) throws -> [RankedRow] {
        guard let limit = node.window?.limit else { return [] }
        work.windowsFilled += 1
        let rows = try ranked(node, group, count: limit + 1)
        let isFull = rows.count > limit
        windows[WindowPlace(node: node.index, group: group?.key ?? wholeGroup)] = WindowState(
            count: min(rows.count, limit), bound: isFull ? rows[limit - 1].place : nil)
        return Array(rows.prefix(limit))
    }

    /// The first rows of a group that satisfy the condition, beyond a bound; or, backwards, the last ones up to it.
    mutating func ranked(
        _ node: Shape.Node, _ group: Group, from bound: RowOrder.Place? = nil, isBackwards: Bool = false, count: Int
    ) throws -> [RankedRow] {
        guard let window = node.window else { return [] }
        func read(_ columns: [Int], _ values: [Value]) -> OrderedRead {
            OrderedRead(
                columns, equal: values, by: window.order, from: bound, includesBound: isBackwards,
                isBackwards: isBackwards, limit: count)
        }
        guard let group else {
            guard let list = node.predicate?.narrowestList else { return try ranked(node, [read([], [])], count) }
            return try ranked(node, list.values.map { read([list.column], [.text($0)]) }, count)
        }
        if window.group == node.parent {
            // NULL joins nothing.
            let ways = node.links.map { link in (link.childColumns, link.parentColumns.map { group.row[$0] }) }
                .filter { way in way.1.allSatisfy { $0.text != nil } }
            return try ranked(node, ways.map { read($0.0, $0.1) }, count)
        }
        return try rankedBehindJunction(node, group, read([], []), count)
    }

    private mutating func ranked(
        _ node: Shape.Node, _ reads: [OrderedRead], _ count: Int
    ) throws -> [RankedRow] {
        var rows = OrderedRows(source, of: node.table, reads)
        var found: [RankedRow] = []
        while found.count < count, let next = try rows.next(&work) {
            if isCandidate(next.key, next.row, node) { found.append(next) }
        }
        return found
    }
}

/// Behind a junction table no index has a group's rows in the window's order.
extension Membership {
    /// Of a small group all rows are read and ranked. Of a large one the table is read in order, and each row is looked
    /// for in the junction table: if many of the table's rows are in the group, that ends soon, and is given up if not.
    private mutating func rankedBehindJunction(
        _ node: Shape.Node, _ group: Found, _ read: OrderedRead, _ count: Int
    ) throws -> [RankedRow] {
        guard let junction = node.parent.map({ shape.nodes[$0] }), let inner = node.links.first,
            let outer = junction.links.first, node.links.count == 1, junction.links.count == 1,
            junction.parent == node.window?.group
        else { return try rankedFromAll(node, group, read, count) }
        let values = outer.parentColumns.map { group.row[$0] }
        guard values.allSatisfy({ $0.text != nil }) else { return [] }
        let few = 4 * count + 64
        work.lookups += 1
        let size = try source.count(of: junction.table, where: outer.childColumns, equal: values, upTo: few)
        work.rowsFound += 1
        guard size == few else { return try rankedFromAll(node, group, read, count) }
        var rows = OrderedRows(source, of: node.table, [read])
        var found: [RankedRow] = []
        var budget = 16 * few
        while found.count < count, let next = try rows.next(&work) {
            budget -= 1
            guard budget > 0 else { return try rankedFromAll(node, group, read, count) }
            let own = inner.childColumns.map { next.row[$0] }
            guard own.allSatisfy({ $0.text != nil }), isCandidate(next.key, next.row, node) else { continue }
            work.lookups += 1
            let links = try source.rows(
                of: junction.table, where: outer.childColumns + inner.parentColumns, equal: values + own)
            work.rowsFound += links.count
            if links.contains(where: { satisfies($0.key, $0.row, junction) }) { found.append(next) }
        }
        return found
    }

    private mutating func rankedFromAll(
        _ node: Shape.Node, _ group: Found, _ read: OrderedRead, _ count: Int
    ) throws -> [RankedRow] {
        var found: [RankedRow] = []
        for item in try descendants(of: group, along: path(from: node.window?.group, to: node.index))
        where isCandidate(item.key, item.row, node) {
            let place = read.order.place(of: item.row, item.key)
            if read.reaches(place) { found.append(RankedRow(place: place, row: item.row)) }
        }
        return Array(found.sorted { read.precedes($0.place, $1.place) }.prefix(count))
    }

    /// The nodes from below `group` down to `node`.
    private func path(from group: Int?, to node: Int) -> [Int] {
        var path: [Int] = []
        var current = node
        while current != group, let parent = shape.nodes[current].parent {
            path.append(current)
            current = parent
        }
        return path.reversed()
    }

    /// The rows at the path's end, each once. Between lie only junction nodes, which take every row that may be read.
    private mutating func descendants(of group: Found, along path: [Int]) throws -> [Found] {
        var level = [group]
        for (step, node) in path.enumerated() {
            if step > 0 {
                level = level.filter { satisfies($0.key, $0.row, shape.nodes[path[step - 1]]) }
            }
            var below: [Found] = []
            var seen: Set<RowKey> = []
            for item in level {
                for found in try children(of: item.row, at: node) where seen.insert(found.key).inserted {
                    below.append(found)
                }
            }
            level = below
        }
        return level
    }
}
