import SyncModel

/// What one transaction does to one row of a shape. Rows are whole: the caller projects them.
package struct ShapeChange: Hashable, Sendable {
    /// insert: the row came in; update: a selected column changed; delete: the row went out.
    package let kind: ShapeMessage.Kind
    package let table: TableName
    package let key: RowKey
    /// nil for an insert.
    package let old: Row?
    /// nil for a delete.
    package let new: Row?
    /// Of the row's change in the transaction. nil for a row that moved because of others: the store knows it.
    package let clock: RowClock?
    /// The key changed, and the row is in the shape before and after under these two.
    package let movedTo: RowKey?
    package let movedFrom: RowKey?

    package init(
        kind: ShapeMessage.Kind, table: TableName, key: RowKey, old: Row?, new: Row?, clock: RowClock? = nil,
        movedTo: RowKey? = nil, movedFrom: RowKey? = nil
    ) {
        self.kind = kind
        self.table = table
        self.key = key
        self.old = old
        self.new = new
        self.clock = clock
        self.movedTo = movedTo
        self.movedFrom = movedFrom
    }
}

/// What a piece of maintenance cost, for tests and metrics.
package struct ShapeWork: Hashable, Sendable {
    /// Rows that were asked for by key.
    package var rowsRead = 0
    /// Look-ups along a foreign key.
    package var lookups = 0
    /// Rows that those gave.
    package var rowsFound = 0
    package var conditionsEvaluated = 0
    /// Windows that were filled from the rows.
    package var windowsFilled = 0
    /// Tables that were read from end to end, for want of anything to look up.
    package var scans = 0
    /// Shapes that were looked at, and those of them that every change of a table is asked of.
    package var shapesAsked = 0
    package var shapesScanned = 0

    package init() {}

    package static func += (left: inout ShapeWork, right: ShapeWork) {
        left.rowsRead += right.rowsRead
        left.lookups += right.lookups
        left.rowsFound += right.rowsFound
        left.conditionsEvaluated += right.conditionsEvaluated
        left.windowsFilled += right.windowsFilled
        left.scans += right.scans
        left.shapesAsked += right.shapesAsked
        left.shapesScanned += right.shapesScanned
    }
}

/// A row began, or ceased, to be outside because of a condition that fails.
package struct FailureChange: Hashable, Sendable {
    package let table: TableName
    package let key: RowKey
    /// nil: it is not any more, because the row was mended, is in the shape all the same, or went.
    package let message: String?
}

package struct ShapeChanges: Hashable, Sendable {
    /// Sorted by the path of the table's first node, then by key. Their places are their op numbers.
    package var changes: [ShapeChange] = []
    /// Rows that stay, and of which nothing that is shown changed: a device takes their clocks, so that what it
    /// writes next is not held to be concurrent with what it could not see. Sorted as `changes`.
    package var clocks: [ShapeChange] = []
    /// A row that the person could read can no longer be read: nothing that the log or the snapshot says of the time
    /// before may be told any more.
    package var isRevoked = false
    /// By the path of the table's first node, then by key.
    package var failures: [FailureChange] = []
    package var work = ShapeWork()
}
