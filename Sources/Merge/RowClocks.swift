import SyncModel

/// The bookkeeping of one row: who wrote which column when.
package struct RowClocks: Hashable, Sendable {
    /// Of the row as a whole: it changes with every write.
    package let version: Int64
    /// The greatest clock that the row was written with.
    package let clock: HybridTimestamp
    /// Of every column that `columns` does not name.
    package let stamp: ColumnClock
    package let columns: [String: ColumnClock]

    package init(version: Int64, clock: HybridTimestamp, stamp: ColumnClock, columns: [String: ColumnClock] = [:]) {
        self.version = version
        self.clock = clock
        self.stamp = stamp
        self.columns = columns
    }

    /// A row that nobody has stamped.
    package static let zero = RowClocks(version: 0, clock: .zero, stamp: .zero)

    package subscript(column: String) -> ColumnClock { columns[column] ?? stamp }

    /// The row-wide stamp, then the columns' own by name.
    package var all: [ColumnClock] {
        [stamp] + columns.keys.sorted { Text($0) < Text($1) }.map { self[$0] }
    }

    /// The latest of the clocks that are concurrent with `write`; nil when the writer knew them all.
    func latestConcurrent(with write: WriteOrigin) -> ColumnClock? {
        all.filter { $0.isConcurrent(with: write) }.max { ($0.clock, $0.replica) < ($1.clock, $1.replica) }
    }

    /// The greatest clock that the writer had seen in this row.
    func greatestSeen(by write: WriteOrigin) -> HybridTimestamp {
        if version <= write.base { return clock }
        return all.filter { !$0.isConcurrent(with: write) }.map(\.clock).max() ?? .zero
    }
}

/// A row's state where the operation arrives, as read under its lock.
package enum StoredRow: Hashable, Sendable {
    /// There is no such row, and none is remembered.
    case missing
    /// `insertedBy`: the operation that made the row, if the service still knows it.
    case present(Row, RowClocks, insertedBy: OperationID? = nil)
    case deleted(Tombstone)
}

/// What is kept of a deleted row.
package struct Tombstone: Hashable, Sendable {
    /// The last row. `.absent` for a column that did not exist then.
    package let row: Row
    /// As they were before the delete, but for `version` and `clock`, which are the delete's.
    package let clocks: RowClocks
    /// The transaction that deleted it, as PostgreSQL writes an `xid8`.
    package let transaction: String
    /// Who deleted it by an operation on this very row; `.plainSQL` for plain SQL and for cascades.
    package let replica: ReplicaID
    /// The operation's seq; 0 for plain SQL and for cascades.
    package let seq: Int64

    package init(row: Row, clocks: RowClocks, transaction: String, replica: ReplicaID, seq: Int64) {
        self.row = row
        self.clocks = clocks
        self.transaction = transaction
        self.replica = replica
        self.seq = seq
    }

    /// The delete itself, as a write.
    var deletion: ColumnClock {
        ColumnClock(version: clocks.version, clock: clocks.clock, replica: replica, seq: seq)
    }
}
