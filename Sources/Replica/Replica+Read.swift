import GRDB
import Shapes
import SyncModel
import TableStore

/// A page of a shape's rows, sorted by table, then key bytes.
package struct ViewPage: Hashable, Sendable {
    package let rows: [ViewRow]
    /// Where the next page begins; nil after the last one.
    package let next: String?
    package let status: ShapeStatus
    /// The page shows the rows as of these effects.
    package let sequence: Int64
    /// False: rows of a first sync that is not whole yet, or windows that cannot be filled from what is held.
    package let isComplete: Bool
}

extension Replica {
    /// The rows in view of a shape.
    ///
    /// - Parameters:
    ///   - cursor: `next` of the page before; nil for the first page.
    ///   - limit: rows, at least 1.
    ///   - isPartial: while nothing is in view, the rows that have come so far.
    ///   - withPlaces: the rows say how they compare.
    package func read(
        shape id: String, after cursor: String? = nil, limit: Int, isPartial: Bool = false, withPlaces: Bool = false
    ) throws(ReplicaError) -> ViewPage {
        guard let record = memory.shapes.first(where: { $0.id == id }) else {
            throw ReplicaError(.unknownShape, "There is no shape \(id): it was forgotten, or never held")
        }
        let start = try Self.start(cursor)
        let limit = max(limit, 1)
        var rows: [ViewRow] = []
        if record.isVisible {
            // One more than asked for tells whether there is a next page.
            rows = try inspect {
                try $0.rows(of: record, after: start, limit: limit + 1, withPlaces: withPlaces)
            }
        } else if isPartial {
            rows = try inspect {
                try $0.arrivedRows(of: record, after: start, limit: limit + 1, withPlaces: withPlaces)
            }
        }
        var next: String?
        if rows.count > limit {
            rows.removeLast()
            next = rows.last.map { "\($0.table)\n\($0.key)" }
        }
        return ViewPage(
            rows: rows, next: next, status: record.status, sequence: memory.sequence,
            isComplete: !(isPartial && record.status == .initial) && !record.isShort)
    }

    /// One row in view of a shape.
    package func row(
        shape id: String, table: TableName, key: RowKey
    ) throws(ReplicaError) -> ViewRow? {
        guard let record = memory.shapes.first(where: { $0.id == id }) else {
            throw ReplicaError(.unknownShape, "There is no shape \(id): it was forgotten, or never held")
        }
        guard let schema = memory.table(table), let columns = record.resolved?.selection(of: table) else { return nil }
        let address = RowAddress(table: table, key: key)
        guard let state = try inspect({ try $0.viewState(address, schema) }),
            memory.sets.contains(record.number, in: state.members)
        else { return nil }
        return ReplicaTransaction.viewRow(address, state, schema, columns)
    }

    /// Bytes of the values of each shape's confirmed rows in view, by id; shapes without rows are left out. Every table
    /// is read once, whatever the number of shapes.
    package func byteCounts() throws(ReplicaError) -> [String: Int] {
        try inspect { try $0.countBytes() }
    }

    private static func start(_ cursor: String?) throws(ReplicaError) -> RowAddress? {
        guard let cursor else { return nil }
        let parts = cursor.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ReplicaError(.invalidCursor, "This is no cursor: pass `next` of the page before, unchanged")
        }
        return RowAddress(table: TableName(String(parts[0])), key: RowKey(text: Text(parts[1])))
    }
}

extension ReplicaTransaction {
    static func viewRow(
        _ address: RowAddress, _ state: ViewState, _ schema: TableSchema, _ columns: [Int], order: RowOrder? = nil
    ) -> ViewRow {
        ViewRow(
            table: address.table, key: address.key, fields: fields(state.row, schema, columns),
            isPending: state.isPending, place: order?.bytes(of: state.row))
    }

