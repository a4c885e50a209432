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

    /// In the read's order and direction. A source of many rows MUST NOT read more than it gives.
    func rows(of table: TableName, _ read: OrderedRead) throws -> [(key: RowKey, row: Row)]

    /// How many rows have these values, up to a limit. An estimate is enough.
    func count(
        of table: TableName, where columns: [Int], equal values: [Value], upTo limit: Int
    ) throws -> Int
}

/// For sources that have few rows.
extension RowSource {
    package func rows(of table: TableName, _ read: OrderedRead) throws -> [(key: RowKey, row: Row)] {
        var found: [RankedRow] = []
        func add(_ key: RowKey, _ row: Row) {
            let place = read.order.place(of: row, key)
            if read.reaches(place) { found.append(RankedRow(place: place, row: row)) }
        }
        if read.columns.isEmpty {
            try forEach(of: table, add)
        } else {
            for item in try rows(of: table, where: read.columns, equal: read.values) { add(item.key, item.row) }
        }
        return found.sorted { read.precedes($0.place, $1.place) }.prefix(read.limit).map { (key: $0.key, row: $0.row) }
    }

    package func count(
        of table: TableName, where columns: [Int], equal values: [Value], upTo limit: Int
    ) throws -> Int {
        min(limit, try rows(of: table, where: columns, equal: values).count)
    }
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
