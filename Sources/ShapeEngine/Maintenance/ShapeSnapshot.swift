import Shapes
import SyncModel

extension ShapeMaintenance {
    /// All rows of a shape, each once, a parent before the children that it brings in.
    ///
    /// `roots` calls its closure with the rows of the root table, all of them or those that its condition can
    /// hold for; it is not called where the root has a window, which is read in its order. What it needs to
    /// remember are the keys of included rows; for a shape of one node, nothing.
    @discardableResult
    package static func snapshot(
        of shape: Shape, roots: ((RowKey, Row) throws -> Void) throws -> Void, source: some RowSource,
        view: EngineView, emit: (TableName, RowKey, Row) throws -> Void
    ) throws -> (failures: [ConditionFailure], work: ShapeWork) {
        try withoutActuallyEscaping(emit) { emit in
            let membership = Membership(shape: shape, source: source, now: view.now) { view.subselects.view(of: $0) }
            var pass = SnapshotPass(shape: shape, membership: membership, emit: emit)
            if shape.nodes[0].window == nil {
                try roots { key, row in try pass.visit(key, row, at: 0) }
            } else {
                try pass.visitWindow(of: shape.nodes[0], nil)
            }
            return (pass.membership.failures, pass.membership.work)
        }
    }
}

private struct SnapshotPass<Source: RowSource> {
    let shape: Shape
    var membership: Membership<Source>
    let emit: (TableName, RowKey, Row) throws -> Void
    private var visited: [Set<RowKey>]
    private var emitted: [TableName: Set<RowKey>] = [:]
    private let sharedTables: Set<TableName>

    init(
        shape: Shape, membership: Membership<Source>, emit: @escaping (TableName, RowKey, Row) throws -> Void
    ) {
        self.shape = shape
        self.membership = membership
        self.emit = emit
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
        guard try node.window == nil ? membership.satisfies(key, row, node) : membership.isMember(key, row, at: index)
        else { return }
        try take(key, row, at: node)
    }

    private mutating func take(_ key: RowKey, _ row: Row, at node: Shape.Node) throws {
        if !sharedTables.contains(node.table) || emitted[node.table, default: []].insert(key).inserted {
            try emit(node.table, key, row)
        }
        for child in node.children {
            if shape.nodes[child].window?.group == node.index {
                try visitWindow(of: shape.nodes[child], (key: key, row: row))
                continue
            }
            for found in try membership.children(of: row, at: child) { try visit(found.key, found.row, at: child) }
        }
    }
}
