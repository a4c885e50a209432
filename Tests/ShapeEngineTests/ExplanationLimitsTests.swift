import JSONText
import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

/// Each of `ExplanationLimits`, just reached and passed: what is left out is counted, or told as not known.
@Suite struct ExplanationLimitsTests {
    /// Rows of `a`, `b` and `c` that have the same `kind` go together.
    private static let schema = DatabaseSchema(
        tables: ["a", "b", "c"].map { name in
            TableSchema(
                name: TableName(name),
                columns: ["id", "kind", "other"].enumerated().map { index, column in
                    Column(column, number: index + 1, type: ColumnType("int4"), isNotNull: index == 0)
                }, primaryKey: ["id"])
        })

    /// So many rows of each table, all of kind 1, ids from 1 on.
    private func source(_ counts: [String: Int]) -> MemorySource {
        var source = MemorySource()
        for (name, count) in counts {
            for id in 1...count {
                let row = Row([Value(String(id)), "1", Value(String(id % 2))])
                source.tables[TableName(name), default: [:]][RowKey(values: [row[0]])] = row
            }
        }
        return source
    }

    private func explain(
        _ id: Int, of table: String, _ definition: String, _ source: MemorySource,
        ranked: Int = ExplanationLimits.ranked
    ) throws -> Explanation {
        let shape = try Shape(resolving: ShapeDefinition(json: JSON(parsing: definition)), in: Self.schema)
        var live = LiveShapes(schema: Self.schema, now: 0)
        try live.add(1, shape, source: source)
        return try ShapeMaintenance.explain(
            RowKey(values: [Value(String(id))]), of: TableName(table), in: shape, source: source, view: live.view,
            ranked: ranked)
    }