    func rows(
        of record: HeldRecord, after start: RowAddress?, limit: Int, withPlaces: Bool = false
    ) throws -> [ViewRow] {
        var rows: [ViewRow] = []
        for table in record.resolved?.tables ?? [] {
            if let start, table < start.table { continue }
            guard let schema = memory.table(table), let columns = record.resolved?.selection(of: table) else {
                continue
            }
            let after = start?.table == table ? start?.key : nil
            let order = withPlaces ? record.resolved?.order(of: table) : nil
            try forEachRow(of: record.number, schema, after: after, wanted: limit - rows.count) { key, state in
                rows.append(Self.viewRow(RowAddress(table: table, key: key), state, schema, columns, order: order))
                return rows.count < limit
            }
            if rows.count >= limit { break }
        }
        return rows
    }

    /// The rows in view of one table of a shape, by key, until `body` returns false.
    ///
    /// - Parameter wanted: after so many rows `body` is likely to have enough.
    private func forEachRow(
        of shape: Int64, _ schema: TableSchema, after start: RowKey?, wanted: Int = .max,
        _ body: (RowKey, ViewState) throws -> Bool
    ) throws {
        var confirmed = PagedRows(stores.confirmed, schema, after: start, first: wanted)
        var overlay = PagedRows(stores.overlay, schema, after: start, first: wanted)
        let hasOverlay = memory.overlaid[schema.name] != nil
        while true {
            let row = try confirmed.next(in: db)
            let state: ViewState?
            let key: RowKey
            if hasOverlay, let local = try overlay.next(in: db), row.map({ local.key <= $0.key }) ?? true {
                overlay.advance()
                if row?.key == local.key { confirmed.advance() }
                key = local.key
                state = Self.state(OverlayRow(local))
            } else if let row {
                confirmed.advance()
                key = row.key
                state = Self.state(ConfirmedRow(row))
            } else {
                return
            }
            guard let state, memory.sets.contains(shape, in: state.members) else { continue }
            if try !body(key, state) { return }
        }
    }

    func countBytes() throws -> [String: Int] {
        var bytes: [String: Int] = [:]
        for schema in memory.schema?.tables ?? [] {
            for set in try stores.confirmed.bytes(of: schema, by: "members", in: db) {
                for shape in memory.sets.shapes(of: set.number) { bytes[HeldRecord.id(shape), default: 0] += set.bytes }
            }
        }
        for record in memory.shapes where !record.isVisible { bytes[record.id] = nil }
        return bytes
    }

    /// Rows in view of a shape.
    func countRows(of record: HeldRecord) throws -> Int {
        guard record.isVisible else { return 0 }
        var count = 0
        for schema in record.resolved?.tables.compactMap(memory.table) ?? [] {
            if memory.overlaid[schema.name] == nil {
                for set in try stores.confirmed.counts(of: schema, by: "members", in: db)
                where memory.sets.contains(record.number, in: set.number) { count += set.count }
                continue
            }
            try forEachRow(of: record.number, schema, after: nil) { _, _ in
                count += 1
                return true
            }
        }
        return count
    }
}

/// The rows of one table by key, read as they are asked for, in pages that grow: most readers want few.
private struct PagedRows {
    private let store: TableStore
    private let schema: TableSchema
    private var last: RowKey?
    private var size: Int
    private var page: [StoredRow] = []
    private var place = 0
    private var isAtEnd = false

    private static let largest = 256

    init(_ store: TableStore, _ schema: TableSchema, after start: RowKey?, first: Int) {
        self.store = store
        self.schema = schema
        last = start
        size = min(max(first, 1), Self.largest)
    }

    /// The row at this place; nil after the last one.
    mutating func next(in db: Database) throws -> StoredRow? {
        if place < page.count { return page[place] }
        if isAtEnd { return nil }
        page = try store.scan(schema, after: last, limit: size, in: db)
        place = 0
        isAtEnd = page.count < size
        last = page.last?.key
        size = min(size * 4, Self.largest)
        return page.first
    }

    mutating func advance() { place += 1 }
}
