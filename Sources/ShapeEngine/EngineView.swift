import SyncModel

/// What the engine needs to know of a moment beside the rows: the time, and the members of sub-selects.
package struct EngineView: Sendable {
    /// The value of `NOW()`: the greatest commit timestamp up to the position, in microseconds since
    /// 2000-01-01 00:00 UTC. nil: no shape asks.
    package let now: Int64?
    package let subselects: SubselectStore
    package let schema: DatabaseSchema

    package init(now: Int64? = nil, subselects: SubselectStore = SubselectStore(), schema: DatabaseSchema) {
        self.now = now
        self.subselects = subselects
        self.schema = schema
    }
}

/// A transaction as every shape sees it: what changed in the rows, in the members of sub-selects, and in time.
package struct EngineStep: Sendable {
    package let changes: [RowChange]
    let changed: [TableName: [RowKey: RowChange]]
    /// A key changed.
    let hasMoves: Bool
    package let before: EngineView
    package let subselects: SubselectStep
    /// `NOW()` after the transaction.
    package let now: Int64?

    package init(
        _ changes: [RowChange], from view: EngineView, now: Int64? = nil, before: some RowSource,
        after: some RowSource
    ) throws {
        self.changes = changes
        hasMoves = changes.contains { $0.movedTo != nil || $0.movedFrom != nil }
        var changed: [TableName: [RowKey: RowChange]] = [:]
        for change in changes { changed[change.table, default: [:]][change.key] = change }
        self.changed = changed
        self.before = view
        self.now = now ?? view.now
        subselects = try view.subselects.step(changes, before: before, after: after, schema: view.schema)
    }
}
