import SyncModel

/// Where the engine reads rows: one consistent view of the tables.
package protocol RowSource {
    func row(_ key: RowKey, of table: TableName) throws -> Row?

    /// The rows whose columns have exactly these texts, or are NULL where the value is. `columns` is not empty;
    /// no value is absent.
    func rows(
        of table: TableName, where columns: [Int], equal values: [Value]
    ) throws -> [(key: RowKey, row: Row)]

    /// Every row of the table, in an order of the source's own. What no index answers is scanned with it.
    func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws
}
