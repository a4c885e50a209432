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
    private let selections: [TableName: [Int]]

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
        var selections: [TableName: [Int]] = [:]
        for table in shape.tables { selections[table] = shape.selection(of: table) }
        self.selections = selections
    }

    /// Positions of the columns that the shape shows of a table, ascending; nil where it does not have the table.
    func selection(of table: TableName) -> [Int]? { selections[table] }
}
