import Shapes
import SyncModel

extension ShapeMaintenance {
    /// All rows of a shape, each once, a parent before the children that it brings in.
    ///
    /// `roots` calls its closure with the rows of the root table, all of them or those that its condition can
    /// hold for. A window at the root is read in its order; then `roots` is called only where the condition may fail.
    /// What it needs to remember are the keys of included rows; for a shape of one node, nothing.
    /// `emitFailure` gets the rows that are outside because their condition fails, each once.
    @discardableResult
    package static func snapshot(
        of shape: Shape, roots: ((RowKey, Row) throws -> Void) throws -> Void, source: some RowSource,
        view: EngineView, emit: (TableName, RowKey, Row) throws -> Void,
        emitFailure: (ConditionFailure) throws -> Void = { _ in }
    ) throws -> ShapeWork {
        try withoutActuallyEscaping(emit) { emit in
            try withoutActuallyEscaping(emitFailure) { emitFailure in
                let membership = Membership(shape: shape, source: source, now: view.now) {
                    view.subselects.view(of: $0)
                }
                var pass = SnapshotPass(shape: shape, membership: membership, emit: emit, emitFailure: emitFailure)
                if shape.nodes[0].window == nil {
                    try roots { key, row in try pass.visit(key, row, at: 0) }
                } else {
                    if shape.nodes[0].predicate?.canFail == true {
                        try roots { key, row in try pass.lookForFailure(key, row, at: shape.nodes[0]) }
                    }
                    try pass.visitWindow(of: shape.nodes[0], nil)
                }
                try pass.finish()
                return pass.membership.work
            }
        }
    }
}

private struct SnapshotPass<Source: RowSource> {
    let shape: Shape
    var membership: Membership<Source>
    let emit: (TableName, RowKey, Row) throws -> Void
    let emitFailure: (ConditionFailure) throws -> Void
    private var visited: [Set<RowKey>]
    private var emitted: [TableName: Set<RowKey>] = [:]
    /// Of tables at several nodes, and below windows: a row may be in the shape all the same, or come again.
    private var failed: [TableName: [RowKey: String]] = [:]
    private let sharedTables: Set<TableName>

    init(
        shape: Shape, membership: Membership<Source>, emit: @escaping (TableName, RowKey, Row) throws -> Void,
        emitFailure: @escaping (ConditionFailure) throws -> Void
    ) {
        self.shape = shape
        self.membership = membership
        self.emit = emit
        self.emitFailure = emitFailure
        visited = Array(repeating: [], count: shape.nodes.count)
        sharedTables = Set(shape.tables.filter { shape.nodes(of: $0).count > 1 })
    }

    /// In the order of their keys, as rows come without a window.
    mutating func visitWindow(of node: Shape.Node, _ group: Membership<Source>.Group) throws {
        for found in try membership.fill(node, group).sorted(by: { $0.key < $1.key })
        where visited[node.index].insert(found.key).inserted {
            try take(found.key, found.row, at: node)
        }
    }

    /// `row` joins a member at the parent node, or is a root row.
    mutating func visit(_ key: RowKey, _ row: Row, at index: Int) throws {
        let node = shape.nodes[index]
        // Root rows come once; others once for each parent that they join.
        if index > 0, !visited[index].insert(key).inserted { return }
        // A window behind a junction looks at its rows together, so the parents are settled before.
        if node.window != nil {
            if try membership.isMember(key, row, at: index) { return try take(key, row, at: node) }
            return try lookForFailure(key, row, at: node)
        }
        let truth = membership.truth(key, row, node)
        if truth.isTrue { return try take(key, row, at: node) }
        if case .error = truth { try lookForFailure(key, row, at: node) }
    }

    /// The row joins a member at the parent node, or is a root row.
    mutating func lookForFailure(_ key: RowKey, _ row: Row, at node: Shape.Node) throws {
        guard let message = membership.failure(of: row, at: node) else { return }
        if sharedTables.contains(node.table) || (node.index > 0 && node.window != nil) {
            if failed[node.table]?[key] == nil { failed[node.table, default: [:]][key] = message }
        } else {
            try emitFailure(ConditionFailure(table: node.table, key: key, message: message))
        }
    }

    mutating func finish() throws {
        for (table, rows) in failed.sorted(by: { $0.key < $1.key }) {
            for (key, message) in rows.sorted(by: { $0.key < $1.key })
            where emitted[table]?.contains(key) != true {
                try emitFailure(ConditionFailure(table: table, key: key, message: message))
            }
        }
    }

    private mutating func take(_ key: RowKey, _ row: Row, at node: Shape.Node) throws {
        if !sharedTables.contains(node.table) || emitted[node.table, default: []].insert(key).inserted {
            try emit(node.table, key, row)
        }
        for child in node.children {
            if shape.nodes[child].window?.group == node.index {
                if shape.nodes[child].predicate?.canFail == true {
                    for found in try membership.children(of: row, at: child) {
                        try lookForFailure(found.key, found.row, at: shape.nodes[child])
                    }
                }
                try visitWindow(of: shape.nodes[child], (key: key, row: row))
                continue
            }
            for found in try membership.children(of: row, at: child) { try visit(found.key, found.row, at: child) }
        }
    }
}
