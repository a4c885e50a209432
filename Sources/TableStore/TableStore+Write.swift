import GRDB
import GRDBSQLite
import SyncModel

extension TableStore {
    /// Inserts the row, or replaces the one with its key.
    package func upsert(_ stored: StoredRow, of schema: TableSchema, in db: Database) throws {
        precondition(stored.row.values.count == schema.columns.count, "a row has a value for each column")
        precondition(stored.extras.count == extras.count, "a row has a number for each extra column")
        let count = 1 + schema.columns.count + extras.count
        let marks = Array(repeating: "?", count: count).joined(separator: ", ")
        let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(quoted(schema)) VALUES (\(marks))")
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: stored.key.text.string, to: handle, at: 1)
        for (index, column) in schema.columns.enumerated() {
            let storage = StoredValue.Class(column.type)
            StoredValue.bind(stored.row.values[index], as: storage, to: handle, at: Int32(index + 2))
        }
        let first = Int32(schema.columns.count + 2)
        for (index, number) in stored.extras.enumerated() {
            sqlite3_bind_int64(handle, first + Int32(index), number)
        }
        _ = try RawStatement.step(handle, db)
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
