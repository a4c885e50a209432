import Foundation
import JSONText
import JWTKit
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
    private static let sql = """
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

    private static let model = """
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

    // MARK: - Losing a permission

    private static let secret = "ZEBRA"
    private static let tree = #"{"root_table": "teams", "include": {"pipelines": {"include": {"steps": true}}}}"#
    private static let drafts = #"{"root_table": "pipelines", "where": "score = 1"}"#
    private static let rows = """
        INSERT INTO teams VALUES (1, 'one'), (2, 'ZEBRA'); INSERT INTO members VALUES (1, 1, 'x'), (2, 1, 'x'), (2, 2, 'x');
        INSERT INTO pipelines VALUES (1, 1, 'p', 1), (2, 2, 'ZEBRA', 1);
        INSERT INTO steps VALUES (1, 1, 's', 1), (2, 2, 'ZEBRA', 1), (3, 2, 'ZEBRA', 2);
        """

    private func electric(
        _ fixture: ServiceFixture, offset: String, handle: String?, _ more: String = ""
    ) throws -> RawHTTP.Response {
        let handle = handle.map { "&handle=\($0)" } ?? ""
        return try RawHTTP.get(
            "/v1/shape?table=steps&offset=\(offset)\(handle)\(more)", port: fixture.port, headers: ["satchel-user": "1"]
        )
    }

    @Test func whatALostPermissionTakesNeverComesBack() async throws {
        var fixture = try await ServiceFixture(Self.sql + Self.rows, model: Self.model)
        func reader(_ user: String = "1") throws -> PersonalReader {
            try PersonalReader(
                port: fixture.port, headers: ["satchel-user": user], [Self.tree, Self.drafts])
        }
        var (live, late, afterSnapshot) = (try reader(), try reader(), try reader())
        try live.catchUp()
        try late.catchUp()
        while afterSnapshot.shapes.contains(where: { $0.offset.isInSnapshot }) { _ = try afterSnapshot.ask() }
        let first = try electric(fixture, offset: "-1", handle: nil)
        let full = try electric(fixture, offset: "-1", handle: nil, "&replica=full")
        let handle = try #require(first.headers["electric-handle"])
        let fullHandle = try #require(full.headers["electric-handle"])
        #expect(first.body.contains(Self.secret) && live.bodies.joined().contains(Self.secret))
        #expect(first.headers["cache-control"] == "private, no-cache")
        // The draft leaves the second shape by its own condition, while it may still be read.
        try fixture.connection.execute(
            "UPDATE steps SET name = 'ZEBRA again' WHERE id = 2; UPDATE pipelines SET score = 2 WHERE id = 2")
        try await fixture.caughtUp()
        try live.catchUp()
        let offset = try #require(
            try electric(fixture, offset: "0_inf", handle: handle).headers["electric-offset"])
        let fullOffset = try #require(
            try electric(fixture, offset: "0_inf", handle: fullHandle, "&replica=full").headers["electric-offset"])
        #expect(live.content(0, "steps").count == 3 && live.content(1, "pipelines").count == 1)

        try fixture.connection.execute("DELETE FROM members WHERE team_id = 2 AND person = 1")
        try await fixture.caughtUp()
        let seen = live.bodies.count
        let handles = live.shapes.map(\.handle)
        try live.catchUp()
        #expect(live.shapes.map(\.handle) == handles && live.shapes[0].resets == 1)
        #expect(live.shapes[0].deletes == 4 && live.content(0, "steps").count == 1)
        #expect(!live.bodies[seen...].joined().contains(Self.secret))
        // At the head Electric's clients are told of the deletes too, by their keys alone.
        let told = try electric(fixture, offset: offset, handle: handle)
        let toldAll = try electric(fixture, offset: fullOffset, handle: fullHandle, "&replica=full")
        for told in [told, toldAll] {
            #expect(told.status == 200 && told.body.contains(#""operation":"delete""#))
            #expect(!told.body.contains(Self.secret))
        }

        func nothingComesBack() throws {
            for var reader in [late, afterSnapshot] {
                let seen = reader.bodies.count
                reader.port = fixture.port
                try reader.catchUp()
                #expect(!reader.bodies[seen...].joined().contains(Self.secret))
                #expect(reader.shapes.map(\.resets) == [2, 2])
                #expect(reader.content(0, "steps").count == 1 && reader.content(1, "pipelines").count == 1)
            }
            for (handle, more) in [(handle, ""), (fullHandle, "&replica=full")] {
                for offset in ["0_0", "0_inf"] {
                    let refused = try electric(fixture, offset: offset, handle: handle, more)
                    #expect(refused.status == 409 && refused.headers["cache-control"] == "private, no-cache")
                    #expect(!refused.body.contains(Self.secret) && refused.headers["electric-handle"] != handle)
                }
                let anew = try electric(fixture, offset: "-1", handle: handle, more)
                #expect(anew.status == 200 && anew.headers["electric-handle"] != handle)
                #expect(!anew.body.contains(Self.secret) && anew.body.contains(#""s""#))
            }
        }
        try nothingComesBack()
        await fixture.stop()
        fixture = try await fixture.restarted()
        try await fixture.caughtUp()
        try nothingComesBack()
        // The other member still has it all; and who comes back gets it again, at the head.
        var other = try reader("2")
        try other.catchUp()
        #expect(other.content(0, "steps").count == 2)
        try fixture.connection.execute("INSERT INTO members VALUES (2, 1, 'x')")
        try await fixture.caughtUp()
        var again = try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [])
        again.shapes = live.shapes
        try again.catchUp()
        #expect(again.content(0, "steps").count == 3 && again.shapes.map(\.handle) == handles)
        await fixture.stop()
    }

    /// With nothing left that could go, the log still tells of what was there.
    @Test func aPermissionThatGoesAfterItsRowsTakesTheLogWithIt() async throws {
        let fixture = try await ServiceFixture(Self.sql + Self.rows, model: Self.model)
        var reader = try PersonalReader(
            port: fixture.port, headers: ["satchel-user": "1"], [#"{"root_table": "steps"}"#])
        while reader.shapes[0].offset.isInSnapshot { _ = try reader.ask() }
        try fixture.connection.execute("UPDATE steps SET name = 'ZEBRA again' WHERE id = 2")
        try fixture.connection.execute("DELETE FROM pipelines WHERE team_id = 2")
        try await fixture.caughtUp()
        var kept = reader
        try kept.catchUp()
        #expect(kept.shapes[0].resets == 1 && kept.bodies.joined().contains("ZEBRA again"))
        try fixture.connection.execute("DELETE FROM members WHERE person = 1 AND team_id = 2")
        try await fixture.caughtUp()
        let seen = reader.bodies.count
        try reader.catchUp()
        #expect(reader.shapes[0].resets == 2 && !reader.bodies[seen...].joined().contains("ZEBRA"))
        try kept.catchUp()
        #expect(kept.shapes[0].resets == 1)
        await fixture.stop()
    }

    @Test func anotherRuleBeginsAnotherShape() async throws {
        var fixture = try await ServiceFixture(Self.sql + Self.rows, model: Self.model)
        var reader = try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [Self.tree])
        try reader.catchUp()
        #expect(reader.content(0, "teams").count == 2)
        await fixture.stop()
        fixture = try await fixture.restarted(
            model: Self.model.replacingOccurrences(
                of: "\"id IN (SELECT team_id FROM members WHERE person = auth.user_id)", with: "\"name = 'one'"))
        try await fixture.caughtUp()
        var after = try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [])
        after.shapes = reader.shapes
        try after.catchUp()
        #expect(after.shapes[0].resets == 2 && after.content(0, "teams") == ["id=1,name=one"])
        #expect(!after.bodies.joined().contains(Self.secret))
        await fixture.stop()
    }

    // MARK: - Who asks

    private static let key = "a secret of more than thirty-two bytes"

    private struct Token: JWTPayload {
        var sub: String?
        var userID: String?
        var exp = ExpirationClaim(value: .distantFuture)
        var person: Int?
        var teams: [Int]?

        enum CodingKeys: String, CodingKey {
            case sub, exp, person, teams
            case userID = "user_id"
        }

        func verify(using algorithm: some JWTAlgorithm) {}

        func headers() async throws -> [String: String] {
            let keys = JWTKeyCollection()
            await keys.add(hmac: HMACKey(from: ReadRuleSystemTests.key), digestAlgorithm: .sha256)
            return ["authorization": "Bearer \(try await keys.sign(self))"]
        }
    }

    @Test func secureModeServesWhatRulesPermitToVerifiedClaims() async throws {
        let model = """
            version: 1
            permissions:
              teams: {read: "id = ANY (auth.teams) OR id IN (SELECT team_id FROM members WHERE person = auth.person)"}
              pipelines: {read: "auth.user_id = 'ana'"}
              steps: {read: everyone}
            """
        let fixture = try await ServiceFixture(Self.sql + Self.rows, model: model, secret: Self.key)
        func read(_ token: Token, _ shape: String) async throws -> PersonalReader {
            var reader = try PersonalReader(port: fixture.port, headers: await token.headers(), [shape])
            try reader.catchUp()
            return reader
        }
        let teams = #"{"root_table": "teams", "select": ["id"]}"#
        let ana = try await read(Token(sub: "ana", person: 2), teams)
        let ben = try await read(Token(sub: "ben", person: 2), teams)
        let eve = try await read(Token(sub: "eve", teams: [1, 7]), teams)
        let nobody = try await read(Token(userID: "zoe"), teams)
        #expect(ana.content(0, "teams") == ["id=2"] && eve.content(0, "teams") == ["id=1"])
        #expect(nobody.content(0, "teams").isEmpty)
        #expect(ana.shapes[0].handle == ben.shapes[0].handle && ana.shapes[0].handle != eve.shapes[0].handle)
        // `user_id` is who the token is for, whatever else it says.
        let pipelines = #"{"root_table": "pipelines"}"#
        #expect(try await read(Token(sub: "ana"), pipelines).content(0, "pipelines").count == 2)
        #expect(try await read(Token(sub: "eve", userID: "ana"), pipelines).content(0, "pipelines").isEmpty)
        #expect(try await read(Token(userID: "ana"), pipelines).content(0, "pipelines").count == 2)

        // Somebody else's handle is no key to what it names.
        var thief = try PersonalReader(port: fixture.port, headers: await Token(sub: "eve").headers(), [teams])
        thief.shapes[0].handle = ana.shapes[0].handle
        thief.shapes[0].offset = .snapshotEnd
        try thief.catchUp()
        #expect(thief.shapes[0].resets == 1 && thief.content(0, "teams").isEmpty)
        let taken = try RawHTTP.get(
            "/v1/shape?table=teams&offset=0_inf&handle=\(ana.shapes[0].handle?.description ?? "")", port: fixture.port,
            headers: await Token(sub: "eve").headers())
        #expect(taken.status == 409)

        // Tables without a rule, at any place.
        for shape in [
            #"{"root_table": "tags"}"#, #"{"root_table": "pipelines", "include": {"tags": true}}"#,
            #"{"root_table": "teams", "where": "id IN (SELECT team_id FROM members)"}"#,
        ] {
            let ended = try await read(Token(sub: "ana"), shape).shapes[0].ended
            #expect(ended?.code == "not_permitted", "\(shape)")
            #expect(ended?.message.contains(": {read: everyone}`") == true, "\(ended?.message ?? "")")
        }
        let closed = try RawHTTP.get(
            "/v1/shape?table=members&offset=-1", port: fixture.port, headers: await Token(sub: "ana").headers())
        #expect(closed.status == 403 && closed.headers["cache-control"] == "no-store")
        #expect(closed.body.contains("public.members has no read rule: add `members: {read: everyone}`"))
        let open = try RawHTTP.get(
            "/v1/shape?table=steps&offset=-1", port: fixture.port, headers: await Token(sub: "ana").headers())
        #expect(open.status == 200 && open.headers["cache-control"]?.hasPrefix("public") == true)
        await fixture.stop()
    }

    // MARK: - Writing

    @Test func aWriterIsNotToldWhatWonInARowThatItMayNotRead() async throws {
        let fixture = try await ServiceFixture(Self.sql + Self.rows, model: Self.model)
        // Another write later than any clock of ours below.
        try fixture.connection.execute("UPDATE pipelines SET name = 'ZEBRA wins'")
        try await fixture.caughtUp()
        func write(as user: String, _ pipeline: String) throws -> (body: String, verdict: Verdict) {
            let operation = SyncModel.Operation(
                id: OperationID("o"), table: TableName("pipelines"), action: .update, key: ["id": Text(pipeline)],
                set: ["name": "mine"], at: HybridTimestamp(microseconds: 1), base: 0)
            let request = OperationsRequest(
                replica: ReplicaID("\(user)-\(pipeline)"), epoch: nil, acknowledged: 0,
                operations: [SequencedOperation(seq: 1, operation: operation)])
            let response = try RawHTTP.get(
                "/v1/operations", port: fixture.port, method: "POST", headers: ["satchel-user": user],
                body: String(decoding: request.body, as: UTF8.self))
            return (response.body, try #require(try OperationsAnswer(body: Array(response.body.utf8)).verdicts.first))
        }
        for _ in 0..<2 {
            // The second time the verdict is repeated.
            let shown = try write(as: "2", "2").verdict
            #expect(shown.outcome == .merged && shown.lost.map(\.theirs) == ["ZEBRA wins"])
            let hidden = try write(as: "2", "1")
            #expect(hidden.verdict.outcome == .merged && hidden.verdict.lost.map(\.theirs) == [.absent])
            #expect(hidden.verdict.lost.map(\.mine) == ["mine"] && !hidden.body.contains("ZEBRA"))
        }
        await fixture.stop()
    }
}
