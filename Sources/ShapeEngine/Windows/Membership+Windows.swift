import Shapes
import SyncModel

/// The group of the root's one window, in place of a row's key.
let wholeGroup = RowKey(text: Text(""))

/// Windows: of the rows that satisfy a node's condition, the first of each group.
///
/// A group is one row of the node that the window names, and what hangs on it; the root's rows are one group.
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

    /// The keys in a group's window, in order. The group's row MUST be a member.
    mutating func window(of node: Shape.Node, _ group: Group) throws -> [RowKey] {
        let groupKey = group?.key ?? wholeGroup
        if let known = windows[node.index]?[groupKey] { return known }
        guard let window = node.window else { return [] }
        work.windowsFilled += 1
        var first = FirstRows(window)
        if let group, let path = pathDown(from: window.group, to: node.index) {
            for found in try descendants(of: group, along: path) where satisfies(found.key, found.row, node) {
                first.offer(found.key, found.row)
            }
        } else {
            try forEachCandidate(of: node) { membership, key, row in
                if membership.satisfies(key, row, node) { first.offer(key, row) }
            }
        }
        windows[node.index, default: [:]][groupKey] = first.keys
        return first.keys
    }

    /// The nodes from below `group` down to `node`.
    private func pathDown(from group: Int?, to node: Int) -> [Int]? {
        guard let group else { return nil }
        var path: [Int] = []
        var current = node
        while current != group, let parent = shape.nodes[current].parent {
            path.append(current)
            current = parent
        }
        return path.reversed()
    }

    /// The rows at the path's end, each once. Between lie only junction nodes, which take every row.
    private mutating func descendants(of group: Found, along path: [Int]) throws -> [Found] {
        var level = [group]
        for (step, node) in path.enumerated() {
            if step == 0 {
                level = try children(of: group.row, at: node)
                continue
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

    /// The rows that the condition of a node may hold for: by its `column = value`, or all of the table.
    mutating func forEachCandidate(
        of node: Shape.Node, _ body: (inout Self, RowKey, Row) throws -> Void
    ) throws {
        let source = source
        var work = ShapeWork()
        try source.forEachCandidate(of: node.table, node.predicate, &work) { key, row in try body(&self, key, row) }
        self.work += work
    }
}

/// The first rows by a window's order, of those that were offered. Holds no more rows than the window.
struct FirstRows {
    private let window: Shape.Window
    private var places: [RowOrder.Place] = []

    init(_ window: Shape.Window) {
        self.window = window
    }

    var keys: [RowKey] { places.map(\.key) }

    mutating func offer(_ key: RowKey, _ row: Row) {
        let place = window.order.place(of: row, key)
        if places.count == window.limit, let last = places.last, !(place < last) { return }
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < place { low = middle + 1 } else { high = middle }
        }
        places.insert(place, at: low)
        if places.count > window.limit { places.removeLast() }
    }
}
