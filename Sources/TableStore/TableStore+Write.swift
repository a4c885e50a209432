import GRDB
import GRDBSQLite
import SyncModel

extension TableStore {
    /// Inserts the row, or replaces the one with its key.
    package func upsert(_ stored: StoredRow, of schema: TableSchema, in db: Database) throws {
        try writer(of: schema, in: db).upsert(stored.key, stored.row, extras: stored.extras)
    }

    /// For many rows of one table: what is the same for all of them is found out once.
    package func writer(of schema: TableSchema, in db: Database) throws -> TableWriter {
        let count = 1 + schema.columns.count + extras.count
        let marks = Array(repeating: "?", count: count).joined(separator: ", ")
        let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(quoted(schema)) VALUES (\(marks))")
        return TableWriter(
            db: db, statement: statement, classes: schema.columns.map { StoredValue.Class($0.type) },
            extraCount: extras.count)
    }

    /// Does nothing where there is no such row.
    package func delete(_ key: RowKey, of schema: TableSchema, in db: Database) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM \(quoted(schema)) WHERE \"satchel key\" = ?")
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key.text.string, to: handle, at: 1)
        _ = try RawStatement.step(handle, db)
    }
}

/// Inserts rows into one table, or replaces those with the same key. Valid until the table is changed or dropped.
package struct TableWriter {
    let db: Database
    let statement: Statement
    let classes: [StoredValue.Class]
    let extraCount: Int

    package func upsert(_ key: RowKey, _ row: SyncModel.Row, extras: [Int64]) throws {
        precondition(row.values.count == classes.count, "a row has a value for each column")
        precondition(extras.count == extraCount, "a row has a number for each extra column")
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key.text.string, to: handle, at: 1)
        var index: Int32 = 2
        for (value, storage) in zip(row.values, classes) {
            StoredValue.bind(value, as: storage, to: handle, at: index)
            index += 1
        }
        for number in extras {
            sqlite3_bind_int64(handle, index, number)
            index += 1
        }
        _ = try RawStatement.step(handle, db)
    }
}
