import Shapes
import SyncModel

/// Decides which rows of one view are in a shape, and remembers what it decided.
///
/// A row is a member at a node when the node's condition is true for it and, below the root, a row that it
/// joins is a member at the parent node; where the node has a window, also only when it is in the window of one
/// such row. It is in the shape when it is a member at any node of its table.
struct Membership<Source: RowSource> {
    let shape: Shape
    let source: Source
    /// Per node, what its condition needs to know beside the row.
    let contexts: [EvaluationContext]
    /// The same for its read rule alone.
    private let ruleContexts: [EvaluationContext]
    var work = ShapeWork()
    private var decided: [[RowKey: Bool]]
    private var truths: [[RowKey: Truth]]
    /// Where a condition failed, of rows that `satisfies` was asked about.
    private var failed: Set<NodeRow> = []
    /// What was known of windows before, and still holds in this view where `windows` says nothing else.
    let known: [WindowPlace: WindowState]
    /// What was found out.
    var windows: [WindowPlace: WindowState] = [:]

    /// - Parameters:
    ///   - now: what `NOW()` is, in microseconds since 2000-01-01 00:00 UTC.
    ///   - subselects: the members of a predicate's sub-selects in this view.
    init(
        shape: Shape, source: Source, now: Int64?, known: [WindowPlace: WindowState] = [:],
        subselects: (Predicate) -> SubselectView
    ) {
        self.shape = shape
        self.known = known
        self.source = source
        contexts = shape.nodes.map { node in
            EvaluationContext(now: now, subselects: node.predicate.map(subselects) ?? SubselectView())
        }
        ruleContexts = shape.nodes.map { node in
            EvaluationContext(now: now, subselects: node.rule.map(subselects) ?? SubselectView())
        }
        decided = Array(repeating: [:], count: shape.nodes.count)
        truths = Array(repeating: [:], count: shape.nodes.count)
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
        if node.window != nil { return try isInWindow(key, row, at: node) }
        return try joinsMember(row, at: node)
    }

    /// Whether the person may read the row at all.
    func permits(_ row: Row, _ node: Shape.Node) -> Bool {
        node.rule?.evaluate(row, in: ruleContexts[node.index]).isTrue ?? true
    }

    mutating func satisfies(_ key: RowKey, _ row: Row, _ node: Shape.Node) -> Bool {
        let truth = truth(key, row, node)
        if case .error = truth { failed.insert(NodeRow(node: node.index, key: key)) }
        return truth.isTrue
    }

    /// The same of a row that a window comes across: whether its condition failed was told when the row changed.
    mutating func isCandidate(_ key: RowKey, _ row: Row, _ node: Shape.Node) -> Bool { truth(key, row, node).isTrue }

    /// What the condition says, of a row that joins a member at the parent node.
    func failure(of row: Row, at node: Shape.Node) -> String? {
        node.predicate?.failure(of: row, in: contexts[node.index])
    }

    /// Of a row that `contains` has just found to be outside: whether a condition that fails keeps it there, at a node
    /// at which it would be a member otherwise, as far as the row itself and its parents go.
    mutating func failure(of key: RowKey, _ row: Row, nodes: [Int]) throws -> String? {
        guard !failed.isEmpty else { return nil }
        for index in nodes where failed.contains(NodeRow(node: index, key: key)) {
            let node = shape.nodes[index]
            if let message = failure(of: row, at: node), try joinsMember(row, at: node) { return message }
        }
        return nil
    }

    private mutating func joinsMember(_ row: Row, at node: Shape.Node) throws -> Bool {
        guard let parent = node.parent else { return true }
        for candidate in try parents(of: row, at: node)
        where try isMember(candidate.key, candidate.row, at: parent) {
            return true
        }
        return false
    }

    mutating func truth(_ key: RowKey, _ row: Row, _ node: Shape.Node) -> Truth {
        guard let predicate = node.predicate else { return .true }
        // Only at a window is a row asked for more than once.
        if let known = truths[node.index][key] { return known }
        work.conditionsEvaluated += 1
        let truth = predicate.evaluate(row, in: contexts[node.index])
        if node.window != nil { truths[node.index][key] = truth }
        return truth
    }
}

private struct NodeRow: Hashable {
    let node: Int
    let key: RowKey
}

// MARK: - Along the tree

extension Membership {
    /// The rows at the parent node that a row joins, members or not, each once.
    mutating func parents(of row: Row, at node: Shape.Node) throws -> [Found] {
        guard let parent = node.parent else { return [] }
        return try joined(
            of: shape.nodes[parent].table,
            node.links.map { link in
                (columns: link.parentColumns, values: link.childColumns.map { row[$0] })
            })
    }

    /// The rows at a node that join a parent row, whether their conditions hold or not, each once.
    mutating func children(of row: Row, at index: Int) throws -> [Found] {
        let node = shape.nodes[index]
        return try joined(
            of: node.table,
            node.links.map { link in
                (columns: link.childColumns, values: link.parentColumns.map { row[$0] })
            })
    }

    typealias Found = (key: RowKey, row: Row)

    private mutating func joined(
        of table: TableName, _ ways: [(columns: [Int], values: [Value])]
    ) throws -> [Found] {
        var found: [Found] = []
        var seen: Set<RowKey> = []
        for way in ways {
            // NULL joins nothing, and what is not held cannot be looked up.
            guard way.values.allSatisfy({ $0.text != nil }) else { continue }
            work.lookups += 1
            let rows = try source.rows(of: table, where: way.columns, equal: way.values)
            work.rowsFound += rows.count
            if ways.count == 1 { return rows }
            for row in rows where seen.insert(row.key).inserted { found.append(row) }
        }
        return found
    }
}
