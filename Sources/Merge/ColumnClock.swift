import SyncModel

/// Who wrote a column last, and when: the register's side of last-writer-wins.
package struct ColumnClock: Hashable, Sendable {
    /// The row's version that the write made.
    package let version: Int64
    package let clock: HybridTimestamp
    /// `.plainSQL` for SQL outside Satchel.
    package let replica: ReplicaID
    /// The operation's seq; 0 for plain SQL.
    package let seq: Int64

    package init(version: Int64, clock: HybridTimestamp, replica: ReplicaID, seq: Int64) {
        self.version = version
        self.clock = clock
        self.replica = replica
        self.seq = seq
    }

    /// A column that nobody has stamped.
    package static let zero = ColumnClock(version: 0, clock: .zero, replica: .plainSQL, seq: 0)

    /// The write was neither known to whoever did `write`, nor done before by the same replica.
    package func isConcurrent(with write: WriteOrigin) -> Bool {
        version > write.base && !(replica == write.replica && seq < write.seq)
    }

    /// Last writer wins: what is later in causality always does; of concurrent writes, that of the greater
    /// clock, and of equal clocks that of the (bytewise) greater replica.
    package func yields(to write: WriteOrigin) -> Bool {
        guard isConcurrent(with: write) else { return true }
        return (clock, replica) < (write.clock, write.replica)
    }
}

/// Where an operation comes from, as far as merging needs it.
package struct WriteOrigin: Hashable, Sendable {
    package let replica: ReplicaID
    package let seq: Int64
    /// The version of the row that the replica had confirmed when it wrote; 0 for none.
    package let base: Int64
    /// The clock to rank it with, within `ClockBounds`.
    package let clock: HybridTimestamp

    package init(replica: ReplicaID, seq: Int64, base: Int64, clock: HybridTimestamp) {
        self.replica = replica
        self.seq = seq
        self.base = base
        self.clock = clock
    }
}
