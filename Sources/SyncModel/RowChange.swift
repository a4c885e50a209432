/// The net effect of one transaction on one row, with both images whole.
///
/// `old` nil: the row came to be; `new` nil: it went. A primary key update is two changes, joined by
/// `movedTo` and `movedFrom`.
package struct RowChange: Hashable, Sendable {
    package let table: TableName
    package let key: RowKey
    package let old: Row?
    package let new: Row?
    /// The row's bookkeeping after the transaction; nil where none is kept.
    package let clock: RowClock?
    package let movedTo: RowKey?
    package let movedFrom: RowKey?

    package init(
        table: TableName, key: RowKey, old: Row?, new: Row?, clock: RowClock? = nil, movedTo: RowKey? = nil,
        movedFrom: RowKey? = nil
    ) {
        self.table = table
        self.key = key
        self.old = old
        self.new = new
        self.clock = clock
        self.movedTo = movedTo
        self.movedFrom = movedFrom
    }
}
