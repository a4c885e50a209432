import GRDB
import SyncModel

/// What differs between two stores of one form, found inside SQLite.
extension TableStore {
    /// Into this store's table: the rows of `newer` that `older` does not have, or has otherwise, and those that only
    /// `older` has, as they are there. This store has the extra columns of the two, and one more, which is 1 for a row
    /// that `newer` does not have.
    package func insertDifferences(
        of schema: TableSchema, from older: TableStore, to newer: TableStore, in db: Database
    ) throws {
        precondition(older.extras == newer.extras && extras.count == older.extras.count + 1, "stores of one form")
        let columns = schema.columns.map(\.name) + older.extras.map { "satchel " + $0 }
        let isSame = SQLiteTerms.joined(
            columns.map { "n.\(SQLiteName.quoted($0)) IS o.\(SQLiteName.quoted($0))" }, by: "AND", ofNone: "1")
        try db.execute(
            sql: """
                INSERT INTO \(quoted(schema))
                SELECT n.*, 0 FROM \(newer.quoted(schema)) n
                LEFT JOIN \(older.quoted(schema)) o ON o."satchel key" = n."satchel key"
                WHERE o."satchel key" IS NULL OR NOT \(isSame)
                """)
        try db.execute(
            sql: """
                INSERT INTO \(quoted(schema))
                SELECT o.*, 1 FROM \(older.quoted(schema)) o
                WHERE NOT EXISTS (SELECT 1 FROM \(newer.quoted(schema)) n WHERE n."satchel key" = o."satchel key")
                """)
    }

    /// The rows of the table as `old` describes it, laid out as `new` does: a column keeps its values where it keeps
    /// its number, another is NULL. The primary key is the same.
    package func reshape(from old: TableSchema, to new: TableSchema, in db: Database) throws {
        precondition(old.name == new.name && old.primaryKey == new.primaryKey, "the same rows")
        let store = TableStore(prefix: "new \(prefix)", extras: extras)
        try store.drop(new.name, in: db)
        try store.create(new, isIndexed: false, in: db)
        let kept = new.columns.map { column in
            old.columns.first { $0.number == column.number }.map { SQLiteName.quoted($0.name) } ?? "NULL"
        }
        let columns = ["\"satchel key\""] + kept + extras.map { SQLiteName.quoted("satchel " + $0) }
        try db.execute(
            sql: """
                INSERT INTO \(store.quoted(new)) SELECT \(columns.joined(separator: ", ")) FROM \(quoted(old))
                ORDER BY "satchel key"
                """)
        try take(new, from: store, in: db)
    }

    /// These columns have no value in the rows with this number in an extra column.
    package func erase(
        _ columns: [Int], of schema: TableSchema, where extra: String, is number: Int64, in db: Database
    ) throws {
        guard !columns.isEmpty else { return }
        let assignments = columns.map { "\(SQLiteName.quoted(schema.columns[$0].name)) = zeroblob(0)" }
        try db.execute(
            sql: """
                UPDATE \(quoted(schema)) SET \(assignments.joined(separator: ", "))
                WHERE \(SQLiteName.quoted("satchel " + extra)) = ?
                """, arguments: [number])
    }
}
