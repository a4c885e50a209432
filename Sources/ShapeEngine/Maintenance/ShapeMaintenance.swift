import Shapes
import SyncModel

/// Incremental maintenance: what a transaction does to a shape, by looking only at the rows it can reach.
///
/// Nodes are visited from the root down. The rows to look at, at a node, are those of its table that the step touches,
/// the rows that join a parent row whose membership or join columns changed, and those that windows then let in or
/// push out. Each is decided in the view before and in the view after; the difference, over all nodes of a table, is
/// the answer.
package enum ShapeMaintenance {
    /// The changes of `step` are the net effect, each row at most once. `before` and `after` are the views around
    /// it. `touch` names the rows that the shape may have at one of their table's nodes, in either view, and that
    /// changed, or that a sub-select decides for, or time.
    /// `windows`: where the shape's windows end before the step, as far as that is known; the answer has what is known
    /// after it.
    static func changes(
        of shape: Shape, _ step: EngineStep, _ touch: ShapeTouch, windows: [WindowPlace: WindowState],
        before: some RowSource, after: some RowSource
    ) throws -> (changes: ShapeChanges, windows: [WindowPlace: WindowState?]) {
        let store = step.before.subselects
        var pass = MaintenancePass(
            shape: shape, step: step, touch: touch,
            before: Membership(shape: shape, source: before, now: step.before.now, known: windows) {
                store.view(of: $0)
            },
            after: Membership(shape: shape, source: after, now: step.now, known: windows) {
                store.view(of: $0, after: step.subselects)
            })
        try pass.visitNodes()
        return (try pass.result(), pass.windows)
    }

    package static func contains(
        _ key: RowKey, row: Row, of table: TableName, in shape: Shape, source: some RowSource, view: EngineView
    ) throws -> Bool {
        var membership = Membership(shape: shape, source: source, now: view.now) { view.subselects.view(of: $0) }
        return try membership.contains(key, row, nodes: shape.nodes(of: table))
    }
}
