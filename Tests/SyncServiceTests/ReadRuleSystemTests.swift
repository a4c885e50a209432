import Foundation
import JSONText
import Postgres
import PostgresTesting
import SeededRandom
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// Read rules through the whole service. What a person may read is what PostgreSQL answers to SQL with the rule
/// written into it by hand.
@Suite struct ReadRuleSystemTests {
    static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE members (team_id int4 REFERENCES teams ON DELETE CASCADE, person int4, role text,
            PRIMARY KEY (team_id, person));
        CREATE TABLE pipelines (id int4 PRIMARY KEY, team_id int4 REFERENCES teams ON DELETE SET NULL, name text,
            score int4);
        CREATE TABLE steps (id int4 PRIMARY KEY, pipeline_id int4 NOT NULL REFERENCES pipelines ON DELETE CASCADE,
            name text, place int4);
        CREATE TABLE tags (id int4 PRIMARY KEY, name text);
        CREATE TABLE pipeline_tags (pipeline_id int4 REFERENCES pipelines ON DELETE CASCADE,
            tag_id int4 REFERENCES tags ON DELETE CASCADE, hidden bool NOT NULL DEFAULT false,
            PRIMARY KEY (pipeline_id, tag_id));
        """

    static let model = """
        version: 1
        permissions:
          teams: {read: "id IN (SELECT team_id FROM members WHERE person = auth.user_id)"}
          members: {read: "person = auth.user_id"}
          pipelines: {read: "team_id IN (SELECT team_id FROM members WHERE person = auth.user_id)"}
          steps:
            read: >-
              pipeline_id IN (SELECT id FROM pipelines WHERE team_id IN
                (SELECT team_id FROM members WHERE person = auth.user_id))
          pipeline_tags: {read: NOT hidden}
          tags: {read: everyone}
        """

    /// The rules once more, in SQL for one person.
    private static func permitted(_ person: Int) -> [String: String] {
        let teams = "(SELECT team_id FROM members WHERE person = \(person))"
        let pipelines = "(SELECT * FROM pipelines WHERE team_id IN \(teams))"
        return [
            "teams": "(SELECT * FROM teams WHERE id IN \(teams))",
            "members": "(SELECT * FROM members WHERE person = \(person))",
            "pipelines": pipelines,
            "steps": "(SELECT * FROM steps WHERE pipeline_id IN (SELECT id FROM \(pipelines) p))",
            "pipeline_tags": "(SELECT * FROM pipeline_tags WHERE NOT hidden)", "tags": "(SELECT * FROM tags)",
        ]
    }

    /// A shape, and for each table a query; `{table}` is what the person may read of it.
    private static let cases: [(shape: String, tables: [String: String])] = [
        (
            #"{"root_table": "teams", "include": {"pipelines": {"include": {"steps": true}}, "members": true}}"#,
            [
                "teams": "SELECT * FROM {teams} t",
                "pipelines": "SELECT p.* FROM {pipelines} p JOIN {teams} t ON t.id = p.team_id",
                "steps": """
                SELECT s.* FROM {steps} s JOIN {pipelines} p ON p.id = s.pipeline_id JOIN {teams} t ON t.id = p.team_id
                """,
                "members": "SELECT m.* FROM {members} m JOIN {teams} t ON t.id = m.team_id",
            ]
        ),
        (
            #"{"root_table": "pipelines", "where": "id IN (SELECT pipeline_id FROM steps WHERE place > 3)"}"#,
            [
                "pipelines":
                    "SELECT * FROM {pipelines} p WHERE id IN (SELECT pipeline_id FROM {steps} s WHERE place > 3)"
            ]
        ),
        (
            // What may not be read does not count against anything either.
            #"{"root_table": "tags", "where": "id NOT IN (SELECT score FROM pipelines WHERE score IS NOT NULL)"}"#,
            [
                "tags":
                    "SELECT * FROM {tags} t WHERE id NOT IN (SELECT score FROM {pipelines} p WHERE score IS NOT NULL)"
            ]
        ),
        (
            #"{"root_table": "pipelines", "include": {"tags": {"order_by": "name DESC", "limit": 2}}}"#,
            [
                "pipelines": "SELECT * FROM {pipelines} p",
                "pipeline_tags": "SELECT j.* FROM {pipeline_tags} j JOIN {pipelines} p ON p.id = j.pipeline_id",
                "tags": """
                SELECT DISTINCT t.* FROM {pipelines} p CROSS JOIN LATERAL (
                    SELECT t.* FROM {tags} t JOIN {pipeline_tags} j ON j.tag_id = t.id WHERE j.pipeline_id = p.id
                    ORDER BY t.name COLLATE "C" DESC, t.id LIMIT 2) t
                """,
            ]
        ),
        (#"{"root_table": "members"}"#, ["members": "SELECT * FROM {members} m"]),
        (
            #"{"root_table": "steps", "order_by": "place DESC, name", "limit": 3}"#,
            ["steps": #"SELECT * FROM {steps} s ORDER BY place DESC, name COLLATE "C", id LIMIT 3"#]
        ),
    ]

    private func compare(
        _ reader: PersonalReader, person: Int, _ connection: PostgresConnection, _ round: Int
    ) throws -> Int {
        var rows = 0
        for (index, item) in Self.cases.enumerated() {
            for (table, query) in item.tables {
                var sql = query
                for (name, permitted) in Self.permitted(person) {
                    sql = sql.replacingOccurrences(of: "{\(name)}", with: permitted)
                }
                let result = try connection.query("SELECT to_jsonb(t)::text FROM (\(sql)) t")
                let expected = try result.rows.map { try canonical(JSON(parsing: $0[0] ?? "")) }.sorted()
                rows += expected.count
                #expect(
                    reader.content(index, table) == expected,
                    "round \(round), person \(person): \(table) of \(item.shape)")
            }
        }
        return rows
    }

    private func canonical(_ json: JSON) -> String {
        (json.object?.members ?? []).map { member in
            let value = member.value
            let text = value.bool.map { $0 ? "t" : "f" } ?? value.string ?? value.text
            return "\(member.key)=\(value.isNull ? "NULL" : text)"
        }.sorted().joined(separator: ",")
    }

    private func statement(_ random: inout SeededGenerator) -> String {
        func id(_ count: Int = 6) -> Int { Int.random(in: 1...count, using: &random) }
        func name() -> String { "'\(["a", "B", "c", "é"].randomElement(using: &random) ?? "a")'" }
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1:
            return "INSERT INTO members SELECT id, \(id(2)), 'x' FROM teams WHERE id = \(id(3)) ON CONFLICT DO NOTHING"
        case 2, 3: return "DELETE FROM members WHERE team_id = \(id(3)) AND person = \(id(2))"
        case 4:
            return
                "UPDATE members SET person = 3 - person WHERE team_id = \(id(3)) AND NOT EXISTS (SELECT FROM members m WHERE m.team_id = members.team_id AND m.person <> members.person)"
        case 5: return "INSERT INTO teams VALUES (\(id(3)), \(name())) ON CONFLICT DO NOTHING"
        case 6:
            return id(4) == 1
                ? "DELETE FROM teams WHERE id = \(id(3))" : "UPDATE teams SET name = \(name()) WHERE id = \(id(3))"
        case 7, 8:
            return
                "INSERT INTO pipelines SELECT \(id()), id, \(name()), \(id()) FROM teams WHERE id = \(id(3)) ON CONFLICT DO NOTHING"
        case 9:
            return "UPDATE pipelines SET team_id = (SELECT max(id) FROM teams WHERE id <= \(id(3))) WHERE id = \(id())"
        case 10: return "UPDATE pipelines SET score = \(id()) WHERE id = \(id())"
        case 11, 12:
            return
                "INSERT INTO steps SELECT \(id(15)), id, \(name()), \(id()) FROM pipelines WHERE id = \(id()) ON CONFLICT DO NOTHING"
        case 13:
            return
                "UPDATE steps SET place = \(id()), pipeline_id = (SELECT max(id) FROM pipelines) WHERE id = \(id(15))"
        case 14:
            return "INSERT INTO tags VALUES (\(id()), \(name())) ON CONFLICT (id) DO UPDATE SET name = \(name())"
        default:
            return """
                INSERT INTO pipeline_tags SELECT p.id, t.id, \(id(3) == 1) FROM pipelines p, tags t WHERE p.id = \(id())
                AND t.id = \(id()) ON CONFLICT (pipeline_id, tag_id) DO UPDATE SET hidden = NOT pipeline_tags.hidden
                """
        }
    }

    @Test func everyPersonHoldsWhatPostgreSQLAnswersUnderTheRules() async throws {
        let seed = SeededGenerator.seed(20_261_123)
        var random = SeededGenerator(seed: seed)
        let fixture = try await ServiceFixture(
            Self.sql + "INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c')", model: Self.model)
        let shapes = Self.cases.map(\.shape)
        var readers = try (1...2).map {
            try PersonalReader(port: fixture.port, headers: ["satchel-user": String($0)], shapes)
        }
        var (rows, newcomers) = ([0, 0], 0)
        for round in 0..<80 {
            var statements: [String] = []
            for _ in 0..<Int.random(in: 1...5, using: &random) { statements.append(statement(&random)) }
            try fixture.connection.execute("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
            try await fixture.caughtUp()
            for index in readers.indices {
                // One is always at the head; the other falls behind, and may have to begin anew.
                guard index == 0 || round % 3 == 0 else { continue }
                try readers[index].catchUp()
                rows[index] += try compare(readers[index], person: index + 1, fixture.connection, round)
            }
            guard round % 10 == 9 else { continue }
            newcomers += 1
            var newcomer = try PersonalReader(port: fixture.port, headers: ["satchel-user": "2"], shapes)
            try newcomer.catchUp()
            _ = try compare(newcomer, person: 2, fixture.connection, round)
        }
        let resets = readers.map { $0.shapes.reduce(-$0.shapes.count) { $0 + $1.resets } }
        let deletes = readers.map { $0.shapes.reduce(0) { $0 + $1.deletes } }
        print("seed \(seed): rows compared \(rows), deletes \(deletes), begun anew \(resets), newcomers \(newcomers)")
        #expect(resets[0] == 0 && resets[1] > 0 && deletes.allSatisfy { $0 > 0 } && rows.allSatisfy { $0 > 100 })
        // Nobody else has a team.
        var stranger = try PersonalReader(port: fixture.port, headers: ["satchel-user": "carl"], shapes)
        try stranger.catchUp()
        #expect(stranger.content(0, "teams").isEmpty && stranger.content(1, "pipelines").isEmpty)
        await fixture.stop()
    }
}
