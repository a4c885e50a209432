import SyncModel

/// A definition resolved against a schema: what the engine maintains.
package struct Shape: Hashable, Sendable {
    package let definition: ShapeDefinition
    /// Node 0 is the root; parents stand before their children.
    package let nodes: [Node]
    /// What of the read rules and of a person's claims decides the content.
    package let grant: ReadGrant

    /// A child row joins a parent row when the columns' values, in these orders, are equal and not NULL.
    package struct Link: Hashable, Sendable {
        package let childColumns: [Int]
        package let parentColumns: [Int]
    }

    /// `order_by` with `limit`.
    package struct Window: Hashable, Sendable {
        package let order: RowOrder
        package let limit: Int
        /// The node each of whose rows has a window of its own: the parent, or, behind a junction table, its
        /// parent. nil for the root, which has one window.
        package let group: Int?
    }

    /// - Parameter access: whose sight the shape is confined to, at every node and in every sub-select.
    package init(
        resolving definition: ShapeDefinition, in schema: DatabaseSchema, access: ReadAccess = .unrestricted
    ) throws(ShapeError) {
        self.definition = definition
        var resolver = ShapeResolver(definition: definition, schema: schema, access: access)
        nodes = try resolver.resolve()
        grant = resolver.grant
    }

    /// Each table once, in node order.
    package var tables: [TableName] {
        var tables: [TableName] = []
        for node in nodes where !tables.contains(node.table) { tables.append(node.table) }
        return tables
    }

    /// Every table that decides about the content: those of the tree, and those of sub-selects. Sorted.
    package var tablesRead: [TableName] {
        var read = Set(tables)
        var rest = nodes.compactMap(\.predicate)
        while let predicate = rest.popLast() {
            for subselect in predicate.subselects {
                read.insert(subselect.table)
                if let condition = subselect.condition { rest.append(condition) }
            }
        }
        return read.sorted()
    }

    package func nodes(of table: TableName) -> [Int] {
        nodes.indices.filter { nodes[$0].table == table }
    }

    /// The columns of a table's rows: the union over its nodes, ascending.
    package func selection(of table: TableName) -> [Int] {
        var columns: Set<Int> = []
        for node in nodes where node.table == table { columns.formUnion(node.selected) }
        return columns.sorted()
    }
}

extension Shape {
    /// One table of the tree. A table may have several nodes.
    ///
    /// A reference: whoever goes over the nodes of a shape would otherwise count all that they refer to, for each row.
    package final class Node: Sendable {
        package let index: Int
        /// nil for the root.
        package let parent: Int?
        /// Include names from the root, joined by `/`; empty for the root.
        package let path: String
        package let table: TableName
        /// nil takes every row. With the table's read rule, which comes first.
        package let predicate: Predicate?
        /// The read rule alone; nil where it restricts nobody.
        package let rule: Predicate?
        /// The ways in which a row joins a row of the parent node; one is enough. Empty for the root.
        package let links: [Link]
        /// Of the rows that the condition takes, only the first of each group.
        package let window: Window?
        /// Column indexes, ascending; the key's are always there.
        package let selected: [Int]
        package let children: [Int]

        init(
            index: Int, parent: Int?, path: String, table: TableName, predicate: Predicate?, rule: Predicate?,
            links: [Link], window: Window?, selected: [Int], children: [Int]
        ) {
            self.index = index
            self.parent = parent
            self.path = path
            self.table = table
            self.predicate = predicate
            self.rule = rule
            self.links = links
            self.window = window
            self.selected = selected
            self.children = children
        }
    }
}

extension Shape.Node: Hashable {
    package static func == (left: Shape.Node, right: Shape.Node) -> Bool {
        if left === right { return true }
        return left.index == right.index && left.parent == right.parent && left.path == right.path
            && left.table == right.table && left.predicate == right.predicate && left.rule == right.rule
            && left.links == right.links && left.window == right.window && left.selected == right.selected
            && left.children == right.children
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(index)
        hasher.combine(path)
        hasher.combine(table)
        hasher.combine(predicate)
    }
}
