import SyncModel

/// A row as a `TableStore` keeps it: its key, its values, and the store's own extra numbers (clocks,
/// memberships, marks), positional in `TableStore.extras`.
package struct StoredRow: Hashable, Sendable {
    package var key: RowKey
    package var row: Row
    package var extras: [Int64]

    package init(key: RowKey, row: Row, extras: [Int64]) {
        self.key = key
        self.row = row
        self.extras = extras
    }
}
