import SyncModel
import Testing

@testable import Shapes

struct PredicateTests {
    private let table = TableSchema(
        name: TableName(name: "items"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("a", number: 2, type: ColumnType("int4")),
            Column("b", number: 3, type: ColumnType("bool")), Column("t", number: 4, type: ColumnType("text")),
            Column("x", number: 5, type: ColumnType("numeric")), Column("j", number: 6, type: ColumnType("jsonb")),
        ],
        primaryKey: ["id"])

    private func predicate(_ text: String, _ parameters: [Text] = []) throws -> Predicate {
        try Predicate(parsing: text, parameters: parameters, table: table)
    }

    private func truth(_ text: String, _ values: [Value]) throws -> Truth {
        try predicate(text).evaluate(Row(values))
    }

    @Test func leavesAbsentColumnsUndecidedUnlessOthersDecide() throws {
        let row: [Value] = ["1", .absent, "t", "x", .null, .null]
        #expect(try truth("a = 1", row) == .undecidable)
        #expect(try truth("a IS NULL", row) == .undecidable)
        #expect(try truth("a = 1 AND NOT b", row) == .false)
        #expect(try truth("NOT b AND a = 1", row) == .false)
        #expect(try truth("a = 1 OR b", row) == .true)
        #expect(try truth("a = 1 AND b", row) == .undecidable)
        #expect(try truth("a = 1 OR x = 1", row) == .undecidable)
        #expect(try predicate("t = 'x' AND (a = 1 OR b)").columnsUsed == [1, 2, 3])
    }

    @Test func namesEqualitiesOnlyWhereOneTextStandsForAValue() throws {
        func equalities(_ text: String, _ parameters: [Text] = []) throws -> [String] {
            try predicate(text, parameters).equalities.map { "\($0.column)=\($0.value)" }
        }
        #expect(try equalities("a = '07' AND (b AND t = $1)", ["x"]) == ["1=7", "2=t", "3=x"])
        #expect(try equalities("1 = a AND NOT b") == ["1=1", "2=f"])
        #expect(try equalities("x = 1 OR a = 1") == [])
        #expect(try equalities("x = 1 AND a = 1.0") == [])
        #expect(try equalities("a = NULL AND a IN (1, 2)") == [])
    }

    @Test func isEqualWhenItMeansTheSame() throws {
        #expect(try predicate("a=1") == predicate("( \"a\" = $1 ) -- one", ["01"]))
        #expect(try predicate("x = 1.0") == predicate("x = 1.000"))
        #expect(try predicate("a = 1") != predicate("a = 2"))
        #expect(try predicate("t = 'é'") != predicate("t = 'e\u{301}'"))
    }

    @Test func bindsEveryConstant() throws {
        let fragment = try predicate("t = 'x''; DROP' AND a IN (1, 2, NULL) AND j = '{}'").sql(firstParameter: 3)
        #expect(
            fragment.text
                == "((\"t\" = $3::text COLLATE \"C\") AND (\"a\" IN ($4::int4, $5::int4, $6::int4)) AND (\"j\" = $7::jsonb))"
        )
        #expect(fragment.values == ["x'; DROP", "1", "2", nil, "{}"])
    }

    @Test func comparesOpaqueTypesByTheirText() throws {
        #expect(try truth("j = '{\"a\": 1}'", ["1", .null, .null, .null, .null, "{\"a\": 1}"]) == .true)
        #expect(try truth("j <> '{}'", ["1", .null, .null, .null, .null, .null]) == .unknown)
    }

    @Test func countsARowThatItCannotReadAsFailed() throws {
        #expect(try truth("a = 1", ["1", "x", .null, .null, .null, .null]) == .error("\"x\" is no value of type int4"))
    }
}
