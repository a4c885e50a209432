import ShapeEngine
import Shapes
import SyncModel

/// What a person must see, computed from scratch: the oracle of the replica's overlay.
struct ModelView {
    typealias Rows = ModelService.Rows

    /// The rows in view of each shape, as the service sent them.
    var contents: [String: Rows] = [:]
    var shapes: [String: Shape] = [:]
    /// All rows of the database, as of when rows last came into view.
    var database: Rows = [:]
    /// Whose effect is to be seen, in queue order.
    var operations: [Operation] = []
    /// Rows that went while operations on them were queued.
    private var kept: [TableName: [RowKey: Row]] = [:]

    struct Seen: Hashable {
        var fields: [ShapeMessage.Field]
        var isPending: Bool
    }

    var confirmed: Rows {
        var merged: Rows = [:]
        for id in contents.keys.sorted() { merged = Self.merge(contents[id] ?? [:], over: merged) }
        return merged
    }

    static func merge(_ rows: Rows, over base: Rows) -> Rows {
        var merged = base
        for (table, rows) in rows {
            for (key, row) in rows {
                let known = base[table]?[key]
                merged[table, default: [:]][key] = Row(
                    row.values.indices.map { row[$0] == .absent ? known?[$0] ?? .absent : row[$0] })
            }
        }
        return merged
    }

    /// MUST be called with the confirmed rows as they were, after they or the operations changed. What operations that
    /// are confirmed now made of a row stays below those that are left on it.
    mutating func settleKept(before: Rows, confirmed done: [Operation]) {
        let now = confirmed
        var next: [TableName: [RowKey: Row]] = [:]
        for operation in operations {
            guard let (table, key) = Self.place(operation), now[table]?[key] == nil else { continue }
            var row = before[table]?[key] ?? kept[table]?[key]
            for other in done {
                if let place = Self.place(other), place == (table, key) { row = Self.apply(other, to: row) }
            }
            next[table, default: [:]][key] = row
        }
        kept = next
    }

    static func place(_ operation: Operation) -> (TableName, RowKey)? {
        Sample.schema[operation.table].flatMap { operation.rowKey(in: $0) }.map { (operation.table, $0) }
    }

    // MARK: - The local database

    struct Local: RowSource {
        var rows: Rows = [:]
        var pending: [TableName: Set<RowKey>] = [:]

        func row(_ key: RowKey, of table: TableName) -> Row? { rows[table]?[key] }

        func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
            ModelService.rows(rows, of: table, where: columns, equal: values)
        }

        func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
            for (key, row) in rows[table] ?? [:] { try body(key, row) }
        }
    }

    func local() -> Local {
        var local = Local(rows: confirmed)
        for (table, rows) in kept { local.rows[table, default: [:]].merge(rows) { confirmed, _ in confirmed } }
        var deleted: [TableName: Set<RowKey>] = [:]
        for operation in operations {
            guard let (table, key) = Self.place(operation) else { continue }
            local.pending[table, default: []].insert(key)
            let row = Self.apply(operation, to: local.rows[table]?[key])
            if row == nil, local.rows[table]?[key] != nil { deleted[table, default: []].insert(key) }
            if row != nil { deleted[table]?.remove(key) }
            local.rows[table, default: [:]][key] = row
        }
        cascade(&local, deleted)
        return local
    }

    private static func apply(_ operation: Operation, to row: Row?) -> Row? {
        guard operation.action != .delete, let schema = Sample.schema[operation.table] else { return nil }
        guard operation.action != .update || row != nil else { return nil }
        var next = row ?? Row(schema.columns.map { $0.hasDefault ? .absent : .null })
        for index in schema.columns.indices {
            let name = schema.columns[index].name
            if let text = operation.key[name] { next[index] = .text(text) }
            if let value = operation.set[name] { next[index] = value }
        }
        return next
    }

    private func cascade(_ local: inout Local, _ deleted: [TableName: Set<RowKey>]) {
        var gone = deleted
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for table in Sample.schema.tables {
                for reference in table.foreignKeys {
                    guard let column = table.index(of: reference.columns[0]) else { continue }
                    for (key, row) in local.rows[table.name] ?? [:]
                    where gone[reference.references]?.contains(RowKey(values: [row[column]])) == true {
                        hasChanged = true
                        if reference.onDelete == .cascade {
                            local.rows[table.name]?[key] = nil
                            gone[table.name, default: []].insert(key)
                        } else {
                            local.rows[table.name]?[key]?[column] = .null
                            local.pending[table.name, default: []].insert(key)
                        }
                    }
                }
            }
        }
    }

    /// What each shape would show if all rows of the database were held; nil where operations build on rows that the
    /// device does not know.
    func whole() -> Local? {
        let held = confirmed
        for (table, key) in operations.compactMap(Self.place) {
            if held[table]?[key] == nil, database[table]?[key] != nil { return nil }
        }
        var view = self
        view.contents = ["all": database]
        return view.local()
    }

    func seen(_ id: String, in local: Local) throws -> [TableName: [RowKey: Seen]] {
        guard let shape = shapes[id], contents[id] != nil else { return [:] }
        var seen: [TableName: [RowKey: Seen]] = [:]
        for table in shape.tables {
            guard let schema = Sample.schema[table] else { continue }
            let selection = shape.selection(of: table)
            for (key, row) in local.rows[table] ?? [:]
            where try ShapeMaintenance.contains(
                key, row: row, of: table, in: shape, source: local, view: EngineView(schema: Sample.schema))
            {
                let fields = selection.compactMap { column in
                    row[column] == .absent ? nil : ShapeMessage.Field(schema.columns[column].name, row[column])
                }
                seen[table, default: [:]][key] = Seen(
                    fields: fields, isPending: local.pending[table]?.contains(key) ?? false)
            }
        }
        return seen
    }
}
