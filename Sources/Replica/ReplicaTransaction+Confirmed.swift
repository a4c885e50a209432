import Merge
import SyncModel
import TableStore

/// Confirmed rows: what the messages of a shape's log do to them.
extension ReplicaTransaction {
    /// Returns false where the message does not fit what is held: the shape has to be fetched anew.
    func apply(_ message: ShapeMessage, to record: HeldRecord) throws -> Bool {
        guard let schema = memory.table(message.table),
            record.resolved?.selection(of: message.table) != nil
        else { return false }
        if let clock = message.clock { memory.clock.observe(clock.clock) }
        return record.isLoading
            ? try load(message, schema, record) : try change(message, schema, record)
    }

    /// Into the rows that are in view.
    private func change(_ message: ShapeMessage, _ schema: TableSchema, _ record: HeldRecord) throws -> Bool {
        let address = RowAddress(table: message.table, key: message.key)
        let old = try confirmedRow(address, schema)
        let isMember = old.map { memory.sets.contains(record.number, in: $0.members) } ?? false
        switch message.kind {
        case .delete:
            guard let old, isMember else { return true }
            try leave(address, schema, old, shape: record.number)
            return true
        case .update where !isMember: return false
        case .insert, .update:
            try note(address, schema)
            if old == nil { try dropKept(address, schema) }
            let members = try memory.sets.number(of: old?.members ?? 0, adding: record.number, in: db)
            let new = try Self.row(message, on: old, schema, record, members: members)
            try setConfirmed(address, schema, to: new)
            return true
        }
    }

    /// Into the rows of the shape's new life.
    private func load(_ message: ShapeMessage, _ schema: TableSchema, _ record: HeldRecord) throws -> Bool {
        let store = stores.loading(record.number)
        if message.kind == .delete {
            try store.delete(message.key, of: schema, in: db)
            return true
        }
        let old = message.kind == .update ? try store.row(message.key, of: schema, in: db) : nil
        if message.kind == .update && old == nil { return false }
        let members = try memory.sets.number(of: [record.number], in: db)
        let new = try Self.row(message, on: old.map { ConfirmedRow($0) }, schema, record, members: members)
        try store.upsert(new.stored(message.key), of: schema, in: db)
        return true
    }

    /// Throws `.schemaUnknown` where the schema does not have the column: the service knows of one that was added.
    static func index(of field: ShapeMessage.Field, in schema: TableSchema) throws -> Int {
        guard let index = schema.index(of: field.column) else {
            throw ReplicaError(
                .schemaUnknown, "The schema does not have column \(schema.name).\(field.column): fetch it first")
        }
        return index
    }

    private static func row(
        _ message: ShapeMessage, on old: ConfirmedRow?, _ schema: TableSchema, _ record: HeldRecord, members: Int64
    ) throws -> ConfirmedRow {
        var row = old?.row ?? SyncedRow(Array(repeating: .absent, count: schema.columns.count))
        for field in message.fields {
            row[try index(of: field, in: schema)] = field.value
        }
        if message.kind == .insert {
            // A message from before a column was added does not name it.
            for index in record.resolved?.selection(of: schema.name) ?? [] where row[index] == .absent {
                row[index] = .null
            }
        }
        // Of another history's rows the version may be smaller than before.
        return ConfirmedRow(row: row, clock: message.clock ?? old?.clock ?? .zero, members: members)
    }

    /// The row leaves a shape; it goes with its last one, and a column with the last shape that shows it.
    func leave(_ address: RowAddress, _ schema: TableSchema, _ old: ConfirmedRow, shape: Int64) throws {
        try note(address, schema)
        try keep(address, schema, old)
        let members = try memory.sets.number(of: old.members, removing: shape, in: db)
        guard members != 0 else { return try setConfirmed(address, schema, to: nil) }
        var new = old
        new.members = members
        var shown = Set(schema.keyIndexes)
        for number in memory.sets.shapes(of: members) {
            guard let index = memory.index(of: number) else { continue }
            shown.formUnion(memory.shapes[index].resolved?.selection(of: address.table) ?? [])
        }
        for column in schema.columns.indices where !shown.contains(column) { new.row[column] = .absent }
        try setConfirmed(address, schema, to: new)
    }

    /// All rows leave the shape.
    func leaveAll(_ record: HeldRecord, tables: [TableName]) throws {
        for schema in tables.compactMap(memory.table) {
            try forEachMember(of: record.number, schema) { key, row in
                try leave(RowAddress(table: schema.name, key: key), schema, row, shape: record.number)
            }
        }
    }

    /// The confirmed rows of a shape, by key. `body` may change the row that it is given.
    func forEachMember(
        of shape: Int64, _ schema: TableSchema, _ body: (RowKey, ConfirmedRow) throws -> Void
    ) throws {
        var last: RowKey?
        while true {
            let page = try stores.confirmed.scan(schema, after: last, limit: 500, in: db)
            for stored in page {
                let row = ConfirmedRow(stored)
                if memory.sets.contains(shape, in: row.members) { try body(stored.key, row) }
            }
            guard page.count == 500, let end = page.last else { return }
            last = end.key
        }
    }
}
