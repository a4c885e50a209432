import GRDB
import GRDBSQLite
import SyncModel

/// A family of synced tables in one SQLite database, all with one name prefix and the same extra columns.
///
/// A table of PostgreSQL `public.steps` becomes
/// ```sql
/// CREATE TABLE "<prefix> public.steps" ("satchel key" TEXT PRIMARY KEY, "id" ANY, …, "satchel <extra>" INTEGER, …)
///   STRICT, WITHOUT ROWID
/// ```
/// with an index on the columns of each foreign key. The key is `RowKey`'s text, so rows sort by key bytes, and a
/// row is found by the key that the wire names it with. Values are stored as `StoredValue` says.
///
/// Methods run inside the caller's transaction; statements are cached by the connection. Errors are GRDB's
/// `DatabaseError`.
package struct TableStore: Sendable {
    package let prefix: String
    package let extras: [String]
    /// Those among the extras that a row keeps as they are stored where it is written again with a negative one.
    package let lasting: [String]

    package init(prefix: String, extras: [String], lasting: [String] = []) {
        self.prefix = prefix
        self.extras = extras
        self.lasting = lasting
    }

    package func tableName(_ table: TableName) -> String { "\(prefix) \(table)" }

    /// - Parameter isIndexed: false for a table that is filled first and read only by key until `take` makes it another
    ///   store's; an index that is built once, from sorted entries, costs a fraction of one that is kept up to date.
    package func create(_ schema: TableSchema, isIndexed: Bool = true, in db: Database) throws {
        var columns = ["\"satchel key\" TEXT NOT NULL PRIMARY KEY"]
        columns += schema.columns.map { "\(SQLiteName.quoted($0.name)) ANY" }
        columns += extras.map { "\(SQLiteName.quoted("satchel " + $0)) INTEGER NOT NULL" }
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(quoted(schema)) (\(columns.joined(separator: ", "))) STRICT, WITHOUT ROWID
                """)
        if isIndexed { try createIndexes(schema, in: db) }
    }

    private func createIndexes(_ schema: TableSchema, in db: Database) throws {
        for columns in lookupColumns(of: schema) { try createIndex(on: columns, of: schema, in: db) }
    }

    /// For `rows(of:where:equal:in:)`. Does nothing where there is one of these columns.
    package func createIndex(on columns: [Int], of schema: TableSchema, in db: Database) throws {
        try createIndex(on: columns.map { schema.columns[$0].name }, of: schema, in: db)
    }

    private func createIndex(on columns: [String], of schema: TableSchema, in db: Database) throws {
        let name = SQLiteName.quoted("\(tableName(schema.name)) \(columns.joined(separator: ","))")
        let list = columns.map(SQLiteName.quoted).joined(separator: ", ")
        try db.execute(sql: "CREATE INDEX IF NOT EXISTS \(name) ON \(quoted(schema)) (\(list))")
    }

    /// What includes are followed along: foreign keys from the child's side; the parent's side is the key.
    private func lookupColumns(of schema: TableSchema) -> [[String]] {
        var lists: [[String]] = []
        for columns in schema.foreignKeys.map(\.columns) + [schema.primaryKey] + schema.uniques
        where !columns.isEmpty && !lists.contains(columns) {
            lists.append(columns)
        }
        return lists
    }

    package func drop(_ table: TableName, in db: Database) throws {
        try db.execute(sql: "DROP TABLE IF EXISTS \(SQLiteName.quoted(tableName(table)))")
    }

    /// The table of `other`, with all its rows and without indexes, takes the place of this store's own. Both have the
    /// same extra columns.
    package func take(_ schema: TableSchema, from other: TableStore, in db: Database) throws {
        precondition(extras == other.extras, "stores of one form")
        try drop(schema.name, in: db)
        try db.execute(sql: "ALTER TABLE \(other.quoted(schema)) RENAME TO \(quoted(schema))")
        try createIndexes(schema, in: db)
    }

    package func deleteAll(of schema: TableSchema, in db: Database) throws {
        try db.execute(sql: "DELETE FROM \(quoted(schema))")
    }

    package func count(of schema: TableSchema, in db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM \(quoted(schema))") ?? 0
    }

    /// How many rows there are for each number of an extra column, by number.
    package func counts(
        of schema: TableSchema, by extra: String, in db: Database
    ) throws -> [(number: Int64, count: Int)] {
        let column = SQLiteName.quoted("satchel " + extra)
        return try GRDB.Row.fetchAll(
            db, sql: "SELECT \(column), count(*) FROM \(quoted(schema)) GROUP BY 1 ORDER BY 1"
        ).map { (number: $0[0], count: $0[1]) }
    }

    /// The bytes of all values, of the rows for each number of an extra column, by number.
    package func bytes(
        of schema: TableSchema, by extra: String, in db: Database
    ) throws -> [(number: Int64, bytes: Int)] {
        let column = SQLiteName.quoted("satchel " + extra)
        // Text is counted in bytes, not in characters.
        let lengths = schema.columns.map { "ifnull(length(CAST(\(SQLiteName.quoted($0.name)) AS BLOB)), 0)" }
        return try GRDB.Row.fetchAll(
            db,
            sql: """
                SELECT \(column), sum(\(SQLiteTerms.joined(lengths, by: "+", ofNone: "0"))) FROM \(quoted(schema))
                GROUP BY 1 ORDER BY 1
                """
        ).map { (number: $0[0], bytes: $0[1]) }
    }

    func quoted(_ schema: TableSchema) -> String { SQLiteName.quoted(tableName(schema.name)) }
}

/// Expressions of many terms.
enum SQLiteTerms {
    /// As a tree of little depth: SQLite takes chains of at most a thousand. `ofNone`: what stands for no terms.
    static func joined(_ terms: [String], by joint: String, ofNone none: String) -> String {
        terms.isEmpty ? none : tree(terms[...], joint)
    }

    private static func tree(_ terms: ArraySlice<String>, _ joint: String) -> String {
        guard terms.count > 1 else { return terms.joined() }
        let middle = terms.startIndex + terms.count / 2
        return "(\(tree(terms[..<middle], joint)) \(joint) \(tree(terms[middle...], joint)))"
    }
}

enum SQLiteName {
    static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    static func quoted(_ name: String) -> String {
        if !name.utf8.contains(UInt8(ascii: "\"")) { return "\"\(name)\"" }
        var quoted = "\""
        for scalar in name.unicodeScalars {
            if scalar == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
