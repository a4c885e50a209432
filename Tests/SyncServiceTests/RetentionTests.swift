import Foundation
import GRDB
import JSONText
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import SyncService

/// What bounds the mirror's file: shapes that nobody uses end, and so do logs that have grown too long.
@Suite struct RetentionTests {
    private static let sql =
        "CREATE TABLE items (id int4 PRIMARY KEY, value text); INSERT INTO items SELECT i, 'v' FROM generate_series(1, 9) i"
    private static let now = Int64(Date().timeIntervalSince1970 * 1_000_000)

    private func ask(
        _ condition: String, _ port: Int, handle: String? = nil, offset: String = "-1"
    ) throws -> RawHTTP.Response {
        let rest = handle.map { "&handle=\($0)" } ?? ""
        return try RawHTTP.get("/v1/shape?table=items&where=\(condition)&offset=\(offset)\(rest)", port: port)
    }

    private func tidied(_ mirror: Mirror, after seconds: Int64 = 0, _ retention: Mirror.Retention) throws {
        while try mirror.tidy(now: Self.now + seconds * 1_000_000, retention: retention) {}
    }

    @Test func aShapeThatNobodyUsedEndsAndLeavesNothingBehind() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        let idle = try ask("id%3E0", fixture.port)
        let used = try ask("id%3E1", fixture.port)
        try fixture.connection.execute("UPDATE items SET value = 'w'")
        try await fixture.caughtUp()
        #expect(try mirror.logSizes() == ["chunk": 2, "entry": 17, "change": 9])

        let retention = Mirror.Retention(seconds: 3600)
        try tidied(mirror, after: 3000, retention)
        #expect(try mirror.logSizes()["entry"] == 17)
        let kept = try #require(mirror.keptShape(ShapeHandle(used.headers["electric-handle"] ?? "")))
        mirror.used(kept, now: Self.now + 3_000_000_000)
        try tidied(mirror, after: 5000, retention)
        #expect(try mirror.logSizes() == ["chunk": 1, "entry": 8, "change": 8])

        let old = try ask("id%3E0", fixture.port, handle: idle.headers["electric-handle"], offset: "0_0")
        #expect(old.status == 409 && old.body.contains("must-refetch"))
        #expect(try ask("id%3E1", fixture.port, handle: used.headers["electric-handle"], offset: "0_0").status == 200)
        let again = try ask("id%3E0", fixture.port)
        #expect(again.status == 200 && again.headers["electric-handle"] != idle.headers["electric-handle"])
        await fixture.stop()
    }

    @Test func aLogThatIsLongForItsSnapshotStartsANewLife() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        let first = try ask("id%3E0", fixture.port)
        let handle = first.headers["electric-handle"] ?? ""
        let retention = Mirror.Retention(entries: 20)
        for _ in 0..<4 { try fixture.connection.execute("UPDATE items SET value = value || 'x'") }
        try await fixture.caughtUp()
        // Four times the rows of the snapshot are worth their log.
        try tidied(mirror, retention)
        #expect(try ask("id%3E0", fixture.port, handle: handle, offset: "0_0").status == 200)
        try fixture.connection.execute("UPDATE items SET value = 'y' WHERE id = 1")
        try await fixture.caughtUp()
        try tidied(mirror, retention)
        #expect(try mirror.logSizes() == ["chunk": 0, "entry": 0, "change": 0])
        #expect(try ask("id%3E0", fixture.port, handle: handle, offset: "0_0").status == 409)
        let renewed = try ask("id%3E0", fixture.port)
        #expect(try JSON(parsing: renewed.body).array?.count == 10)
        await fixture.stop()
    }

    /// As a request that looked its shape up just before it ended.
    @Test func aLogThatIsBeingRemovedIsNotRead() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        let handle = ShapeHandle(try ask("id%3E0", fixture.port).headers["electric-handle"] ?? "")
        let kept = try #require(mirror.keptShape(handle))
        try tidied(mirror, after: 5000, Mirror.Retention(seconds: 3600))
        #expect(mirror.keptShape(handle) == nil)
        let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [])
        let answer = SyncAnswer(mirror: mirror, request: request, serviceClock: .zero)
        let offset = LogOffset.endOf(tx: kept.snapshotTx)
        let subject = SyncAnswer.Subject.kept(id: "s", kept, offset: offset, isReset: false, failureTag: nil)
        #expect(throws: SyncAnswer.ShapeEnded.self) {
            try mirror.pool.read { db in try answer.compose([subject], known: mirror.state, db: db) }
        }
        await fixture.stop()
    }

    // MARK: - The frontier

    /// The newest transaction is old, a keepalive has told more: what was answered holds after a restart.
    @Test func aFrontierThatOnlyAKeepaliveToldDoesNotGoBack() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        // Of no published table: no transaction of it is in the stream.
        try fixture.connection.execute("CREATE TABLE elsewhere (n int); INSERT INTO elsewhere VALUES (1)")
        let lsn = try #require(LSN(try fixture.connection.query("SELECT pg_current_wal_lsn()").value ?? ""))
        await eventually { mirror.frontier >= lsn.rawValue - 1 }
        let told = mirror.frontier
        #expect(told > mirror.state.position?.position ?? 0)
        await fixture.stop()
        #expect(try Mirror(path: fixture.service.stateDirectory + "/mirror.sqlite").frontier >= told)
    }

    @Test func aReaderThatKnowsMoreThanTheMirrorWaitsForIt() async throws {
        let fixture = try await ServiceFixture(Self.sql, hold: .milliseconds(50))
        let definition = try ShapeDefinition(json: ["root_table": "items"])
        let kept = try await fixture.service.mirror.keep(
            definition, form: .stream, access: .unrestricted, limits: Mirror.ShapeLimits())
        let ahead = LogOffset.endOf(tx: fixture.service.mirror.frontier + (1 << 40))
        let shape = SyncRequest.Shape(id: "s", definition: definition, handle: kept.handle, offset: ahead)
        let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape])
        let response = try RawHTTP.get(
            "/v1/sync", port: fixture.port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
        #expect(response.status == 503, "\(response.body)")
        await fixture.stop()
    }
}
