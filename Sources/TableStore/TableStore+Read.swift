import GRDB
import GRDBSQLite
import SyncModel

extension TableStore {
    package func row(_ key: RowKey, of schema: TableSchema, in db: Database) throws -> StoredRow? {
        try reader(of: schema, in: db).row(key)
    }

    /// For many rows of one table: what is the same for all of them is found out once.
    package func reader(of schema: TableSchema, in db: Database) throws -> TableReader {
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM \(quoted(schema)) WHERE \"satchel key\" = ?")
        return TableReader(db: db, schema: schema, statement: statement, form: form(of: schema))
    }

    /// The rows whose `columns` equal `values`, or are NULL where these are, sorted by key.
    package func rows(
        of schema: TableSchema, where columns: [Int], equal values: [Value], in db: Database
    ) throws -> [StoredRow] {
        precondition(columns.count == values.count, "one value for each column")
        let conditions = Self.conditions(columns, of: schema)
        let condition = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM \(quoted(schema)) WHERE \(condition) ORDER BY \"satchel key\"")
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        _ = Self.bind(values, of: columns, schema, to: handle)
        let form = form(of: schema)
        var rows: [StoredRow] = []
        while try RawStatement.step(handle, db) { rows.append(form.read(handle)) }
        return rows
    }

    /// One condition for each column, true where it is the bound value, or NULL with it.
    static func conditions(_ columns: [Int], of schema: TableSchema) -> [String] {
        columns.map { "\(SQLiteName.quoted(schema.columns[$0].name)) IS ?" }
    }

    /// Binds the values of `conditions`, which come first. Returns the place of the next parameter.
    static func bind(
        _ values: [Value], of columns: [Int], _ schema: TableSchema, to handle: OpaquePointer
    ) -> Int32 {
        var index: Int32 = 1
        for (column, value) in zip(columns, values) {
            StoredValue.bind(value, as: StoredValue.Class(schema.columns[column].type), to: handle, at: index)
            index += 1
        }
        return index
    }

    /// At most `limit` rows by ascending key, beginning after `key`.
    package func scan(
        _ schema: TableSchema, after key: RowKey?, limit: Int, bytes: Int = .max, in db: Database
    ) throws -> [StoredRow] {
        var rows: [StoredRow] = []
        rows.reserveCapacity(min(limit, 1000))
        var held = 0
        let statement = try db.cachedStatement(sql: scanning(schema))
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key?.text.string ?? "", to: handle, at: 1)
        sqlite3_bind_int64(handle, 2, Int64(limit))
        let form = form(of: schema)
        while held < bytes, try RawStatement.step(handle, db) {
            let stored = form.read(handle)
            rows.append(stored)
            held += stored.row.byteCount
        }
        return rows
    }

    /// Like `scan`, without holding the rows. `body` may read, and MUST NOT change this table.
    package func forEach(
        _ schema: TableSchema, after key: RowKey? = nil, limit: Int = .max, in db: Database,
        _ body: (StoredRow) throws -> Void
    ) throws {
        // Not cached: the walk may be interrupted by another of the same table inside `body`.
        let statement = try db.makeStatement(sql: scanning(schema))
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key?.text.string ?? "", to: handle, at: 1)
        sqlite3_bind_int64(handle, 2, Int64(limit))
        let form = form(of: schema)
        while try RawStatement.step(handle, db) { try body(form.read(handle)) }
    }

    private func scanning(_ schema: TableSchema) -> String {
        "SELECT * FROM \(quoted(schema)) WHERE \"satchel key\" > ? ORDER BY \"satchel key\" LIMIT ?"
    }

    func form(of schema: TableSchema) -> StoredForm {
        StoredForm(classes: schema.columns.map { StoredValue.Class($0.type) }, extras: extras.count)
    }
}

/// How a row of a table lies in the columns of `SELECT *`.
struct StoredForm {
    let classes: [StoredValue.Class]
    let extras: Int

    func read(_ handle: OpaquePointer) -> StoredRow {
        let key = RowKey(text: Text(StoredValue.text(handle, at: 0)))
        var values: [Value] = []
        values.reserveCapacity(classes.count)
        for (index, storage) in classes.enumerated() {
            values.append(StoredValue.read(handle, at: Int32(index + 1), as: storage))
        }
        let first = classes.count + 1
        let numbers = (0..<extras).map { sqlite3_column_int64(handle, Int32(first + $0)) }
        return StoredRow(key: key, row: Row(values), extras: numbers)
    }
}

/// Reads rows of one table by key. Valid until the table is changed or dropped.
package struct TableReader {
    let db: Database
    package let schema: TableSchema
    let statement: Statement
    let form: StoredForm

    package func row(_ key: RowKey) throws -> StoredRow? {
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key.text.string, to: handle, at: 1)
        return try RawStatement.step(handle, db) ? form.read(handle) : nil
    }
}

/// Stepping a statement below GRDB, with GRDB's errors.
enum RawStatement {
    static func step(_ handle: OpaquePointer, _ db: Database) throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage)
        }
    }
}
