import GRDB
import SyncModel
import Testing

import TableStore

@Suite struct TableStoreTests {
    static let schema = TableSchema(
        name: TableName("things"),
        columns: [
            Column("id", number: 1, type: ColumnType("uuid"), isNotNull: true),
            Column("n", number: 2, type: ColumnType("int8")),
            Column("x", number: 3, type: ColumnType("float8")),
            Column("r", number: 4, type: ColumnType("float4")),
            Column("ok", number: 5, type: ColumnType("bool")),
            Column("t", number: 6, type: ColumnType("text")),
            Column("parent", number: 7, type: ColumnType("uuid")),
        ],
        primaryKey: ["id"],
        foreignKeys: [
            ForeignKey("p", columns: ["parent"], references: TableName("things"), referencedColumns: ["id"])
        ])
    static let store = TableStore(prefix: "row", extras: ["version"])

    static func row(_ values: [Value]) -> StoredRow {
        let row = Row(values)
        return StoredRow(key: row.key(in: schema), row: row, extras: [7])
    }

    @Test func valuesComeBackByteForByte() throws {
        let floats = [
            "0", "-0", "1", "0.1", "1e+15", "123456789012345", "1.5e-05", "0.0001", "NaN", "Infinity", "-Infinity",
            "1.7976931348623157e+308", "5e-324", "100", "12345.678", "1.0", "not a number",
        ]
        let singles = ["1e+06", "100000", "0.1", "3.4028235e+38", "1e-45", "NaN"]
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            for (index, text) in floats.enumerated() {
                let stored = Self.row([
                    Value("id\(index)"), "9223372036854775807", Value(text), Value(singles[index % singles.count]),
                    index.isMultiple(of: 2) ? "t" : "f", index == 3 ? "" : "e\u{301} \0 end", .null,
                ])
                try Self.store.upsert(stored, of: Self.schema, in: db)
                let found = try Self.store.row(stored.key, of: Self.schema, in: db)
                #expect(found == stored, "\(text): \(String(describing: found?.row.values))")
            }
        }
    }

    @Test func aRowIsWrittenOverAnotherWholeOrInPart() throws {
        let old = Self.row(["a", "1", "1", "1", "t", "x", .null])
        let versions = [
            Self.row(["a", "1", "1", "1", "t", "x", .null]), Self.row(["a", "2", "1", "1", "t", "x", "b"]),
            Self.row(["a", .null, "2", "3", "f", .absent, "a"]),
        ]
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            for isStored in [true, false] {
                for next in versions + versions.reversed() {
                    if isStored {
                        try Self.store.upsert(old, of: Self.schema, in: db)
                    } else {
                        try Self.store.delete(old.key, of: Self.schema, in: db)
                    }
                    var writer = try Self.store.writer(of: Self.schema, in: db)
                    try writer.write(next.key, next.row, over: old.row, extras: [9])
                    let found = try #require(try Self.store.row(next.key, of: Self.schema, in: db))
                    #expect(found.row == next.row && found.extras == [9])
                    let byParent = try Self.store.rows(of: Self.schema, where: [6], equal: [next.row[6]], in: db)
                    #expect(byParent.map(\.key) == [next.key])
                }
            }
        }
    }

    @Test(arguments: [
        "0", "-0", "+1", "01", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "-9223372036854775809", "99999999999999999999", "1.0", "", "-", " 1", "t", "true",
    ])
    func wholeNumbersAndTruthsThatAreWrittenOtherwiseStayText(_ text: String) throws {
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            let stored = Self.row(["a", Value(text), .null, .null, Value(text), "x", .null])
            try Self.store.upsert(stored, of: Self.schema, in: db)
            #expect(try Self.store.row(stored.key, of: Self.schema, in: db) == stored)
            let type = try String.fetchOne(db, sql: #"SELECT typeof(n) FROM "row public.things""#)
            #expect(type == (Int64(text).map { String($0) } == text ? "integer" : "text"))
        }
    }

    @Test func aTableThatWasFilledElsewhereTakesThePlaceOfAnother() throws {
        try DatabaseQueue().write { db in
            let other = TableStore(prefix: "load", extras: ["version"])
            try Self.store.create(Self.schema, in: db)
            try other.create(Self.schema, isIndexed: false, in: db)
            try Self.store.upsert(Self.row(["old", "1", .null, .null, .null, .null, .null]), of: Self.schema, in: db)
            let writer = try other.writer(of: Self.schema, in: db)
            for id in ["b", "a"] {
                let stored = Self.row([Value(id), "2", .null, .null, .null, .null, "p"])
                try writer.upsert(stored.key, stored.row, extras: [id == "a" ? 7 : 8])
            }
            let indexes = #"SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name LIKE "#
            #expect(try Int.fetchOne(db, sql: indexes + "'load %' AND sql IS NOT NULL") == 0)
            try Self.store.take(Self.schema, from: other, in: db)
            #expect(try Self.store.scan(Self.schema, after: nil, limit: 9, in: db).map { $0.row[0] } == ["a", "b"])
            #expect(try Self.store.rows(of: Self.schema, where: [6], equal: ["p"], in: db).count == 2)
            #expect(try Int.fetchOne(db, sql: indexes + "'row %' AND sql IS NOT NULL") == 2)
            let counts = try Self.store.counts(of: Self.schema, by: "version", in: db)
            #expect(counts.map(\.number) == [7, 8] && counts.map(\.count) == [1, 1])
        }
    }

    @Test func absentIsNotNull() throws {
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            let stored = Self.row(["a", .absent, .null, .absent, .absent, .absent, .null])
            try Self.store.upsert(stored, of: Self.schema, in: db)
            #expect(try Self.store.row(stored.key, of: Self.schema, in: db) == stored)
        }
    }

    @Test func numbersAreNumbersToLocalSQL() throws {
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            try Self.store.upsert(Self.row(["a", "12", "2.5", "1", "t", "x", .null]), of: Self.schema, in: db)
            let types = try String.fetchOne(
                db,
                sql: """
                    SELECT typeof(n) || typeof(x) || typeof(r) || typeof(ok) || typeof(t) FROM "row public.things"
                    """)
            #expect(types == "integerrealrealintegertext")
        }
    }

    @Test func rowsAreFoundByForeignKeyThroughAnIndex() throws {
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            for id in ["b", "a", "c"] {
                try Self.store.upsert(
                    Self.row([Value(id), .null, .null, .null, .null, .null, id == "c" ? "a" : "p"]), of: Self.schema,
                    in: db)
            }
            let found = try Self.store.rows(of: Self.schema, where: [6], equal: ["p"], in: db)
            #expect(found.map(\.key.description) == ["\"a\"", "\"b\""])
            let plan = try String.fetchAll(
                db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT * FROM "row public.things" WHERE "parent" = 'p' ORDER BY "satchel key"
                    """,
                adapter: RangeRowAdapter(3..<4))
            #expect(plan.count == 1 && plan[0].contains("USING INDEX"))
        }
    }

    @Test func scansByKeyInPages() throws {
        try DatabaseQueue().write { db in
            try Self.store.create(Self.schema, in: db)
            for id in ["d", "a", "c", "b"] {
                try Self.store.upsert(
                    Self.row([Value(id), .null, .null, .null, .null, .null, .null]), of: Self.schema, in: db)
            }
            let first = try Self.store.scan(Self.schema, after: nil, limit: 3, in: db)
            let second = try Self.store.scan(Self.schema, after: first.last?.key, limit: 3, in: db)
            #expect((first + second).map(\.key.description) == ["\"a\"", "\"b\"", "\"c\"", "\"d\""])
        }
    }
}
