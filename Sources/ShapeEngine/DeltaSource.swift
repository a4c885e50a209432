import Shapes
import SyncModel

/// A view with a transaction's changes on top: the view after it, while the base is still the one before; or,
/// with the changes undone, the view before it while the base is already the one after.
package struct DeltaSource<Base: RowSource>: RowSource {
    private let base: Base
    private let delta: RowDelta

    package init(base: Base, changes: [RowChange]) {
        self.base = base
        delta = RowDelta(changes.map { ($0.table, $0.key, $0.new) })
    }

    package init(base: Base, undoing changes: [RowChange]) {
        self.base = base
        // Backwards, so that of several changes of one row the first one's old image stays.
        delta = RowDelta(changes.reversed().map { ($0.table, $0.key, $0.old) })
    }

    package func row(_ key: RowKey, of table: TableName) throws -> Row? {
        if let changed = delta.row(key, of: table) { return changed }
        return try base.row(key, of: table)
    }

    package func rows(
        of table: TableName, where columns: [Int], equal values: [Value]
    ) throws -> [(key: RowKey, row: Row)] {
        let unchanged = try base.rows(of: table, where: columns, equal: values)
        guard delta.touches(table) else { return unchanged }
        return unchanged.filter { delta.row($0.key, of: table) == nil }
            + delta.rows(of: table, where: columns, equal: values)
    }

    package func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
        guard delta.touches(table) else { return try base.forEach(of: table, body) }
        try base.forEach(of: table) { key, row in
            if delta.row(key, of: table) == nil { try body(key, row) }
        }
        try delta.forEach(of: table, body)
    }

    package func rows(of table: TableName, _ read: OrderedRead) throws -> [(key: RowKey, row: Row)] {
        guard delta.touches(table) else { return try base.rows(of: table, read) }
        var unchanged: [RankedRow] = []
        var next: OrderedRead? = read
        while let page = next, unchanged.count < read.limit {
            let rows = try base.rows(of: table, page)
            for found in rows where delta.row(found.key, of: table) == nil {
                unchanged.append(RankedRow(place: read.order.place(of: found.row, found.key), row: found.row))
            }
            guard rows.count == page.limit, let last = rows.last else { break }
            let limit = max(page.limit, min(2 * page.limit, OrderedRead.longestPage))
            next = page.following(read.order.place(of: last.row, last.key), limit: limit)
        }
        return Self.merged(unchanged, delta.rows(of: table, read), read).map { (key: $0.key, row: $0.row) }
    }

    private static func merged(_ left: [RankedRow], _ right: [RankedRow], _ read: OrderedRead) -> [RankedRow] {
        var merged: [RankedRow] = []
        var (one, other) = (0, 0)
        while merged.count < read.limit, one < left.count || other < right.count {
            if other == right.count || (one < left.count && read.precedes(left[one].place, right[other].place)) {
                merged.append(left[one])
                one += 1
            } else {
                merged.append(right[other])
                other += 1
            }
        }
        return merged
    }

    package func count(
        of table: TableName, where columns: [Int], equal values: [Value], upTo limit: Int
    ) throws -> Int {
        try base.count(of: table, where: columns, equal: values, upTo: limit)
    }
}

/// The changed rows, by key and by the columns they are looked up with.
///
/// A class, because an index is built when it is first needed and kept.
private final class RowDelta {
    private var tables: [TableName: Table] = [:]

    private struct Table {
        var rows: [RowKey: Row?] = [:]
        var indexes: [[Int]: [[Value]: [RowKey]]] = [:]
    }

    init(_ images: [(TableName, RowKey, Row?)]) {
        // `.some`, because assigning nil would take the key out.
        for (table, key, row) in images { tables[table, default: Table()].rows[key] = .some(row) }
    }

    func touches(_ table: TableName) -> Bool { tables[table] != nil }

    /// nil: not changed; nil inside: gone.
    func row(_ key: RowKey, of table: TableName) -> Row?? {
        guard let changed = tables[table] else { return nil }
        return changed.rows[key]
    }

    func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) rethrows {
        guard let changed = tables[table] else { return }
        for (key, row) in changed.rows.sorted(by: { $0.key < $1.key }) {
            if let row { try body(key, row) }
        }
    }

    func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
        var found: [(key: RowKey, row: Row)] = []
        for key in index(table, columns)[values] ?? [] {
            if case .some(.some(let row)) = row(key, of: table) { found.append((key: key, row: row)) }
        }
        return found
    }

    /// Those that an ordered read reaches, in its order: a transaction's rows are in memory anyway.
    func rows(of table: TableName, _ read: OrderedRead) -> [RankedRow] {
        rows(of: table, where: read.columns, equal: read.values)
            .map { RankedRow(place: read.order.place(of: $0.row, $0.key), row: $0.row) }
            .filter { read.reaches($0.place) }
            .sorted { read.precedes($0.place, $1.place) }
    }

    private func index(_ table: TableName, _ columns: [Int]) -> [[Value]: [RowKey]] {
        if let index = tables[table]?.indexes[columns] { return index }
        var index: [[Value]: [RowKey]] = [:]
        for (key, row) in tables[table]?.rows ?? [:] {
            guard let row else { continue }
            index[columns.map { row[$0] }, default: []].append(key)
        }
        // The table's dictionary has no order of its own.
        for values in Array(index.keys) { index[values]?.sort() }
        tables[table]?.indexes[columns] = index
        return index
    }
}
