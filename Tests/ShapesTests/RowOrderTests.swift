import SyncModel
import Testing

@testable import Shapes

/// Places are bytes that compare as the values do.
struct RowOrderTests {
    /// Of each type some values from the least to the greatest, as PostgreSQL sorts them; each in one form.
    private static let sorted: [(type: ColumnType, values: [String])] = [
        (ColumnType("bool"), ["f", "t"]),
        (ColumnType("int8"), ["-9223372036854775808", "-1", "0", "1", "256", "9223372036854775807"]),
        (ColumnType("float8"), ["-Infinity", "-1.5e300", "-1", "0", "1e-300", "1", "2.5", "Infinity", "NaN"]),
        (
            ColumnType("numeric"),
            [
                "-Infinity", "-10000", "-9999.5", "-1", "-0.5", "-0.00001", "0", "0.00001", "0.5", "0.50001", "1",
                "1.0001", "9999", "10000", "10000.1", "123456789012345678901234567890", "Infinity", "NaN",
            ]
        ),
        (ColumnType("text"), ["", "\u{1}", "A", "AA", "B", "a", "é", "\u{1F600}"]),
        (ColumnType("bpchar"), ["a\t  ", "a   ", "a!  ", "b   "].sorted { $0.trimmed < $1.trimmed }),
        (
            ColumnType("uuid"),
            [
                "00000000-0000-0000-0000-000000000001", "7fffffff-0000-0000-0000-000000000000",
                "ffffffff-0000-0000-0000-000000000000",
            ]
        ),
        (ColumnType("bytea"), ["\\x", "\\x00", "\\x0000", "\\x0001", "\\x01", "\\xff"]),
        (ColumnType("date"), ["-infinity", "4000-01-01 BC", "1999-12-31", "2000-01-01", "12000-01-01", "infinity"]),
        (
            ColumnType("timestamptz"),
            [
                "-infinity", "0044-03-15 00:00:00+00 BC", "1999-12-31 23:59:59.999999+00", "2000-01-01 00:00:00+00",
                "2000-01-01 00:00:00.5+00", "infinity",
            ]
        ),
        (ColumnType("interval"), ["-1 days", "00:00:00", "23:59:59", "1 day", "29 days", "1 mon", "1 mon 00:00:01"]),
        (ColumnType("mood", labels: ["sad", "ok", "glad"]), ["sad", "ok", "glad"]),
        (ColumnType("int4", dimensions: 1), ["{}", "{1}", "{1,2}", "{1,NULL}", "{2}", "{NULL}"]),
        (
            ColumnType("jsonb"),
            [
                "[]", "null", "\"a\"", "\"b\"", "-1", "2", "false", "true", "[1]", "[null, null]", "[1, 2]", "{}",
                "{\"a\": 1}", "{\"a\": 2}", "{\"b\": 1}", "{\"a\": 1, \"b\": 1}",
            ]
        ),
    ]

    private func order(_ type: ColumnType, _ order: ShapeDefinition.Order) throws -> RowOrder {
        let table = TableSchema(
            name: TableName(name: "t"),
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true), Column("v", number: 2, type: type),
            ],
            primaryKey: ["id"])
        return try RowOrder([order], of: table)
    }

    private func places(_ values: [Value], _ order: RowOrder) -> [RowOrder.Place] {
        values.map { order.place(of: Row(["1", $0]), RowKey(values: ["1"])) }
    }

    @Test func putsValuesOfEveryTypeWherePostgreSQLDoes() throws {
        for (type, texts) in Self.sorted {
            let values = texts.map { Value($0) }
            let ascending = try order(type, ShapeDefinition.Order("v"))
            for (index, place) in places(values, ascending).enumerated() {
                for (other, beyond) in places(values, ascending).enumerated() {
                    #expect((place < beyond) == (index < other), "\(type.name): \(texts[index]) and \(texts[other])")
                }
            }
            let descending = places(values, try order(type, ShapeDefinition.Order("v", isDescending: true)))
            #expect(zip(descending, descending.dropFirst()).allSatisfy { $0 > $1 }, "\(type.name)")
        }
    }

    /// The comparison of conditions is held to PostgreSQL by its own tests.
    @Test func agreesWithTheLanguagesComparison() throws {
        for (type, texts) in Self.sorted where type.name != "bpchar" {
            let scalars = try texts.map { try #require(Scalar(parsing: Text($0), as: SQLType(type)), "\($0)") }
            #expect(zip(scalars, scalars.dropFirst()).allSatisfy { $0.isLess(than: $1) }, "\(type.name)")
        }
    }

    @Test func putsNullsFirstOrLast() throws {
        for (isDescending, nullsFirst) in [(false, false), (false, true), (true, false), (true, true)] {
            let order = try order(
                ColumnType("int4"), ShapeDefinition.Order("v", isDescending: isDescending, nullsFirst: nullsFirst))
            let places = places(["1", .null, "2"], order)
            #expect((places[1] < places[0]) == nullsFirst && (places[1] < places[2]) == nullsFirst)
            #expect((places[0] < places[2]) == !isDescending)
        }
    }

    @Test func countsEqualValuesAsEqualAndGoesOnWithTheKey() throws {
        for (type, one, other) in [("numeric", "1.0", "1.00"), ("float8", "0", "-0"), ("interval", "1 mon", "30 days")]
        {
            let order = try order(ColumnType(type), ShapeDefinition.Order("v"))
            #expect(order.bytes(of: Row(["1", Value(one)])) == order.bytes(of: Row(["1", Value(other)])), "\(type)")
            #expect(
                order.place(of: Row(["2", Value(one)]), RowKey(values: ["2"]))
                    < order.place(of: Row(["10", Value(other)]), RowKey(values: ["10"])))
        }
    }

    @Test func readsItsSpecificationBack() throws {
        for (type, texts) in Self.sorted {
            let order = try order(type, ShapeDefinition.Order("v", isDescending: true, nullsFirst: true))
            let read = try #require(RowOrder(specification: order.specification))
            for text in texts {
                #expect(read.bytes(of: Row([Value(text), "1"])) == order.bytes(of: Row(["1", Value(text)])))
            }
        }
        #expect(RowOrder(specification: "[1]") == nil && RowOrder(specification: "x") == nil)
    }
}

extension String {
    fileprivate var trimmed: Text { Text(self).withoutTrailingSpaces }
}
