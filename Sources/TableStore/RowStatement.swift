import GRDB
import GRDBSQLite
import SyncModel

/// A statement that is run once for each of many rows, bound and stepped below GRDB: boxing its arguments would cost
/// more than running it. Valid until the next change of the schema.
package struct RowStatement {
    private let db: Database
    private let statement: Statement

    /// Compiled once for each connection. MUST return no rows.
    package init(_ sql: String, in db: Database) throws {
        self.db = db
        statement = try db.cachedStatement(sql: sql)
    }

    /// Parameters count from 1. What is not bound anew stays as it was bound last.
    package func bind(_ number: Int64?, at index: Int32) {
        if let number {
            sqlite3_bind_int64(statement.sqliteStatement, index, number)
        } else {
            sqlite3_bind_null(statement.sqliteStatement, index)
        }
    }

    package func bind(_ text: String?, at index: Int32) {
        if let text {
            StoredValue.bind(text: text, to: statement.sqliteStatement, at: index)
        } else {
            sqlite3_bind_null(statement.sqliteStatement, index)
        }
    }

    package func run() throws {
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        _ = try RawStatement.step(handle, db)
    }
}
