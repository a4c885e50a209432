import GRDB
import ShapeEngine
import Shapes
import SyncModel
import Testing

@testable import TableStore

struct TableStoreOrderTests {
    private static let schema = TableSchema(
        name: TableName("things"),
        columns: [
            Column("price", number: 1, type: ColumnType("numeric")),
            Column("at", number: 2, type: ColumnType("timestamptz")),
            Column("id", number: 3, type: ColumnType("int4"), isNotNull: true),
            Column("owner", number: 4, type: ColumnType("int4")),
            Column("it's", number: 5, type: ColumnType("mood", labels: ["it's", "so"])),
        ],
        primaryKey: ["id"])
    private static let store = TableStore(prefix: "row", extras: [])

    /// By the first columns.
    private func order(_ keys: String) throws -> RowOrder { try #require(RowOrder(specification: Text(keys))) }

    private func queue() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.prepareDatabase { TableStore.prepareOrderedReads($0) }
        return try DatabaseQueue(configuration: configuration)
    }

    private static let full = """
        [["numeric",0,[],true,false],["timestamptz",0,[],false,true],["int4",0,[],false,false]]
        """

    @Test func readsFromAnIndexWithoutSorting() throws {
        let order = try order(Self.full)
        let bound = RowOrder.Place(bytes: [1, 2], key: RowKey(values: ["3"]))
        try queue().write { db in
            try Self.store.create(Self.schema, in: db)
            for columns in [[], [3]] { try Self.store.createIndex(on: columns, by: order, of: Self.schema, in: db) }
            for columns in [[], [3]] {
                for isBackwards in [false, true] {
                    for from in [nil, bound] {
                        let read = OrderedRead(
                            columns, equal: columns.map { _ in "1" }, by: order, from: from, isBackwards: isBackwards,
                            limit: 1)
                        let sql = Self.store.sql(of: Self.schema, read)
                        let count = columns.count + (from == nil ? 0 : 3) + 1
                        let arguments = StatementArguments(Array(repeating: 1, count: count))
                        let plan = try GRDB.Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                            .map { $0["detail"] as String }
                        #expect(plan.count == 1 && plan[0].contains("USING INDEX"), "\(plan)")
                        #expect(plan[0].hasPrefix("SEARCH") == (!columns.isEmpty || from != nil), "\(plan)")
                    }
                }
            }
        }
    }

    @Test func readsPageByPageInBothDirections() throws {
        let order = try order(Self.full)
        let prices: [Value] = ["10", "9.50", .null, "9.5", "-1", "NaN", "10.0"]
        try queue().write { db in
            try Self.store.create(Self.schema, in: db)
            try Self.store.createIndex(on: [3], by: order, of: Self.schema, in: db)
            for (id, price) in prices.enumerated() {
                let row = Row([price, "2000-01-01 00:00:00+00", Value(String(id)), id == 3 ? "2" : "1", .null])
                try Self.store.upsert(
                    StoredRow(key: row.key(in: Self.schema), row: row, extras: []), of: Self.schema, in: db)
            }
            // NaN is the greatest, and NULL stands last.
            let expected = ["5", "0", "6", "1", "4", "2"]
            for isBackwards in [false, true] {
                var found: [String] = []
                var read = OrderedRead([3], equal: ["1"], by: order, isBackwards: isBackwards, limit: 2)
                while true {
                    let page = try Self.store.rows(of: Self.schema, read, in: db)
                    guard let last = page.last else { break }
                    found += page.compactMap { $0.row[2].text?.string }
                    read = OrderedRead(
                        [3], equal: ["1"], by: order, from: order.place(of: last.row, last.key),
                        isBackwards: isBackwards, limit: 2)
                }
                #expect(found == (isBackwards ? expected.reversed() : expected))
            }
            let third = try #require(try Self.store.row(RowKey(values: ["6"]), of: Self.schema, in: db))
            let from = order.place(of: third.row, third.key)
            let back = OrderedRead(
                [3], equal: ["1"], by: order, from: from, includesBound: true, isBackwards: true, limit: 2)
            #expect(try Self.store.rows(of: Self.schema, back, in: db).map { $0.row[2] } == ["6", "0"])
        }
    }

    @Test func quotesLabelsInAnOrder() throws {
        let order = try order(#"[["numeric",0,[],false,false],["mood",0,["it's","so"],false,false]]"#)
        try queue().write { db in
            try Self.store.create(Self.schema, in: db)
            try Self.store.createIndex(on: [], by: order, of: Self.schema, in: db)
            #expect(try Self.store.rows(of: Self.schema, OrderedRead(by: order, limit: 1), in: db).isEmpty)
        }
    }

    @Test func countsUpToALimit() throws {
        try queue().write { db in
            try Self.store.create(Self.schema, in: db)
            for id in 0..<5 {
                let row = Row([.null, .null, Value(String(id)), "1", .null])
                try Self.store.upsert(
                    StoredRow(key: row.key(in: Self.schema), row: row, extras: []), of: Self.schema, in: db)
            }
            func count(_ limit: Int) throws -> Int {
                try Self.store.count(of: Self.schema, where: [3], equal: ["1"], upTo: limit, in: db)
            }
            #expect(try count(3) == 3 && count(9) == 5)
        }
    }
}
