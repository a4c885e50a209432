import JSONText
import Postgres
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// `/v1/explain` against real PostgreSQL.
@Suite struct ExplainTests {
    private static let sql = """
        CREATE TABLE members (team_id int4, person text, PRIMARY KEY (team_id, person));
        CREATE TABLE pipelines (id uuid PRIMARY KEY, team_id int4, name text, score int4);
        CREATE TABLE steps (id int4 PRIMARY KEY, pipeline_id uuid REFERENCES pipelines, name text, place int4);
        INSERT INTO members VALUES (1, 'ana'), (2, 'ben');
        INSERT INTO pipelines VALUES ('\(id(1))', 1, 'mine', 0), ('\(id(2))', 2, 'secret-pipeline', 5),
            ('\(id(3))', 1, 'other', 7), ('\(id(4))', 1, NULL, NULL);
        INSERT INTO steps VALUES (1, '\(id(1))', 'fetch', 3), (2, '\(id(1))', 'clean', 1), (3, '\(id(1))', 'store', 2),
            (4, '\(id(2))', 'secret-step', 1), (5, '\(id(3))', 'send', NULL), (6, NULL, 'loose', 1);
        """

    private static let model = """
        version: 1
        permissions:
          pipelines: {read: "team_id IN (SELECT team_id FROM members WHERE person = auth.user_id)"}
          steps: {read: "name <> 'secret-step'"}
        """

    private static func id(_ number: Int) -> String { "00000000-0000-4000-8000-00000000000\(number)" }

    private static let shape = """
        {"root_table": "pipelines", "where": "score > $1 AND name <> 'x' OR 10 / score > 2", "params": ["3"],
         "include": {"steps": {"where": "place IS NOT NULL", "order_by": "place DESC", "limit": 2}}}
        """

