import Merge
import SyncModel

/// What is not in the stream, or as one event only: tables that change, and tables that are emptied.
extension ModelDatabase {
    enum Alteration: Hashable {
        /// Rows that there are have the default at once, and nothing tells of them.
        case addColumn(String, default: Value)
        case dropColumn(String)
        case renameColumn(String, to: String)
    }

    func alter(_ name: TableName, _ alteration: Alteration) {
        guard let old = schema[name] else { return }
        before = state
        xid += 1
        var columns = old.columns
        var added = Value.null
        switch alteration {
        case .addColumn(let column, let value):
            let number = max(lastNumbers[name] ?? 0, columns.map(\.number).max() ?? 0) + 1
            lastNumbers[name] = number
            added = value
            columns.append(Column(column, number: number, type: ColumnType("text"), hasDefault: value != .null))
        case .dropColumn(let column): columns.removeAll { $0.name == column }
        case .renameColumn(let column, let next):
            columns = columns.map { $0.name == column ? Column(next, number: $0.number, type: $0.type) : $0 }
        }
        let new = TableSchema(
            name: name, columns: columns, primaryKey: old.primaryKey, foreignKeys: old.foreignKeys,
            uniques: old.uniques)
        tables = tables.replacing(new, default: added)
        layOut(old, new, added)
        isAltered = true
        finish()
    }

    /// Rows by the columns' numbers; what is kept of deleted ones, by their names.
    private func layOut(_ old: TableSchema, _ new: TableSchema, _ added: Value) {
        let byNumber = new.columns.map { column in old.columns.firstIndex { $0.number == column.number } }
        let byName = new.columns.map { old.index(of: $0.name) }
        state.rows[new.name] = state.rows[new.name]?.mapValues { row in
            Row(byNumber.map { place in place.map { row[$0] } ?? added })
        }
        state.clocks[new.name] = state.clocks[new.name]?.mapValues { clock in
            var clock = clock
            clock.deletion = clock.deletion.map { deletion in
                ModelState.Deletion(
                    row: Row(byName.map { place in place.map { deletion.row[$0] } ?? added }),
                    transaction: deletion.transaction, replica: deletion.replica, seq: deletion.seq)
            }
            return clock
        }
    }

    /// Of a table that nothing refers to. False: it is empty.
    func truncate(_ name: TableName) -> Bool {
        guard let table = schema[name], let rows = state.rows[name], !rows.isEmpty else { return false }
        before = state
        xid += 1
        // The trigger comes before.
        for key in rows.keys.sorted() { buryRow(key, table) }
        state.rows[name] = [:]
        state.events.append(.truncate([name]))
        finish()
        return true
    }
}

extension ModelTables {
    func replacing(_ table: TableSchema, default added: Value) -> ModelTables {
        var defaults = defaults
        if added != .null, let column = table.columns.last { defaults[table.name, default: [:]][column.name] = added }
        return ModelTables(
            tables.map { $0.name == table.name ? table : $0 }, defaults: defaults, checks: checks)
    }
}
