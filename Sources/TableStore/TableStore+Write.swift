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
        let statement = try db.cachedStatement(
            sql: lasting.isEmpty
                ? "INSERT OR REPLACE INTO \(quoted(schema)) VALUES (\(marks))"
                : "INSERT INTO \(quoted(schema)) VALUES (\(marks)) ON CONFLICT DO UPDATE SET \(replacing(schema))")
        return TableWriter(
            db: db, store: self, schema: schema, statement: statement,
            classes: schema.columns.map { StoredValue.Class($0.type) })
    }

    /// What `INSERT OR REPLACE` does, but for the extras that last.
    private func replacing(_ schema: TableSchema) -> String {
        let columns = schema.columns.map { SQLiteName.quoted($0.name) }.map { "\($0) = excluded.\($0)" }
        let others = extras.map { extra in
            let name = SQLiteName.quoted("satchel \(extra)")
            return lasting.contains(extra)
                ? "\(name) = CASE WHEN excluded.\(name) < 0 THEN \(name) ELSE excluded.\(name) END"
                : "\(name) = excluded.\(name)"
        }
        return (columns + others).joined(separator: ", ")
    }

    /// Does nothing where there is no such row.
    package func delete(_ key: RowKey, of schema: TableSchema, in db: Database) throws {
        try Self.run(deleting(schema, in: db), key, db)
    }

    func deleting(_ schema: TableSchema, in db: Database) throws -> Statement {
        try db.cachedStatement(sql: "DELETE FROM \(quoted(schema)) WHERE \"satchel key\" = ?")
    }

    static func run(_ statement: Statement, _ key: RowKey, _ db: Database) throws {
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        StoredValue.bind(text: key.text.string, to: handle, at: 1)
        _ = try RawStatement.step(handle, db)
    }
}

/// Inserts rows into one table, or replaces those with the same key. Valid until the table is changed or dropped.
package struct TableWriter {
    let db: Database
    let store: TableStore
    package let schema: TableSchema
    let statement: Statement
    let classes: [StoredValue.Class]
    /// Of the update before: most change the same columns.
    private var latest: (columns: [Int], statement: Statement)?
    private var deleting: Statement?
    /// Extra columns that are written by themselves.
    private var setting: (names: [String], statement: Statement)?

    init(
        db: Database, store: TableStore, schema: TableSchema, statement: Statement, classes: [StoredValue.Class]
    ) {
        self.db = db
        self.store = store
        self.schema = schema
        self.statement = statement
        self.classes = classes
    }

    /// As `upsert`, where the row is known to be stored as `old`: what differs is written, and no index but those of
    /// columns that do.
    package mutating func write(
        _ key: RowKey, _ row: SyncModel.Row, over old: SyncModel.Row?, extras: [Int64]
    ) throws {
        guard let old, old.values.count == classes.count, row.values.count == classes.count else {
            return try upsert(key, row, extras: extras)
        }
        let columns = row.values.indices.filter { row[$0] != old[$0] }
        guard columns.count <= classes.count / 2 else { return try upsert(key, row, extras: extras) }
        let handle = try updating(columns).sqliteStatement
        defer { sqlite3_reset(handle) }
        var index: Int32 = 1
        for column in columns {
            StoredValue.bind(row[column], as: classes[column], to: handle, at: index)
            index += 1
        }
        for number in extras {
            sqlite3_bind_int64(handle, index, number)
            index += 1
        }
        StoredValue.bind(text: key.text.string, to: handle, at: index)
        _ = try RawStatement.step(handle, db)
        if db.changesCount == 0 { try upsert(key, row, extras: extras) }
    }

    private mutating func updating(_ columns: [Int]) throws -> Statement {
        if let latest, latest.columns == columns { return latest.statement }
        let names = columns.map { schema.columns[$0].name } + store.extras.map { "satchel \($0)" }
        let list = names.map { "\(SQLiteName.quoted($0)) = ?" }.joined(separator: ", ")
        let statement = try db.cachedStatement(
            sql: "UPDATE \(store.quoted(schema)) SET \(list) WHERE \"satchel key\" = ?")
        latest = (columns, statement)
        return statement
    }

    /// Does nothing where there is no such row.
    package mutating func delete(_ key: RowKey) throws {
        let statement = try deleting ?? store.deleting(schema, in: db)
        deleting = statement
        try TableStore.run(statement, key, db)
    }

    /// These extra columns alone. False: there is no such row.
    package mutating func set(_ numbers: KeyValuePairs<String, Int64>, of key: RowKey) throws -> Bool {
        let names = numbers.map(\.key)
        let handle = try setter(of: names).sqliteStatement
        defer { sqlite3_reset(handle) }
        for (index, number) in numbers.enumerated() { sqlite3_bind_int64(handle, Int32(index + 1), number.value) }
        StoredValue.bind(text: key.text.string, to: handle, at: Int32(names.count + 1))
        _ = try RawStatement.step(handle, db)
        return db.changesCount > 0
    }

    private mutating func setter(of names: [String]) throws -> Statement {
        if let setting, setting.names == names { return setting.statement }
        let list = names.map { "\(SQLiteName.quoted("satchel \($0)")) = ?" }.joined(separator: ", ")
        let statement = try db.cachedStatement(
            sql: "UPDATE \(store.quoted(schema)) SET \(list) WHERE \"satchel key\" = ?")
        setting = (names, statement)
        return statement
    }

    package func upsert(_ key: RowKey, _ row: SyncModel.Row, extras: [Int64]) throws {
        precondition(row.values.count == classes.count, "a row has a value for each column")
        precondition(extras.count == store.extras.count, "a row has a number for each extra column")
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
