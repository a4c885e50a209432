import GRDB
import SyncModel
import TableStore

/// A new life of a shape is collected in tables of its own, and replaces the old one when it is whole: people
/// see only the differences.
extension ReplicaTransaction {
    func beginLoading(_ index: Int, handle: ShapeHandle) throws {
        try dropLoaded(index)
        memory.shapes[index].restart()
        memory.shapes[index].handle = handle
        let store = stores.loading(memory.shapes[index].number)
        for schema in memory.shapes[index].resolved?.tables.compactMap(memory.table) ?? [] {
            try store.create(schema, isIndexed: false, in: db)
        }
    }

    /// What was received and is not in view goes.
    func dropLoaded(_ index: Int) throws {
        let number = memory.shapes[index].number
        try db.execute(sql: "DELETE FROM inbox WHERE shape = ?", arguments: [number])
        let store = stores.loading(number)
        for table in memory.schema?.tables ?? [] { try store.drop(table.name, in: db) }
    }

    /// What is held does not fit what came: the shape is fetched anew, and stays in view as it is meanwhile.
    func restart(_ index: Int) throws {
        try dropLoaded(index)
        memory.shapes[index].restart()
        try save(index)
    }

    /// The loaded rows replace the old ones. Returns the overlay rows that the shape may have too.
    func bringIntoView(_ index: Int) throws -> [RowAddress] {
        let record = memory.shapes[index]
        let tables = record.resolved?.tables.compactMap(memory.table) ?? []
        var count = 0
        for schema in tables { count += try stores.loading(record.number).count(of: schema, in: db) }
        let isBulk = count > limits.maxChanges
        if isBulk {
            journal.resetShapes.insert(record.number)
            if hasLocalChanges { journal.collapse() }
        }
        for schema in tables {
            if record.isVisible { try dropMissing(record, schema) }
            try merge(record, schema, isBulk: isBulk)
        }
        try dropLoaded(index)
        memory.shapes[index].isLoading = false
        if !record.isVisible { memory.shapes[index].shortWindows = [] }
        memory.shapes[index].isVisible = true
        return record.isVisible ? [] : try overlaidAddresses(of: tables)
    }

    /// Rows of the old life that are not in the new one.
    private func dropMissing(_ record: HeldRecord, _ schema: TableSchema) throws {
        let store = stores.loading(record.number)
        try forEachMember(of: record.number, schema) { key, row in
            guard try store.row(key, of: schema, in: db) == nil else { return }
            try leave(RowAddress(table: schema.name, key: key), schema, row, shape: record.number)
        }
    }

    private func merge(_ record: HeldRecord, _ schema: TableSchema, isBulk: Bool) throws {
        let store = stores.loading(record.number)
        if isBulk, try stores.confirmed.scan(schema, after: nil, limit: 1, in: db).isEmpty {
            // The usual first sync.
            forgetRows()
            return try stores.confirmed.take(schema, from: store, in: db)
        }
        try store.forEach(schema, in: db) { stored in
            let address = RowAddress(table: schema.name, key: stored.key)
            let loaded = ConfirmedRow(stored)
            guard let old = try confirmedRow(address, schema) else {
                // In bulk nobody but this shape, which is told as reset, can have seen the row.
                if !isBulk || hasLocalChanges { try note(address, schema) }
                return try setConfirmed(address, schema, to: loaded)
            }
            var new = old
            for column in loaded.row.values.indices where loaded.row[column] != .absent {
                new.row[column] = loaded.row[column]
            }
            // Both are as of the frontier. A smaller version is of another history, the one that goes on.
            new.clock = loaded.clock
            new.members = try memory.sets.number(of: old.members, adding: record.number, in: db)
            try note(address, schema)
            try setConfirmed(address, schema, to: new)
        }
    }

    func overlaidAddresses(of tables: [TableSchema]) throws -> [RowAddress] {
        var addresses: [RowAddress] = []
        for schema in tables where memory.overlaid[schema.name] != nil {
            try stores.overlay.forEach(schema, in: db) {
                addresses.append(RowAddress(table: schema.name, key: $0.key))
            }
        }
        return addresses
    }
}
