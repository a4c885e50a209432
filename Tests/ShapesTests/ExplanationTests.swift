import JSONText
import SyncModel
import Testing

@testable import Shapes

struct ExplanationTests {
    private let table = TableSchema(
        name: TableName("items"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("name", number: 2, type: ColumnType("text")),
            Column("Made", number: 3, type: ColumnType("timestamptz")),
            Column("done", number: 4, type: ColumnType("bool")),
        ], primaryKey: ["id"])

    private func explained(
        _ condition: String, _ parameters: [Text] = [], _ row: [Value], budget: Int = 100
    ) throws -> Explanation.Term {
        let predicate = try Predicate(
            parsing: condition, parameters: parameters, table: table, schema: DatabaseSchema(tables: [table]))
        var budget = budget
        return try #require(predicate.explained(Row(row), in: EvaluationContext(), budget: &budget))
    }

    @Test func takesConditionsApartAndWritesThemForPeople() throws {
        let term = try explained(
            #"(id = $1 AND (name LIKE 'a%' AND NOT (done OR "Made" > $2))) AND lower(name) <> 'o''x'"#,
            ["7", "2026-01-02 00:00:00+00"], ["7", "apple", .null, "f"])
        #expect(term.kind == .and && term.truth == .unknown)
        #expect(
            term.parts.map(\.sql) == [
                "id = 7", "name LIKE 'a%'", #"NOT (done OR ("Made" > '2026-01-02 00:00:00+00'::timestamptz))"#,
                "lower(name) <> 'o''x'",
            ])
        #expect(term.parts.map(\.truth) == [.true, .true, .unknown, .true])
        #expect(term.parts.map(\.kind) == [.test, .test, .not, .test])
        let either = try #require(term.parts[2].parts.first)
        #expect(either.kind == .or && either.parts.map(\.truth) == [.false, .unknown])
        #expect(either.parts[1].values == [Explanation.NamedValue("Made", nil)])
        #expect(term.parts[3].values == [Explanation.NamedValue("name", "apple")])
    }

    /// A mark that combines with a quote does not hide it.
    @Test func doublesEveryQuote() throws {
        let term = try explained("name = 'a''\u{301}b'", [], ["7", "apple", .null, "f"])
        #expect(Array(term.sql.utf8) == Array("name = 'a''\u{301}b'".utf8))
    }

    @Test func tellsWhatIsNotHeld() throws {
        let term = try explained(
            "name = 'a' AND id IN (SELECT id FROM items AS i)", [], ["1", .absent, .null, .null])
        #expect(term.parts.map(\.truth) == [.undecidable, .undecidable])
        #expect(term.parts[0].lacking == ["name"] && term.parts[0].values == [])
        #expect(
            term.parts[1].subselects == [
                Explanation.Members(table: TableName("items"), count: nil, truth: .undecidable)
            ])
    }

    @Test func staysSmall() throws {
        let long = String(repeating: "é", count: 3_000)
        let condition = (1...50).map { "id = \($0)" }.joined(separator: " OR ") + " OR name = '\(long)'"
        let whole = try explained(condition, [], ["1", Value(long), .null, .null], budget: 20)
        #expect(whole.kind == .test && whole.parts.isEmpty && whole.truth == .true)
        #expect(whole.sql.utf8.count < ExplanationLimits.text + 8)
        let term = try explained(condition, [], ["1", Value(long), .null, .null])
        #expect(term.parts.count == 51 && term.parts[50].values[0].value?.string.utf8.count == 1_003)
    }

    @Test func readsBackWhatItWrites() throws {
        let test = Explanation.Term(
            kind: .test, sql: "a = 1", truth: .error("division by zero"),
            values: [Explanation.NamedValue("a", "1"), Explanation.NamedValue("b", nil)], lacking: ["c"],
            subselects: [
                Explanation.Members(table: TableName("s"), count: 3, truth: .true),
                Explanation.Members(table: TableName("s"), count: nil, truth: .undecidable),
            ])
        let condition = Explanation.Term(
            kind: .and, sql: "x", truth: .false, parts: [test, Explanation.Term(kind: .not, sql: "y", truth: .unknown)])
        let parent = Explanation.Place(
            key: [Explanation.NamedValue("id", "9")], isMember: true, condition: nil, parents: nil)
        let rank = Explanation.Rank(
            group: [Explanation.NamedValue("id", "9")], isInside: true, rank: 2,
            values: [Explanation.NamedValue("at", nil)])
        let place = Explanation.Place(
            key: [Explanation.NamedValue("id", "7")], isMember: nil, condition: condition,
            ranks: [rank, Explanation.Rank(group: [], isInside: false, rank: nil, values: [])], moreRanks: 4,
            parents: Explanation.Parents(path: "", table: TableName("p"), rows: [parent], more: 5))
        let step = Explanation.Matching.Step(columns: ["p_id"], table: TableName("p"), tableColumns: ["id"])
        let matching = Explanation.Matching(
            ways: [
                Explanation.Matching.Way(steps: [step], columns: ["a"], filing: .values(["1", "2"], more: 1)),
                Explanation.Matching.Way(steps: [], columns: ["b", "c"], filing: .members(of: TableName("m"))),
            ], moreWays: 3, isTimed: true)
        let full = Explanation(
            isFound: true, isMember: nil, now: "2026-01-02 00:00:00+00",
            permission: Explanation.Permission(rule: "a = auth.n", claims: [Explanation.NamedValue("n", nil)]),
            nodes: [
                Explanation.Node(
                    path: "steps", matching: matching,
                    window: Explanation.Window(order: "at DESC, id", limit: 3, per: ""), place: place),
                Explanation.Node(
                    path: "", matching: Explanation.Matching(ways: [], isTimed: false),
                    window: Explanation.Window(order: "id", limit: 1, per: nil), place: nil),
            ])
        for explanation in [full, Explanation(isFound: false, isMember: false, nodes: [])] {
            let json = try JSON(parsing: explanation.json.text)
            #expect(Explanation(json: json) == explanation)
        }
        #expect(Explanation(json: ["found": true, "member": true, "nodes": [["path": 1]]]) == nil)
    }

    @Test func namesRowsAsPostgreSQLWritesThem() throws {
        let pair = TableSchema(
            name: TableName("pairs"),
            columns: [
                Column("a", number: 1, type: ColumnType("uuid"), isNotNull: true),
                Column("b", number: 2, type: ColumnType("int4"), isNotNull: true),
            ], primaryKey: ["b", "a"])
        let id = "AAAAAAAA-0000-4000-8000-000000000001"
        let name = try RowName([(column: "a", value: Text(id)), (column: "b", value: " 07")], in: pair)
        #expect(name.key == RowKey(values: ["7", Value(id.lowercased())]))
        #expect(name.values.map(\.column) == ["b", "a"])
        for wrong: [(column: String, value: Text?)] in [
            [("a", Text(id))], [("a", Text(id)), ("b", "x")], [("a", Text(id)), ("b", nil)],
            [("a", Text(id)), ("c", "1")], [("a", Text(id)), ("b", "1"), ("b", "1")],
        ] {
            #expect(throws: RowName.Problem.self) { try RowName(wrong, in: pair) }
        }
    }
}
