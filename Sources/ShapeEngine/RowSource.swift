import Shapes
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

extension RowSource {
    /// The rows that a condition may be true of, each once: by the values that it asks of its columns, or all of the
    /// table.
    func forEachCandidate(
        of table: TableName, _ condition: Predicate?, _ work: inout ShapeWork, _ body: (RowKey, Row) throws -> Void
    ) throws {
        guard let list = condition?.narrowestList else {
            work.scans += 1
            return try forEach(of: table) { key, row in
                work.rowsFound += 1
                try body(key, row)
            }
        }
        // With one value, what else the condition asks narrows further.
        let others = list.values.count > 1 ? [] : (condition?.equalities ?? []).filter { $0.column != list.column }
        for value in list.values {
            work.lookups += 1
            let rows = try rows(
                of: table, where: [list.column] + others.map(\.column),
                equal: [.text(value)] + others.map { .text($0.value) })
            work.rowsFound += rows.count
            for found in rows { try body(found.key, found.row) }
        }
    }
}
