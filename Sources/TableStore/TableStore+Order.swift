import Foundation
import GRDB
import GRDBSQLite
import ShapeEngine
import Shapes
import SyncModel
import Synchronization

/// Rows in the orders of `order_by`, which SQLite does not know: an index on the value of a function of ours.
/// ```sql
/// CREATE INDEX … ON "row public.steps" ("pipeline_id", satchel_place('<specification>', "name", "id"))
/// ```
/// gives `RowOrder`'s bytes for each row, so that a read begins at any place and ends after as many rows as are wanted.
/// Every connection that writes such a table MUST have the function.
extension TableStore {
    package static func prepareOrderedReads(_ db: Database) {
        let orders = Mutex<[String: RowOrder]>([:])
        let function = DatabaseFunction("satchel_place", pure: true) { values in
            guard let text = values.first.flatMap({ String.fromDatabaseValue($0) }) else { return nil }
            // Kept by its text: reading it costs far more than the place.
            let known = orders.withLock { $0[text] }
            guard let order = known ?? RowOrder(specification: Text(text)) else {
                throw DatabaseError(message: "satchel_place was given an order that it cannot read: \(text)")
            }
            if known == nil { orders.withLock { $0[text] = order } }
            let row = Row(zip(values.dropFirst(), order.types).map { StoredValue.value($0, as: StoredValue.Class($1)) })
            return Data(order.bytes(of: row))
        }
        db.add(function: function)
    }

    /// For `rows(of:_:in:)`. Does nothing where there is one of these columns and this order.
    package func createIndex(on columns: [Int], by order: RowOrder, of schema: TableSchema, in db: Database) throws {
        let names = columns.map { SQLiteName.quoted(schema.columns[$0].name) }
        let place = place(order, schema)
        let name = SQLiteName.quoted("\(tableName(schema.name)) \((names + [place]).joined(separator: ","))")
        try db.execute(
            sql: """
                CREATE INDEX IF NOT EXISTS \(name) ON \(quoted(schema)) (\((names + [place]).joined(separator: ", ")))
                """)
    }

    private func place(_ order: RowOrder, _ schema: TableSchema) -> String {
        let columns = order.columns.map { SQLiteName.quoted(schema.columns[$0].name) }
        let list = [SQLiteName.literal(order.specification.string)] + columns
        return "satchel_place(\(list.joined(separator: ", ")))"
    }

    /// The rows of an ordered read. With the index of its columns and order, no others are touched.
    package func rows(of schema: TableSchema, _ read: OrderedRead, in db: Database) throws -> [StoredRow] {
        let statement = try db.cachedStatement(sql: sql(of: schema, read))
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        var index = Self.bind(read.values, of: read.columns, schema, to: handle)
        if let bound = read.bound {
            for _ in 0..<2 {
                StoredValue.bind(bytes: bound.bytes, to: handle, at: index)
                index += 1
            }
            StoredValue.bind(text: bound.key.text.string, to: handle, at: index)
            index += 1
        }
        sqlite3_bind_int64(handle, index, Int64(read.limit))
        var rows: [StoredRow] = []
        let form = form(of: schema)
        while try RawStatement.step(handle, db) { rows.append(form.read(handle)) }
        return rows
    }

    /// Bound are: the values of the columns, the bound's bytes twice and its key, and the limit.
    func sql(of schema: TableSchema, _ read: OrderedRead) -> String {
        let place = place(read.order, schema)
        var conditions = Self.conditions(read.columns, of: schema)
        if read.bound != nil {
            let (beyond, from) = read.isBackwards ? ("<", "<=") : (">", ">=")
            let last = read.includesBound ? from : beyond
            // The first part is what the index is searched by.
            conditions.append("\(place) \(from) ?")
            conditions.append("(\(place) \(beyond) ? OR \"satchel key\" \(last) ?)")
        }
        let condition = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
        let direction = read.isBackwards ? "DESC" : "ASC"
        return """
            SELECT * FROM \(quoted(schema)) WHERE \(condition)
            ORDER BY \(place) \(direction), "satchel key" \(direction) LIMIT ?
            """
    }

    /// How many rows have these values, up to a limit.
    package func count(
        of schema: TableSchema, where columns: [Int], equal values: [Value], upTo limit: Int, in db: Database
    ) throws -> Int {
        let conditions = Self.conditions(columns, of: schema).joined(separator: " AND ")
        let statement = try db.cachedStatement(
            sql: "SELECT count(*) FROM (SELECT 1 FROM \(quoted(schema)) WHERE \(conditions) LIMIT ?)")
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        let next = Self.bind(values, of: columns, schema, to: handle)
        sqlite3_bind_int64(handle, next, Int64(limit))
        guard try RawStatement.step(handle, db) else { return 0 }
        return Int(sqlite3_column_int64(handle, 0))
    }
}