    private func place(_ told: Explanation) throws -> Explanation.Place { try #require(told.nodes.first?.place) }

    private static func count(_ place: Explanation.Place) -> Int {
        1 + (place.parents?.rows ?? []).reduce(0) { $0 + count($1) }
    }

    // MARK: - Rows

    @Test(arguments: [(20, 0), (21, 1), (25, 5)]) func parentsBeyondTwentyAreCounted(parents: Int, more: Int) throws {
        let definition =
            #"{"root_table": "a", "where": "id > 3", "include": {"b": {"where": "kind = parent.kind"}}}"#
        let told = try #require(try place(explain(1, of: "b", definition, source(["a": parents, "b": 1]))).parents)
        #expect(told.rows.count == ExplanationLimits.parents && told.more == more)
        // Members first, so that what makes the row one is told.
        #expect(told.rows.prefix(17).allSatisfy { $0.isMember == true })
    }

    @Test(arguments: [(5, 0), (6, 1), (9, 4)]) func windowsBeyondFiveAreCounted(windows: Int, more: Int) throws {
        let definition = #"{"root_table": "a", "include": {"b": {"where": "kind = parent.kind", "limit": 2}}}"#
        let told = try place(explain(3, of: "b", definition, source(["a": windows, "b": 4])))
        #expect(told.ranks.count == ExplanationLimits.windows && told.moreRanks == more)
        #expect(told.ranks.allSatisfy { $0.rank == 3 && !$0.isInside } && told.isMember == false)
    }

    /// One row, its 20 parents, and of each as many again.
    @Test func moreThanTwoHundredRowsAreNotTold() throws {
        let definition = """
            {"root_table": "a", "include": {"b": {"where": "kind = parent.kind", "include": {
                "c": {"where": "kind = parent.kind"}}}}}
            """
        let told = try place(explain(1, of: "c", definition, source(["a": 20, "b": 20, "c": 1])))
        #expect(Self.count(told) == ExplanationLimits.places)
        let parents = try #require(told.parents)
        #expect(parents.more > 0 && parents.rows.count + parents.more == 20)
        for row in parents.rows.dropLast() { #expect(row.parents?.rows.count == 20 && row.parents?.more == 0) }
        let cut = try #require(parents.rows.last?.parents)
        #expect(cut.more > 0 && cut.rows.count + cut.more == 20)
        #expect(told.isMember == true)
    }

    // MARK: - Ranks

    @Test func ranksFarBehindTheEndAreNotCounted() throws {
        let definition = #"{"root_table": "a", "order_by": "id", "limit": 2}"#
        let rows = source(["a": 1_010])
        let last = 2 + ExplanationLimits.ranksBehind
        for (id, rank) in [(1, 1), (2, 2), (3, 3), (last, last), (last + 1, nil)] {
            let told = try place(explain(id, of: "a", definition, rows))
            #expect(told.ranks.count == 1 && told.ranks[0].rank == rank && told.ranks[0].isInside == (id < 3))
            #expect(told.isMember == (id < 3))
        }
    }

    /// The last windows are told without a rank, and whether the row is inside all the same.
    @Test func noMoreRowsAreRankedThanInAll() throws {
        let definition = #"{"root_table": "a", "include": {"b": {"where": "kind = parent.kind", "limit": 8}}}"#
        let rows = source(["a": 3, "b": 10])
        let all = try place(explain(7, of: "b", definition, rows))
        #expect(all.ranks.map(\.rank) == [7, 7, 7])
        for (ranked, expected) in [(21, [7, 7, 7]), (20, [7, 7, nil]), (7, [7, nil, nil]), (0, [nil, nil, nil])] {
            let told = try place(explain(7, of: "b", definition, rows, ranked: ranked))
            #expect(told.ranks.map(\.rank) == expected)
            #expect(told.ranks.allSatisfy(\.isInside) && told.isMember == true)
        }
    }

    // MARK: - Conditions

    /// Over the whole tree: of the last rows the conditions are told in one piece.
    @Test func conditionsAreTakenApartAThousandTimes() throws {
        let terms = (1...79).map { "id <> -\($0)" }.joined(separator: " AND ")
        let definition = """
            {"root_table": "a", "where": "\(terms)", "include": {"b": {"where": "kind = parent.kind"}}}
            """
        let told = try place(explain(1, of: "b", definition, source(["a": 20, "b": 1])))
        let conditions = try #require(told.parents).rows.map { $0.condition }
        let whole = conditions.prefix { $0?.kind == .and }.count
        #expect(conditions.count == 20 && whole == 12)
        for condition in conditions.prefix(whole) { #expect(condition?.parts.count == 79) }
        for condition in conditions.dropFirst(whole) {
            #expect(condition?.kind == .test && condition?.parts == [] && condition?.truth == .true)
        }
        let parts = conditions.reduce(0) { $0 + 1 + ($1?.parts.count ?? 0) }
        #expect(parts <= ExplanationLimits.terms)
    }

    @Test func deepConditionsAreTakenApartToADepthOnly() throws {
        var condition = "kind = 1"
        for depth in 0..<10 {
            condition = "id > \(-depth - 1) \(depth.isMultiple(of: 2) ? "AND" : "OR") (\(condition))"
        }
        let told = try explain(1, of: "a", #"{"root_table": "a", "where": "\#(condition)"}"#, source(["a": 1]))
        var term = try #require(try place(told).condition)
        var depth = 0
        while term.kind != .test {
            #expect(term.parts.count == 2)
            term = try #require(term.parts.last)
            depth += 1
        }
        #expect(depth == ExplanationLimits.termDepth)
        // In one piece, with all that is in it.
        #expect(term.sql.contains("kind = 1") && term.sql.contains("AND") && term.truth == .true)
    }

    @Test func longTextsAreCutOff() throws {
        let values = (1...400).map { String($0 + 1_000) }.joined(separator: ", ")
        let told = try explain(
            1, of: "a", #"{"root_table": "a", "where": "kind IN (\#(values))"}"#, source(["a": 1]))
        let sql = try #require(try place(told).condition).sql
        #expect(sql.utf8.count == ExplanationLimits.text + "…".utf8.count && sql.hasSuffix("…"))
    }

    // MARK: - How changes find the shape

    @Test(arguments: [(20, 0), (21, 1), (25, 5)]) func valuesBeyondTwentyAreCounted(values: Int, more: Int) throws {
        let list = (1...values).map(String.init).joined(separator: ", ")
        let told = try explain(
            1, of: "a", #"{"root_table": "a", "where": "kind IN (\#(list))"}"#, source(["a": 1]))
        let way = try #require(told.nodes.first?.matching.ways.first)
        guard case .values(let filed, more) = way.filing else {
            Issue.record("\(way.filing)")
            return
        }
        #expect(filed.count == ExplanationLimits.filed)
    }

    /// Two ways up from each level to the next: 2, 4, … 32.
    @Test(arguments: [(4, 16, 0), (5, 20, 12)]) func waysBeyondTwentyAreCounted(
        levels: Int, told: Int, more: Int
    ) throws {
        var include = ""
        for level in (1...levels).reversed() {
            let table = ["a", "b", "c"][level % 3]
            let deeper = include.isEmpty ? "" : #", "include": {\#(include)}"#
            include = #""\#(table)": {"where": "kind = parent.kind OR other = parent.other"\#(deeper)}"#
        }
        let definition = #"{"root_table": "a", "where": "id = 1", "include": {\#(include)}}"#
        let table = ["a", "b", "c"][levels % 3]
        let explanation = try explain(1, of: table, definition, source(["a": 1, "b": 1, "c": 1]))
        let matching = try #require(explanation.nodes.last?.matching)
        #expect(matching.ways.count == told && matching.moreWays == more && !matching.isScanned)
        #expect(Explanation(json: try JSON(parsing: explanation.json.text)) == explanation)
    }
}
