import Shapes
import SyncModel

/// Decides which rows of one view are in a shape, and remembers what it decided.
///
/// A row is a member at a node when the node's condition is true for it and, below the root, a row that it
/// joins is a member at the parent node. It is in the shape when it is a member at any node of its table.
struct Membership<Source: RowSource> {
    let shape: Shape
    let source: Source
    private(set) var work = ShapeWork()
    private(set) var failures: [ConditionFailure] = []
    private var decided: [[RowKey: Bool]]

    init(shape: Shape, source: Source) {
        self.shape = shape
        self.source = source
        decided = Array(repeating: [:], count: shape.nodes.count)
    }

    mutating func row(_ key: RowKey, of table: TableName) throws -> Row? {
        work.rowsRead += 1
        return try source.row(key, of: table)
    }

    mutating func contains(_ key: RowKey, _ row: Row, nodes: [Int]) throws -> Bool {
        for node in nodes where try isMember(key, row, at: node) { return true }
        return false
    }

    mutating func isMember(_ key: RowKey, _ row: Row, at index: Int) throws -> Bool {
        if let known = decided[index][key] { return known }
        let decision = try decide(key, row, at: shape.nodes[index])
        decided[index][key] = decision
        return decision
    }

    private mutating func decide(_ key: RowKey, _ row: Row, at node: Shape.Node) throws -> Bool {
        guard satisfies(key, row, node) else { return false }
        guard let parent = node.parent, let link = node.link else { return true }
        let parents = try rows(
            of: shape.nodes[parent].table, where: link.parentColumns, joining: row, link.childColumns)
        for candidate in parents where try isMember(candidate.key, candidate.row, at: parent) { return true }
        return false
    }

    mutating func satisfies(_ key: RowKey, _ row: Row, _ node: Shape.Node) -> Bool {
        guard let predicate = node.predicate else { return true }
        work.conditionsEvaluated += 1
        let truth = predicate.evaluate(row)
        if case .error(let message) = truth {
            failures.append(ConditionFailure(table: node.table, key: key, message: message))
        }
        return truth.isTrue
    }

    /// The children at a node of a parent row, whether their conditions hold or not.
    mutating func children(of row: Row, at index: Int) throws -> [(key: RowKey, row: Row)] {
        let node = shape.nodes[index]
        guard let link = node.link else { return [] }
        return try rows(of: node.table, where: link.childColumns, joining: row, link.parentColumns)
    }

    private mutating func rows(
        of table: TableName, where columns: [Int], joining row: Row, _ otherColumns: [Int]
    ) throws -> [(key: RowKey, row: Row)] {
        let values = otherColumns.map { row[$0] }
        // NULL joins nothing, and what is not held cannot be looked up.
        guard values.allSatisfy({ $0.text != nil }) else { return [] }
        work.lookups += 1
        let found = try source.rows(of: table, where: columns, equal: values)
        work.rowsFound += found.count
        return found
    }
}
