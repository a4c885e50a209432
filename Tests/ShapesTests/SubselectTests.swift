import SyncModel
import Testing

@testable import Shapes

struct SubselectTests {
    private static let teams = TableSchema(
        name: TableName(name: "teams"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("owner", number: 2, type: ColumnType("int8")), Column("name", number: 3, type: ColumnType("text")),
        ], primaryKey: ["id"])
    private static let members = TableSchema(
        name: TableName(name: "members"),
        columns: [
            Column("team_id", number: 1, type: ColumnType("int8")),
            Column("person", number: 2, type: ColumnType("int4")),
            Column("role", number: 3, type: ColumnType("text")),
        ], primaryKey: [])
    private static let schema = DatabaseSchema(tables: [teams, members])

    private func predicate(_ text: String, _ parameters: [Text] = []) throws -> Predicate {
        try Predicate(parsing: text, parameters: parameters, table: Self.teams, schema: Self.schema)
    }

    /// What an engine does, from scratch.
    private func contents(
        of predicate: Predicate, _ rows: [TableName: [Row]], outer: Row? = nil
    ) throws -> SubselectView {
        var view = SubselectView()
        for subselect in predicate.subselects {
            var content = SubselectContent()
            let inner = try subselect.condition.map { try contents(of: $0, rows) } ?? SubselectView()
            for row in rows[subselect.table] ?? [] {
                guard
                    case .member(let member) = subselect.member(of: row, in: EvaluationContext(subselects: inner))
                else { continue }
                _ = content.add(member)
            }
            view.append(content, nil)
        }
        return view
    }

    private func truths(_ text: String, members: [[Value]], teams: [[Value]]) throws -> [Truth] {
        let predicate = try predicate(text)
        let rows = [Self.members.name: members.map { Row($0) }, Self.teams.name: teams.map { Row($0) }]
        let context = EvaluationContext(subselects: try contents(of: predicate, rows))
        return teams.map { predicate.evaluate(Row($0), in: context) }
    }

    private let three: [[Value]] = [["1", "10", "a"], ["2", .null, "b"], ["3", "30", "c"]]

    @Test func answersInAndNotInWithNullsAsSQLDoes() throws {
        let members: [[Value]] = [["1", "7", "x"], ["3", "8", .null]]
        #expect(
            try truths("id IN (SELECT team_id FROM members)", members: members, teams: three) == [.true, .false, .true])
        #expect(
            try truths("id NOT IN (SELECT team_id FROM members)", members: members + [[.null, "9", "y"]], teams: three)
                == [.false, .unknown, .false])
        #expect(
            try truths("owner NOT IN (SELECT team_id FROM members)", members: members, teams: three)
                == [.true, .unknown, .true])
        #expect(
            try truths("owner NOT IN (SELECT team_id FROM members)", members: [], teams: three)
                == [.true, .true, .true])
        #expect(
            try truths("(id, name) IN (SELECT team_id, role FROM members)", members: members, teams: three)
                == [.false, .false, .unknown])
    }

    @Test func correlatesByEqualities() throws {
        let members: [[Value]] = [["1", "10", "x"], ["3", "8", "x"], ["2", "1", "y"], [.null, .null, "x"]]
        #expect(
            try truths(
                "EXISTS (SELECT 1 FROM members m WHERE m.team_id = teams.id AND m.role = 'x')", members: members,
                teams: three) == [.true, .false, .true])
        #expect(
            try truths(
                "owner IN (SELECT person FROM members WHERE team_id = id)", members: members, teams: three)
                == [.true, .unknown, .false])
        #expect(
            try truths(
                "NOT EXISTS (SELECT * FROM members WHERE id = team_id)", members: members, teams: three)
                == [.false, .false, .false])
    }

    @Test func nestsToAnyDepth() throws {
        let text = """
            id IN (SELECT team_id FROM members WHERE role IN (SELECT name FROM teams t WHERE t.owner IS NOT NULL
            AND NOT EXISTS (SELECT FROM members m WHERE m.person = t.id)))
            """
        let members: [[Value]] = [["1", "3", "a"], ["2", "2", "c"], ["3", "9", "a"]]
        #expect(try truths(text, members: members, teams: three) == [.true, .false, .true])
        let outermost = try predicate(text).subselects
        #expect(outermost.map(\.table.name) == ["members"])
        #expect(outermost[0].columnsUsed == [0, 2])
        #expect(outermost[0].condition?.subselects.first?.condition?.subselects.count == 1)
    }

    @Test func countsMembersThatSeveralRowsGive() throws {
        let subselect = try predicate("id IN (SELECT team_id FROM members)").subselects[0]
        guard case .member(let member) = subselect.member(of: Row(["1", "7", "x"])) else { throw Unexpected() }
        var content = SubselectContent()
        #expect(content.add(member) && !content.add(member))
        #expect(!content.remove(member) && !content.isEmpty)
        #expect(content.remove(member) && content.isEmpty && !content.remove(member))
        #expect(subselect.probedColumns(of: member, in: Self.teams)?.map { "\($0.column)=\($0.value)" } == ["0=1"])
    }

    @Test func isUndecidableWhereNobodyAnswers() throws {
        let row = Row(["1", "10", "a"])
        #expect(try predicate("id IN (SELECT team_id FROM members)").evaluate(row) == .undecidable)
        #expect(try predicate("name = 'b' AND EXISTS (SELECT FROM members)").evaluate(row) == .false)
        #expect(try predicate("now() > '2000-01-01'").evaluate(row) == .undecidable)
        #expect(try predicate("now() > '2000-01-01'").evaluate(row, in: EvaluationContext(now: 1)) == .true)
        #expect(try predicate("current_date = '2000-01-01'").usesNow)
    }

    @Test func namesColumnsOfTheRowAround() throws {
        let predicate = try Predicate(
            parsing: "team_id = teams.id OR person = owner", table: Self.members, outer: Self.teams)
        #expect(predicate.columnsUsed == [0, 1] && predicate.outerColumnsUsed == [0, 1])
        let row = Row(["1", "5", "x"])
        #expect(predicate.evaluate(row) == .undecidable)
        #expect(predicate.evaluate(row, in: EvaluationContext(outer: Row(["2", "5", "a"]))) == .true)
        #expect(predicate.evaluate(row, in: EvaluationContext(outer: Row(["2", "6", "a"]))) == .false)
        #expect(
            predicate.sql(qualifier: "c", outerQualifier: "p").text
                == "((c.\"team_id\" = p.\"id\") OR (c.\"person\" = p.\"owner\"))")
    }

    @Test func printsSubselectsForPostgreSQL() throws {
        let predicate = try predicate(
            "(id, $1) IN (SELECT team_id, role FROM members WHERE person = teams.owner AND role <> 'x')", ["a"])
        #expect(
            predicate.sql().text == """
                ((\"id\", $1::text) IN (SELECT q1.\"team_id\", q1.\"role\" FROM \"public\".\"members\" AS q1 \
                WHERE (q1.\"role\" <> $2::text COLLATE \"C\") AND q1.\"person\" = \"public\".\"teams\".\"owner\"))
                """)
        #expect(predicate.sql().values == ["a", "x"])
    }

    private struct Unexpected: Error {}
}
