import GRDB
import SyncModel
import Testing

import TableStore

@Suite struct TableStoreDifferenceTests {
    private static let older = TableStore(prefix: "row", extras: ["version"])
    private static let newer = TableStore(prefix: "staged", extras: ["version"])
    private static let delta = TableStore(prefix: "delta", extras: ["version", "gone"])

    private static func schema(_ columns: [(name: String, number: Int, type: String)]) -> TableSchema {
        TableSchema(
            name: TableName("things"),
            columns: columns.map { Column($0.name, number: $0.number, type: ColumnType($0.type)) }, primaryKey: ["id"])
    }

    private static func stored(_ values: [Value], _ schema: TableSchema, version: Int64 = 1) -> StoredRow {
        let row = SyncModel.Row(values)
        return StoredRow(key: row.key(in: schema), row: row, extras: [version])
    }

    @Test func differencesAreRowsThatCameChangedOrWent() throws {
        let schema = Self.schema([("id", 1, "int4"), ("a", 2, "text"), ("x", 3, "float8")])
        try DatabaseQueue().write { db in
            for store in [Self.older, Self.newer, Self.delta] { try store.create(schema, in: db) }
            let same: [[Value]] = [["1", "é", "NaN"], ["2", .null, "-0"], ["3", "", "1.5"]]
            for values in same + [["4", "e\u{301}", "1"], ["5", .null, "1"], ["6", "goes", "1"], ["7", "v", "1"]] {
                try Self.older.upsert(Self.stored(values, schema), of: schema, in: db)
            }
            for values in same + [["4", "\u{e9}", "1"], ["5", "", "1"], ["8", "comes", .null]] {
                try Self.newer.upsert(Self.stored(values, schema), of: schema, in: db)
            }
            try Self.newer.upsert(Self.stored(["7", "v", "1"], schema, version: 2), of: schema, in: db)
            try Self.delta.insertDifferences(of: schema, from: Self.older, to: Self.newer, in: db)
            let rows = try Self.delta.scan(schema, after: nil, limit: 100, in: db)
            #expect(
                rows.map { "\($0.key) \($0.row[1].text?.string ?? "NULL") \($0.extras)" } == [
                    "\"4\" \u{e9} [1, 0]", "\"5\"  [1, 0]", "\"6\" goes [1, 1]", "\"7\" v [2, 0]",
                    "\"8\" comes [1, 0]",
                ])
        }
    }

    /// PostgreSQL's own limit.
    @Test func tablesOfVeryManyColumnsAreComparedAndMeasured() throws {
        let schema = Self.schema((1...1600).map { ($0 == 1 ? "id" : "c\($0)", $0, "text") })
        try DatabaseQueue().write { db in
            for store in [Self.older, Self.newer, Self.delta] { try store.create(schema, in: db) }
            var values = (1...1600).map { Value(String($0)) }
            try Self.older.upsert(Self.stored(values, schema), of: schema, in: db)
            values[1599] = "other"
            try Self.newer.upsert(Self.stored(values, schema), of: schema, in: db)
            try Self.delta.insertDifferences(of: schema, from: Self.older, to: Self.newer, in: db)
            #expect(try Self.delta.count(of: schema, in: db) == 1)
            let bytes = try Self.newer.bytes(of: schema, by: "version", in: db).map(\.bytes)
            #expect(bytes == [values.reduce(0) { $0 + ($1.text?.string.utf8.count ?? 0) }])
        }
    }

    @Test func aTableIsLaidOutAnewByTheNumbersOfItsColumns() throws {
        let before = Self.schema([("id", 1, "int4"), ("a", 2, "text"), ("b", 3, "int4")])
        let after = Self.schema([("id", 1, "int4"), ("b", 3, "int4"), ("a", 4, "text")])
        try DatabaseQueue().write { db in
            try Self.older.create(before, in: db)
            for id in 1...3 {
                try Self.older.upsert(Self.stored([Value(String(id)), "old", "7"], before), of: before, in: db)
            }
            try Self.older.reshape(from: before, to: after, in: db)
            let laidOut = try Self.older.row(RowKey(values: ["2"]), of: after, in: db)
            #expect(laidOut?.row.values == ["2", "7", .null])
            try Self.older.erase([2], of: after, where: "version", is: 1, in: db)
            let erased = try Self.older.row(RowKey(values: ["3"]), of: after, in: db)
            #expect(erased?.row.values == ["3", "7", .absent])
            #expect(try Self.older.rows(of: after, where: [1], equal: ["7"], in: db).count == 3)
        }
    }
}