    private func ask(
        _ fixture: ServiceFixture, _ definition: String = shape, table: String, key: String, as person: String = "ana"
    ) throws -> RawHTTP.Response {
        try RawHTTP.get(
            "/v1/explain", port: fixture.port, method: "POST",
            headers: ["satchel-user": person, "content-type": "application/json"],
            body: #"{"protocol": 1, "definition": \#(definition), "table": "\#(table)", "key": \#(key)}"#)
    }

    private func explain(
        _ fixture: ServiceFixture, _ definition: String = shape, table: String, key: String
    ) throws -> Explanation {
        let response = try ask(fixture, definition, table: table, key: key)
        #expect(response.status == 200, "\(response.body)")
        return try ExplainAnswer(body: Array(response.body.utf8)).explanation
    }

    @Test func saysWhyARowIsInTheShapeOrNot() async throws {
        let fixture = try await ServiceFixture(Self.sql, model: Self.model)
        try await fixture.caughtUp()
        let other = try explain(fixture, table: "pipelines", key: #"{"id": "\#(Self.id(3).uppercased())"}"#)
        #expect(other.isFound && other.isMember == true)
        #expect(other.permission?.claims == [Explanation.NamedValue("user_id", "ana")])
        let condition = try #require(other.nodes[0].place?.condition)
        #expect(condition.kind == .or && condition.truth == .true)
        #expect(condition.parts.map(\.sql) == ["(score > 3) AND (name <> 'x')", "(10 / score) > 2"])
        #expect(condition.parts.map(\.truth) == [.true, .false])
        #expect(condition.parts[0].parts[0].values == [Explanation.NamedValue("score", "7")])

        let mine = try explain(fixture, table: "pipelines", key: #"{"id": "\#(Self.id(1))"}"#)
        #expect(mine.isMember == false)
        #expect(mine.nodes[0].place?.condition?.parts.map(\.truth) == [.false, .error("division by zero")])
        let unnamed = try explain(fixture, table: "pipelines", key: #"{"id": "\#(Self.id(4))"}"#)
        #expect(unnamed.nodes[0].place?.condition?.truth == .unknown)
        #expect(unnamed.nodes[0].matching.ways.map(\.columns) == [["team_id"]])
        await fixture.stop()
    }

    @Test func saysWhichParentsAndWhichRankARowHas() async throws {
        let fixture = try await ServiceFixture(Self.sql, model: Self.model)
        try fixture.connection.execute("UPDATE pipelines SET score = 9 WHERE team_id = 1")
        try await fixture.caughtUp()
        var ranks: [Int?] = []
        for step in [1, 3, 2] {
            let told = try explain(fixture, table: "steps", key: #"{"id": "\#(step)"}"#)
            let place = try #require(told.nodes[0].place)
            #expect(told.nodes[0].window == Explanation.Window(order: "place DESC, id", limit: 2, per: ""))
            #expect(place.parents?.rows.map(\.key) == [[Explanation.NamedValue("id", Text(Self.id(1)))]])
            #expect(place.parents?.rows.map(\.isMember) == [true])
            let rank = try #require(place.ranks.first)
            ranks.append(rank.rank)
            #expect(rank.isInside == (step != 2) && told.isMember == rank.isInside)
        }
        #expect(ranks == [1, 2, 3])
        // By the pipeline that it hangs on, which the rule finds by the team.
        let way = try explain(fixture, table: "steps", key: #"{"id": "5"}"#).nodes[0].matching.ways[0]
        #expect(way.steps.map(\.table) == [TableName("pipelines")] && way.filing == .members(of: TableName("members")))
        await fixture.stop()
    }

    /// Every table and every shape: what is told of a row that may not be read is, byte for byte, what is told of one
    /// that there is not.
    @Test func tellsNothingOfARowThatMayNotBeRead() async throws {
        let fixture = try await ServiceFixture(Self.sql, model: Self.model)
        try await fixture.caughtUp()
        let windowed = #"{"root_table": "pipelines", "order_by": "score DESC", "limit": 1}"#
        for definition in [Self.shape, windowed] {
            let withheld = try ask(fixture, definition, table: "pipelines", key: #"{"id": "\#(Self.id(2))"}"#)
            let missing = try ask(fixture, definition, table: "pipelines", key: #"{"id": "\#(Self.id(9))"}"#)
            #expect(withheld.status == 200 && withheld.body == missing.body)
            #expect(withheld.body.contains(#""found":false"#))
            let ben = try ask(
                fixture, definition, table: "pipelines", key: #"{"id": "\#(Self.id(2))"}"#, as: "ben")
            #expect(ben.body.contains(#""found":true"#))
        }
        let step = try ask(fixture, table: "steps", key: #"{"id": "4"}"#)
        #expect(try step.body == ask(fixture, table: "steps", key: #"{"id": "44"}"#).body)
        // A row that may be read, below one that may not: as one that has no parent.
        try fixture.connection.execute("UPDATE steps SET name = 'public', place = 1 WHERE id = 4")
        try await fixture.caughtUp()
        let below = try explain(fixture, table: "steps", key: #"{"id": "4"}"#)
        let loose = try explain(fixture, table: "steps", key: #"{"id": "6"}"#)
        #expect(below.isFound && below.nodes[0].place?.parents == loose.nodes[0].place?.parents)
        #expect(below.nodes[0].place?.ranks == [])
        // And in a window of others it does not count.
        let first = try explain(fixture, windowed, table: "pipelines", key: #"{"id": "\#(Self.id(1))"}"#)
        #expect(first.nodes[0].place?.ranks.map(\.rank) == [3])
        // Neither does it among the members of a sub-select.
        let subselect = #"{"root_table": "steps", "where": "pipeline_id IN (SELECT id FROM pipelines)"}"#
        let members = try explain(fixture, subselect, table: "steps", key: #"{"id": "4"}"#)
        #expect(members.nodes[0].place?.condition?.subselects.map(\.count) == [3])
        // Nor is the rule by which they are found told.
        #expect(members.nodes[0].place?.condition?.sql == "pipeline_id IN (SELECT q1.id FROM pipelines AS q1)")
        #expect(members.isMember == false)
        await fixture.stop()
    }

    @Test func agreesWithTheStream() async throws {
        let fixture = try await ServiceFixture(Self.sql, model: Self.model)
        try fixture.connection.execute("UPDATE pipelines SET score = 9 WHERE name = 'mine'")
        try await fixture.caughtUp()
        var reader = try PersonalReader(port: fixture.port, headers: ["satchel-user": "ana"], [Self.shape])
        try reader.catchUp()
        var counts = [true: 0, false: 0]
        for (table, ids) in [("pipelines", (1...4).map(Self.id)), ("steps", (1...6).map(String.init))] {
            let held = try #require(reader.shapes[0].rows[TableName(table)])
            for id in ids {
                let told = try explain(fixture, table: table, key: #"{"id": "\#(id)"}"#)
                let isHeld = held[RowKey(values: [Value(id)])] != nil
                #expect(told.isMember == isHeld, "\(table) \(id)")
                counts[isHeld, default: 0] += 1
            }
        }
        #expect(counts[true, default: 0] > 0 && counts[false, default: 0] > 0)
        await fixture.stop()
    }

    @Test func refusesWithWhatToDo() async throws {
        let fixture = try await ServiceFixture(Self.sql, model: Self.model)
        let cases: [(table: String, key: String, says: String)] = [
            ("members", #"{"team_id": "1"}"#, "ask for a row of public.pipelines, public.steps"),
            ("nothing", #"{"id": "1"}"#, "ask for a row of public.pipelines, public.steps"),
            ("steps", #"{"name": "1"}"#, "a row of public.steps is named by id"),
            ("steps", #"{"id": "1", "name": "x"}"#, "a row of public.steps is named by id"),
            ("steps", #"{}"#, "a row of public.steps is named by id"),
            ("steps", #"{"id": null}"#, "id is part of the key"),
            ("steps", #"{"id": "one"}"#, #"id is of type int4, and "one" is no such value"#),
            ("pipelines", #"{"id": "1"}"#, #"id is of type uuid, and "1" is no such value"#),
            ("steps", #"{"id": 1}"#, "a string or null is wanted"),
        ]
        for item in cases {
            let response = try ask(fixture, table: item.table, key: item.key)
            #expect(response.status == 400 && response.body.contains(#""bad_request""#))
            let message = try JSON(parsing: response.body)["error"]?["message"]?.string ?? ""
            #expect(message.contains(item.says), "\(message)")
        }
        let unknown = try ask(fixture, #"{"root_table": "nothing"}"#, table: "nothing", key: "{}")
        #expect(unknown.status == 400 && unknown.body.contains("request.definition"))
        await fixture.stop()
    }
}
