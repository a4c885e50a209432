import Shapes
import SyncModel

/// A shape against the schema that the replica has: what the view needs to know of it.
struct ResolvedShape {
    /// Two tables of the shape's tree that hang together: a child is in the shape for its parent's sake.
    struct Link: Hashable {
        let parent: TableName
        let parentColumns: [Int]
        let child: TableName
        let childColumns: [Int]
    }

    let nodes: [Shape.Node]
    /// Each once, sorted.
    let tables: [TableName]
    let links: [Link]
    /// Nodes with a window whose rows the device ranks by itself: it holds the columns of the order, and those that
    /// join the rows to the one that the window is for. Windows behind a junction table are not among them.
    let ranked: [Int]
    /// What has the look-ahead rows of the windows that are ranked here; nil where there is none.
    let lookAhead: ShapeDefinition?
    private let selections: [TableName: [Int]]
    /// In which people read a table's rows: by the root's `order_by` where its columns are held, else by key.
    private let orders: [TableName: RowOrder]

    init(_ definition: ShapeDefinition, in schema: DatabaseSchema) throws(ShapeError) {
        let shape = try Shape(resolving: definition, in: schema)
        nodes = shape.nodes
        tables = shape.tables.sorted()
        var links: [Link] = []
        for node in shape.nodes {
            guard let parent = node.parent else { continue }
            for link in node.links {
                let resolved = Link(
                    parent: shape.nodes[parent].table, parentColumns: link.parentColumns, child: node.table,
                    childColumns: link.childColumns)
                if !links.contains(resolved) { links.append(resolved) }
            }
        }
        self.links = links
        ranked = shape.nodes.indices.filter { Self.canRank(shape.nodes[$0], shape.nodes) }
        lookAhead = ranked.isEmpty ? nil : definition.wider
        var selections: [TableName: [Int]] = [:]
        for table in shape.tables { selections[table] = shape.selection(of: table) }
        self.selections = selections
        orders = try Self.orders(shape, in: schema)
    }

    private static func orders(_ shape: Shape, in schema: DatabaseSchema) throws(ShapeError) -> [TableName: RowOrder] {
        var orders: [TableName: RowOrder] = [:]
        for table in shape.tables {
            guard let schema = schema[table] else { continue }
            let asked = table == shape.nodes[0].table ? shape.definition.root.orderBy : []
            let order = try RowOrder(asked, of: schema)
            let isHeld = order.columns.allSatisfy(shape.selection(of: table).contains)
            orders[table] = isHeld ? order : try RowOrder([], of: schema)
        }
        return orders
    }

    private static func canRank(_ node: Shape.Node, _ nodes: [Shape.Node]) -> Bool {
        guard let window = node.window, window.group == node.parent,
            window.order.columns.allSatisfy(node.selected.contains), isAlone(node, nodes)
        else { return false }
        guard let parent = node.parent else { return true }
        return node.links.allSatisfy { link in
            link.childColumns.allSatisfy(node.selected.contains)
                && link.parentColumns.allSatisfy(nodes[parent].selected.contains)
        }
    }

    /// The tables of the node and of those above it have no other nodes: what the service said of a row, it said of
    /// it there.
    private static func isAlone(_ node: Shape.Node, _ nodes: [Shape.Node]) -> Bool {
        if nodes.contains(where: { $0.table == node.table && $0.index != node.index }) { return false }
        return node.parent.map { isAlone(nodes[$0], nodes) } ?? true
    }

    func ranks(_ table: TableName) -> Bool { ranked.contains { nodes[$0].table == table } }

    /// Positions of the columns that the shape shows of a table, ascending; nil where it does not have the table.
    func selection(of table: TableName) -> [Int]? { selections[table] }

    func order(of table: TableName) -> RowOrder? { orders[table] }
}
