import JSONText
import Postgres
import SeededRandom
import Shapes
import SyncModel
import SyncProtocol
import SyncService
import Testing

/// Shapes kept live through the whole service against what PostgreSQL answers to SQL that was written by hand.
@Suite struct ShapeSystemOracleTests {
    private static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE members (team_id int4 REFERENCES teams ON DELETE CASCADE, person int4, role text,
            PRIMARY KEY (team_id, person));
        CREATE TABLE pipelines (id int4 PRIMARY KEY, team_id int4 REFERENCES teams ON DELETE SET NULL, name text,
            score int4, at timestamptz);
        CREATE TABLE steps (id int4 PRIMARY KEY, pipeline_id int4 NOT NULL REFERENCES pipelines ON DELETE CASCADE,
            name text, place int4);
        CREATE TABLE links (id int4 PRIMARY KEY, from_id int4 REFERENCES steps ON DELETE CASCADE,
            to_id int4 REFERENCES steps ON DELETE CASCADE);
        CREATE TABLE tags (id int4 PRIMARY KEY, name text);
        CREATE TABLE pipeline_tags (pipeline_id int4 REFERENCES pipelines ON DELETE CASCADE,
            tag_id int4 REFERENCES tags ON DELETE CASCADE, PRIMARY KEY (pipeline_id, tag_id));
        """

    /// A shape, and for each table a query for its rows.
    private static let cases: [(shape: String, tables: [String: String])] = [
        (
            #"{"root_table": "pipelines", "order_by": "score DESC NULLS LAST, name", "limit": 4}"#,
            ["pipelines": #"SELECT * FROM pipelines ORDER BY score DESC NULLS LAST, name COLLATE "C", id LIMIT 4"#]
        ),
        (
            #"{"root_table": "pipelines", "where": "score > 2", "include": {"steps": {"order_by": "place", "limit": 2}}}"#,
            [
                "pipelines": "SELECT * FROM pipelines WHERE score > 2",
                "steps": """
                SELECT DISTINCT s.* FROM pipelines p CROSS JOIN LATERAL (
                    SELECT * FROM steps WHERE pipeline_id = p.id ORDER BY place, id LIMIT 2) s WHERE p.score > 2
                """,
            ]
        ),
        (
            #"{"root_table": "pipelines", "where": "team_id IN (SELECT team_id FROM members WHERE person = $1)", "params": ["1"]}"#,
            ["pipelines": "SELECT * FROM pipelines WHERE team_id IN (SELECT team_id FROM members WHERE person = 1)"]
        ),
        (
            #"{"root_table": "pipelines", "where": "team_id NOT IN (SELECT team_id FROM members WHERE role = 'x')"}"#,
            ["pipelines": "SELECT * FROM pipelines WHERE team_id NOT IN (SELECT team_id FROM members WHERE role = 'x')"]
        ),
        (
            #"{"root_table": "teams", "where": "NOT EXISTS (SELECT 1 FROM pipelines p WHERE p.team_id = teams.id AND p.score > 3)"}"#,
            [
                "teams":
                    "SELECT * FROM teams t WHERE NOT EXISTS (SELECT 1 FROM pipelines p WHERE p.team_id = t.id AND p.score > 3)"
            ]
        ),
        (
            #"{"root_table": "steps", "where": "place < 5", "include": {"links": {"where": "from_id = steps.id OR to_id = steps.id"}}}"#,
            [
                "steps": "SELECT * FROM steps WHERE place < 5",
                "links": """
                SELECT DISTINCT l.* FROM links l JOIN steps s ON l.from_id = s.id OR l.to_id = s.id WHERE s.place < 5
                """,
            ]
        ),
        (
            #"{"root_table": "pipelines", "where": {"team_id": 1}, "include": {"tags": {"order_by": "name DESC", "limit": 2}}}"#,
            [
                "pipelines": "SELECT * FROM pipelines WHERE team_id = 1",
                "pipeline_tags":
                    "SELECT j.* FROM pipeline_tags j JOIN pipelines p ON p.id = j.pipeline_id WHERE p.team_id = 1",
                "tags": """
                SELECT DISTINCT t.* FROM pipelines p CROSS JOIN LATERAL (
                    SELECT t.* FROM tags t JOIN pipeline_tags j ON j.tag_id = t.id WHERE j.pipeline_id = p.id
                    ORDER BY t.name COLLATE "C" DESC, t.id LIMIT 2) t WHERE p.team_id = 1
                """,
            ]
        ),
        (
            #"{"root_table": "pipelines", "where": "id IN (SELECT pipeline_id FROM steps WHERE id IN (SELECT to_id FROM links))"}"#,
            [
                "pipelines":
                    "SELECT * FROM pipelines WHERE id IN (SELECT pipeline_id FROM steps WHERE id IN (SELECT to_id FROM links))"
            ]
        ),
    ]

    /// One shape as a client holds it.
    private struct Held {
        let definition: ShapeDefinition
        var handle: ShapeHandle?
        var offset = LogOffset.beforeAll
        var rows: [TableName: [RowKey: [Text: Value]]] = [:]
        var changes = 0

        mutating func take(_ part: ShapeBatch) {
            if part.isReset { rows = [:] }
            for message in part.messages {
                switch message.kind {
                case .insert, .update:
                    for field in message.fields {
                        rows[message.table, default: [:]][message.key, default: [:]][Text(field.column)] = field.value
                    }
                case .delete: rows[message.table]?[message.key] = nil
                }
                if message.origin != nil { changes += 1 }
            }
            handle = part.handle
            offset = part.offset
        }
    }

    private func ask(_ held: inout [Held], _ port: Int) throws {
        while true {
            let shapes = held.enumerated().map { index, shape in
                SyncRequest.Shape(
                    id: String(index), definition: shape.definition, handle: shape.handle, offset: shape.offset)
            }
            let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: shapes)
            let response = try RawHTTP.get(
                "/v1/sync", port: port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
            var reader = AnswerReader()
            for line in response.body.split(separator: "\n") { try reader.receive(line: Array(line.utf8)) }
            let batch = try #require(reader.batch, "\(response.body)")
            for (index, part) in batch.shapes.enumerated() {
                #expect(part.ended == nil, "\(String(describing: part.ended))")
                held[index].take(part)
            }
            if batch.frontier.isComplete { return }
        }
    }

    private func compare(_ held: [Held], _ connection: PostgresConnection, _ round: Int) throws {
        for (index, item) in Self.cases.enumerated() {
            for (table, query) in item.tables {
                let result = try connection.query("SELECT to_jsonb(t)::text FROM (\(query)) t")
                let expected = try result.rows.map { try canonical(JSON(parsing: $0[0] ?? "")) }.sorted()
                let found = (held[index].rows[TableName(table)] ?? [:]).values.map { fields in
                    fields.map { "\($0.key.string)=\($0.value.text?.string ?? "NULL")" }.sorted().joined(separator: ",")
                }.sorted()
                #expect(found == expected, "round \(round): \(table) of \(item.shape)")
            }
        }
    }

    /// Times are left out: JSON writes them in another form.
    private func canonical(_ json: JSON) -> String {
        (json.object?.members ?? []).map { member in
            "\(member.key)=\(member.value.isNull ? "NULL" : member.value.string ?? member.value.text)"
        }.sorted().joined(separator: ",")
    }

    private func statement(_ random: inout SeededGenerator) -> String {
        func id(_ count: Int = 8) -> Int { Int.random(in: 1...count, using: &random) }
        func name() -> String { "'\(["a", "B", "c", "é"].randomElement(using: &random) ?? "a")'" }
        func null(_ text: String) -> String { id(5) == 1 ? "NULL" : text }
        let anyway = "ON CONFLICT DO NOTHING"
        func any(_ table: String) -> String {
            "(SELECT id FROM \(table) ORDER BY md5((id + \(id(1000)))::text) LIMIT 1)"
        }
        let team = any("teams")
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return "INSERT INTO teams VALUES (\(id(4)), \(name())) \(anyway)"
        case 1: return "INSERT INTO members SELECT id, \(id(3)), 'x' FROM teams WHERE id = \(id(4)) \(anyway)"
        case 2: return "DELETE FROM members WHERE team_id = \(id(4)) AND person = \(id(3))"
        case 3, 4:
            return "INSERT INTO pipelines SELECT \(id()), \(null(team)), \(name()), \(null(String(id(6)))) \(anyway)"
        case 5: return "UPDATE pipelines SET score = \(null(String(id(6)))) WHERE id = \(id())"
        case 6: return "UPDATE pipelines SET team_id = \(null(team)), name = \(name()) WHERE id = \(id())"
        case 7: return "DELETE FROM pipelines WHERE id = \(id())"
        case 8, 9:
            return """
                INSERT INTO steps SELECT \(id(20)), id, \(name()), \(id()) FROM pipelines WHERE id = \(id()) \(anyway)
                """
        case 10: return "UPDATE steps SET place = \(id()) WHERE id = \(id(20))"
        case 11: return "INSERT INTO links VALUES (\(id()), \(any("steps")), \(any("steps"))) \(anyway)"
        case 12: return "UPDATE links SET to_id = \(any("steps")) WHERE id = \(id())"
        case 13: return "INSERT INTO tags VALUES (\(id(6)), \(name())) ON CONFLICT (id) DO UPDATE SET name = \(name())"
        case 14:
            return """
                INSERT INTO pipeline_tags SELECT p.id, t.id FROM pipelines p, tags t WHERE p.id = \(id())
                AND t.id = \(id(6)) \(anyway)
                """
        default: return "DELETE FROM \(id(2) == 1 ? "steps WHERE id" : "tags WHERE id") = \(id(20))"
        }
    }

    @Test func everyShapeHoldsWhatPostgreSQLAnswers() async throws {
        let seed: UInt64 = 20_261_122
        var random = SeededGenerator(seed: seed)
        let fixture = try await ServiceFixture(Self.sql)
        var held = try Self.cases.map { Held(definition: try ShapeDefinition(json: JSON(parsing: $0.shape))) }
        for round in 0..<100 {
            var statements: [String] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) { statements.append(statement(&random)) }
            try fixture.connection.execute("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
            try await fixture.caughtUp()
            try ask(&held, fixture.port)
            try compare(held, fixture.connection, round)
        }
        print("seed \(seed): 100 transactions, changes by shape \(held.map(\.changes))")
        #expect(held.allSatisfy { $0.changes > 10 })
        await fixture.stop()
    }

    /// Nobody writes: the service commits when a row is due.
    @Test func aRowLeavesWhenItsTimeHasCome() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let definition = try ShapeDefinition(json: ["root_table": "pipelines", "where": "at > NOW()"])
        var held = [Held(definition: definition)]
        try fixture.connection.execute(
            """
            INSERT INTO pipelines (id, at) VALUES (1, now() + interval '2 seconds'), (2, now() + interval '1 day'),
                (3, now() - interval '1 day'), (4, NULL)
            """)
        try await fixture.caughtUp()
        try ask(&held, fixture.port)
        let pipelines = TableName("pipelines")
        #expect(held[0].rows[pipelines]?.keys.sorted().map(\.description) == ["\"1\"", "\"2\""])
        while held[0].rows[pipelines]?.count != 1 { try ask(&held, fixture.port) }
        #expect(held[0].rows[pipelines]?.keys.map(\.description) == ["\"2\""])
        await fixture.stop()
    }

    /// The emptied table is only in a sub-select.
    @Test func truncatingWhatASubselectReadsIsNoticed() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        try fixture.connection.execute(
            """
            INSERT INTO teams VALUES (1, 'a'), (2, 'b'); INSERT INTO members VALUES (1, 1, 'x');
            """)
        try await fixture.caughtUp()
        let definition = try ShapeDefinition(
            json: ["root_table": "teams", "where": "id NOT IN (SELECT team_id FROM members)"])
        var held = [Held(definition: definition)]
        try ask(&held, fixture.port)
        #expect(held[0].rows[TableName("teams")]?.count == 1)
        try fixture.connection.execute("TRUNCATE members")
        try await fixture.caughtUp()
        try ask(&held, fixture.port)
        #expect(held[0].rows[TableName("teams")]?.count == 2)
        await fixture.stop()
    }

    /// What the device writes next is not held to be concurrent with what it cannot see.
    @Test func anUpdateOfWhatIsNotSelectedComesAsItsClock() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        try fixture.connection.execute("INSERT INTO tags VALUES (1, 'a')")
        try await fixture.caughtUp()
        var held = [Held(definition: try ShapeDefinition(json: ["root_table": "tags", "select": ["id"]]))]
        try ask(&held, fixture.port)
        let before = held[0].changes
        try fixture.connection.execute("UPDATE tags SET name = 'b'")
        try await fixture.caughtUp()
        try ask(&held, fixture.port)
        #expect(held[0].changes == before + 1)
        #expect(held[0].rows[TableName("tags")]?.values.map(\.count) == [1])
        await fixture.stop()
    }
}
