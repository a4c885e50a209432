import SyncModel

/// A row of the replica. GRDB has a `Row` of its own, so files that use both say `SyncedRow`.
typealias SyncedRow = Row

/// Which row of which table.
struct RowAddress: Hashable, Comparable, Sendable {
    let table: TableName
    let key: RowKey

    static func < (left: RowAddress, right: RowAddress) -> Bool {
        left.table == right.table ? left.key < right.key : left.table < right.table
    }
}
