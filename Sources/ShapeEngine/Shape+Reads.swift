import Shapes
import SyncModel

/// What the engine reads a shape's rows by, for a store that keeps indexes.
extension Shape {
    /// The columns that rows are looked up by, table by table; a list may come more than once.
    package var lookups: [(table: TableName, columns: [Int])] {
        var lookups: [(table: TableName, columns: [Int])] = []
        for node in nodes {
            for link in node.links {
                lookups.append((node.table, link.childColumns))
                if let parent = node.parent { lookups.append((nodes[parent].table, link.parentColumns)) }
            }
            if let columns = junctionLookup(node) { lookups.append(columns) }
            guard let predicate = node.predicate else { continue }
            if let list = predicate.narrowestList { lookups.append((node.table, [list.column])) }
            lookups += predicate.lookups(of: node.table)
        }
        return lookups
    }

    /// What windows read in order: rows that are equal in these columns.
    package var orderedReads: [(table: TableName, columns: [Int], order: RowOrder)] {
        nodes.flatMap { node -> [(table: TableName, columns: [Int], order: RowOrder)] in
            guard let window = node.window else { return [] }
            if window.group == nil {
                return [(node.table, node.predicate?.narrowestList.map { [$0.column] } ?? [], window.order)]
            }
            if window.group != node.parent { return [(node.table, [], window.order)] }
            return node.links.map { (node.table, $0.childColumns, window.order) }
        }
    }

    /// Whether a row goes with a row, in the junction table between them.
    private func junctionLookup(_ node: Node) -> (table: TableName, columns: [Int])? {
        guard let window = node.window, window.group != nil, window.group != node.parent,
            let junction = node.parent.map({ nodes[$0] }), let inner = node.links.first,
            let outer = junction.links.first
        else { return nil }
        return (junction.table, outer.childColumns + inner.parentColumns)
    }
}

extension Predicate {
    /// Of sub-selects: what their members are read by, and what they are looked for in the table around.
    fileprivate func lookups(of table: TableName) -> [(table: TableName, columns: [Int])] {
        var lookups: [(table: TableName, columns: [Int])] = []
        for subselect in subselects {
            for columns in subselect.probedColumnLists { lookups.append((table, columns)) }
            if let list = subselect.condition?.narrowestList { lookups.append((subselect.table, [list.column])) }
            lookups += subselect.condition?.lookups(of: subselect.table) ?? []
        }
        return lookups
    }
}
