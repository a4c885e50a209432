import GRDB
import SyncModel
import TableStore

/// Another schema: what is held is laid out anew where that can be done, and goes where it cannot.
extension ReplicaTransaction {
    func adopt(_ schema: DatabaseSchema, dataModel: String?) throws {
        let old = memory.schema
        var followed: [(old: TableSchema, new: TableSchema)] = []
        var changed: Set<TableName> = []
        for table in old?.tables ?? [] {
            switch SchemaStep(from: table, to: schema[table.name]) {
            case .none: break
            case .columns(let next): followed.append((table, next))
            case .another: changed.insert(table.name)
            }
        }
        let oldShapes = memory.shapes
        for table in changed.sorted() {
            guard let before = old?[table] else { continue }
            if let after = schema[table] {
                try keepOperated(before, after)
            } else {
                try stores.kept.drop(table, in: db)
            }
        }
        try drop(changed, oldShapes)
        for (before, after) in followed {
            for store in [stores.confirmed, stores.overlay, stores.kept] {
                try store.reshape(from: before, to: after, in: db)
            }
        }
        forgetRows()
        memory.adopt(schema)
        memory.dataModel = dataModel
        try StateName.schema.set(SchemaText.write(schema), in: db)
        try StateName.dataModel.set(dataModel, in: db)
        for table in schema.tables where table != old?[table.name] { try stores.create(table, in: db) }
        for (before, after) in followed { try eraseUnselected(before, after) }
        forgetRows()
        memory.keptCount = 0
        for table in schema.tables { memory.keptCount += try stores.kept.count(of: table, in: db) }
        try takeOver(oldShapes, changed, followed)
        try lookAhead()
        if !changed.isEmpty || !followed.isEmpty || hasLocalChanges { try rebaseAll() }
    }

    /// Rows that operations are queued on stay as they stood, as if they had left their shapes: the new life may not
    /// have them any more. Only where no value is another.
    private func keepOperated(_ before: TableSchema, _ after: TableSchema) throws {
        let keepsValues = after.columns.allSatisfy { column in
            guard let old = before.columns.first(where: { $0.number == column.number }) else { return true }
            return old.type.name == column.type.name && old.type.dimensions == column.type.dimensions
        }
        guard keepsValues, before.primaryKey == after.primaryKey else {
            return try stores.kept.drop(before.name, in: db)
        }
        for address in try OperationTable.appliedAddresses(in: db) where address.table == before.name {
            if let row = try confirmedRow(address, before) { try keep(address, before, row) }
        }
        try stores.kept.reshape(from: before, to: after, in: db)
    }

    private func drop(_ tables: Set<TableName>, _ shapes: [HeldRecord]) throws {
        for table in tables.sorted() {
            try stores.drop(table, in: db)
            memory.overlaid[table] = nil
            for record in shapes { try stores.loading(record.number).drop(table, in: db) }
        }
    }

    /// A column that was added is NULL in rows of shapes that select it; other rows do not have it.
    private func eraseUnselected(_ before: TableSchema, _ after: TableSchema) throws {
        let added = after.columns.indices.filter { index in
            !before.columns.contains { $0.number == after.columns[index].number }
        }
        guard !added.isEmpty else { return }
        for store in [stores.confirmed, stores.overlay, stores.kept] {
            for (set, _) in try store.counts(of: after, by: "members", in: db) {
                var shown: Set<Int> = []
                for number in memory.sets.shapes(of: set) {
                    guard let index = memory.index(of: number) else { continue }
                    shown.formUnion(memory.shapes[index].resolved?.selection(of: after.name) ?? [])
                }
                try store.erase(added.filter { !shown.contains($0) }, of: after, where: "members", is: set, in: db)
            }
        }
    }

    private func takeOver(
        _ oldShapes: [HeldRecord], _ changed: Set<TableName>, _ followed: [(old: TableSchema, new: TableSchema)]
    ) throws {
        let relaid = Set(followed.map(\.new.name))
        for index in memory.shapes.indices {
            let tables = oldShapes[index].resolved?.tables ?? []
            if memory.shapes[index].ended?.isOfSchema == true, memory.shapes[index].resolved != nil {
                memory.shapes[index].ended = nil
                try restart(index)
                continue
            }
            let isLost = memory.shapes[index].resolved == nil && oldShapes[index].resolved != nil
            if isLost || tables.contains(where: changed.contains) {
                journal.collapse()
                try restart(index)
                memory.shapes[index].isVisible = false
                memory.shapes[index].isFresh = false
                try leaveAll(oldShapes[index], tables: tables.filter { !changed.contains($0) })
                try save(index)
            } else if tables.contains(where: relaid.contains) {
                journal.collapse()
                // What was received and is not in view is of the old columns.
                if try oldShapes[index].isLoading || hasWaiting(index) { try restart(index) }
            }
        }
    }

    private func hasWaiting(_ index: Int) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM inbox WHERE shape = ?)", arguments: [memory.shapes[index].number])
            ?? false
    }
}

/// What became of a table that the replica holds rows of.
enum SchemaStep: Equatable {
    /// Rows read as before.
    case none
    /// Columns were added or dropped, or say more of the same values.
    case columns(TableSchema)
    /// Other rows, or other values.
    case another

    init(from old: TableSchema, to new: TableSchema?) {
        guard let new, old.primaryKey == new.primaryKey else {
            self = .another
            return
        }
        if old.columns == new.columns {
            self = .none
            return
        }
        let isSame = new.columns.allSatisfy { column in
            guard let before = old.columns.first(where: { $0.number == column.number }) else { return true }
            return before.name == column.name && before.type.name == column.type.name
                && before.type.dimensions == column.type.dimensions
        }
        let keepsKey = zip(old.keyIndexes, new.keyIndexes).allSatisfy { before, after in
            old.columns[before].number == new.columns[after].number
        }
        self = isSame && keepsKey ? .columns(new) : .another
    }
}
