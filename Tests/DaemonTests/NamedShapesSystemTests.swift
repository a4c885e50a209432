import Foundation
import Glibc
import JSONText
import Postgres
import PostgresTesting
import Testing

@testable import TranscriptTesting

/// The sample's views with the real programs and a real PostgreSQL: what they show is what the SELECTs answer.
@Suite(.timeLimit(.minutes(5))) struct NamedShapesSystemTests {
    private static let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Scripts/sample")
    private static let team = "0b000000-0000-4000-8000-000000000001"
    private static let ana = "0c000000-0000-4000-8000-000000000001"
    private static let pipeline = "0d000000-0000-4000-8000-000000000003"

    /// 25 pipelines of one team and 5 of none; a third of them changed long ago.
    private static let rows = """
        INSERT INTO pipelines (id, team_id, name, updated_at)
            SELECT ('0d000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
                CASE WHEN n <= 25 THEN '\(team)'::uuid ELSE other.id END, 'pipeline ' || n,
                now() - n * interval '1 hour' - CASE WHEN n % 3 = 0 THEN interval '8 days' ELSE interval '0' END
            FROM generate_series(1, 30) n,
                (INSERT_OTHER) other;
        INSERT INTO steps (id, pipeline_id, name, type)
            SELECT ('0e000000-0000-4000-8000-' || lpad((p * 10 + s)::text, 12, '0'))::uuid,
                ('0d000000-0000-4000-8000-' || lpad(p::text, 12, '0'))::uuid, 'step ' || s, 'prompt'
            FROM generate_series(1, 5) p, generate_series(1, 4) s;
        INSERT INTO connections (pipeline_id, from_step_id, to_step_id)
            SELECT a.pipeline_id, a.id, b.id FROM steps a JOIN steps b ON a.pipeline_id = b.pipeline_id AND a.id < b.id;
        INSERT INTO comments (pipeline_id, user_id, content)
            SELECT p.id, u.id, u.name || ' says' FROM pipelines p, users u;
        INSERT INTO pipeline_versions (pipeline_id, version_number, pipeline_snapshot, steps_snapshot,
                connections_snapshot, created_at)
            SELECT p.id, n, '{}', '[]', '[]', now() - n * interval '2 days'
            FROM pipelines p, generate_series(1, 20) n;
        """

    private func database() throws -> TestDatabase {
        let schema = try String(contentsOf: Self.sample.appendingPathComponent("schema.sql"), encoding: .utf8)
        let seed = try String(contentsOf: Self.sample.appendingPathComponent("seed.sql"), encoding: .utf8)
        let database = try TestDatabase(schema)
        let connection = try database.connect()
        try connection.execute(seed)
        try connection.execute(
            """
            INSERT INTO teams (id, organization_id, name)
                SELECT '0b000000-0000-4000-8000-000000000002', organization_id, 'Others' FROM teams;
            INSERT INTO team_members (team_id, user_id, role)
                VALUES ('0b000000-0000-4000-8000-000000000002', '\(Self.ana)', 'member')
            """)
        let others = "SELECT id FROM teams WHERE name = 'Others'"
        try connection.execute(Self.rows.replacingOccurrences(of: "INSERT_OTHER", with: others))
        return database
    }

    /// Rows of a view's only shape once it is live: `table key`, sorted.
    private func rows(_ client: TestClient, _ part: JSON, live: Bool = true) throws -> [String] {
        let params: JSON = [
            "subscription": part["subscription"] ?? .null, "limit": 10_000, "wait": .int(live ? 60_000 : 0),
        ]
        let page = try client.call("shape/read", params)
        #expect(page["status"] == (live ? "live" : "stale"))
        return (page["rows"]?.array ?? []).map { "\($0["table"]?.string ?? "") \($0["key"]?["id"]?.string ?? "")" }
            .sorted()
    }

    private func select(_ connection: PostgresConnection, _ sql: String) throws -> [String] {
        try connection.query(sql).rows.map { "\($0[0] ?? "") \($0[1] ?? "")" }.sorted()
    }

    private static let workspace = """
        WITH p AS (SELECT '\(pipeline)'::uuid AS id), s AS (SELECT steps.id FROM steps, p WHERE pipeline_id = p.id)
        SELECT 'public.pipelines', id::text FROM p
        UNION ALL SELECT 'public.steps', id::text FROM s
        UNION ALL SELECT 'public.connections', id::text FROM connections c
            WHERE EXISTS (SELECT 1 FROM s WHERE s.id IN (c.from_step_id, c.to_step_id))
        UNION ALL SELECT 'public.comments', c.id::text FROM comments c, p WHERE pipeline_id = p.id
        UNION ALL (SELECT DISTINCT 'public.users', u.id::text FROM comments c JOIN users u ON u.id = c.user_id, p
            WHERE pipeline_id = p.id)
        UNION ALL (SELECT 'public.pipeline_versions', v.id::text FROM pipeline_versions v, p
            WHERE pipeline_id = p.id AND v.created_at > now() - interval '30 days' ORDER BY version_number DESC LIMIT 10)
        """
    private static let dashboard = """
        SELECT 'public.pipelines', id::text FROM pipelines WHERE updated_at > now() - interval '7 days'
        ORDER BY updated_at DESC LIMIT 20
        """

    /// The golden transcripts of views, and of explanations, that need the sample.
    private func replay(_ daemon: TestProcess) throws {
        let folder = Self.sample.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Protocol/vectors").path
        var matched = 0
        for transcript in try Transcript.load(folder: folder)
        where transcript.need == .sample
            && (transcript.place.hasPrefix("daemon-views") || transcript.name == "why a row is in a shape")
        {
            for framing in transcript.framings {
                var runner = TranscriptRunner(transcript, framing: framing, peer: try daemon.socketPeer())
                try runner.run()
                matched += runner.matched
            }
        }
        print("\(matched) messages as the transcripts say")
        #expect(matched > 20)
    }

    @Test func theSampleViewsShowWhatPostgreSQLAnswers() throws {
        let directory = TestDirectory()
        let database = try database()
        let connection = try database.connect()
        let model = Self.sample.appendingPathComponent("model.yaml").path
        let service = try RunningService(database, state: TestCluster.temporaryDirectory(), model: model)
        let daemon = try TestProcess(
            "run", state: "\(directory.path)/state", socket: "\(directory.path)/s", service: service.url, user: Self.ana
        )
        let client = try daemon.socketClient()
        try client.initialize()
        _ = try client.call("sync/wait")
        while try client.refusal("view/list") == 1010 {}
        try replay(daemon)

        let start = try client.call("view/enter", ["name": "dashboard"])["subscriptions"]?[0] ?? .null
        #expect(try rows(client, start) == select(connection, Self.dashboard))
        let shown = try client.call("shape/read", ["subscription": start["subscription"] ?? .null])
        #expect(shown["rows"]?.array?.count == 20)
        let columns = shown["rows"]?[0]?["value"]?.object?.keys.sorted()
        #expect(columns == ["id", "name", "status", "updated_at"])

        let list = try client.call(
            "view/enter", ["name": "pipeline_list", "parameters": ["team_id": .string(Self.team)]])
        let team = "SELECT 'public.pipelines', id::text FROM pipelines WHERE team_id = '\(Self.team)'"
        #expect(try rows(client, list["subscriptions"]?[0] ?? .null) == select(connection, team))

        let editor: JSON = ["name": "pipeline_editor", "parameters": ["pipeline_id": .string(Self.pipeline)]]
        let opened = try client.call("view/enter", editor)["subscriptions"]?[0] ?? .null
        let workspace = try rows(client, opened)
        #expect(try workspace == select(connection, Self.workspace))
        #expect(workspace.count == 1 + 4 + 6 + 2 + 2 + 10)

        // Kept live: the newest pipeline comes, the twentieth goes.
        let again = try client.call("view/enter", ["name": "dashboard"])["subscriptions"]?[0] ?? .null
        try connection.execute(
            "UPDATE pipelines SET updated_at = now() WHERE id = '0d000000-0000-4000-8000-000000000030'")
        _ = try client.call("sync/wait")
        #expect(try rows(client, again) == select(connection, Self.dashboard))

        // Ana leaves the other team, and its pipelines leave her.
        try connection.execute("DELETE FROM team_members WHERE team_id <> '\(Self.team)'")
        _ = try client.call("sync/wait")
        let hers = Self.dashboard.replacingOccurrences(of: "WHERE", with: "WHERE team_id = '\(Self.team)' AND")
        #expect(try rows(client, again) == select(connection, hers))
        #expect(try select(connection, hers) != select(connection, Self.dashboard))

        service.kill()
        _ = try client.notification("sync/statusChanged") { $0["state"] == "offline" }
        let offline = try client.call("view/enter", editor)["subscriptions"]?[0] ?? .null
        #expect(try rows(client, offline, live: false) == workspace)
        daemon.kill(SIGTERM)
        #expect(daemon.exitStatus() == 0)
    }
}
