import JSONText
import Postgres
import PostgresTesting
import SyncService
import Testing

/// What Electric's clients do with `snapshot-end`: pass over the changes of transactions that it names as seen.
@Suite struct SnapshotEndTests {
    private static let sql = "CREATE TABLE items (id int4 PRIMARY KEY, value text); INSERT INTO items VALUES (1, 'old')"

    private struct Seen {
        let xmin: UInt64
        let xmax: UInt64
        let inFlight: [UInt64]

        init?(_ body: String) throws {
            let end = try JSON(parsing: body).array?.last?["headers"]
            guard end?["control"]?.string == "snapshot-end", let xmin = end?["xmin"]?.string.flatMap({ UInt64($0) }),
                let xmax = end?["xmax"]?.string.flatMap({ UInt64($0) }), let listed = end?["xip_list"]?.array
            else { return nil }
            self.xmin = xmin
            self.xmax = xmax
            inFlight = listed.compactMap { $0.string.flatMap { UInt64($0) } }
        }

        func has(_ xid: UInt64) -> Bool { xid < xmin || (xid < xmax && !inFlight.contains(xid)) }
    }

    private func shape(_ name: String, _ port: Int) throws -> (seen: Seen, handle: String) {
        let response = try RawHTTP.get("/v1/shape?table=items&offset=-1&where=id%3E\(name)", port: port)
        return (try #require(try Seen(response.body)), response.headers["electric-handle"] ?? "")
    }

    private func xid(_ connection: PostgresConnection) throws -> UInt64 {
        try #require(try connection.query("SELECT pg_current_xact_id()").value.flatMap { UInt64($0) })
    }

    @Test func aTransactionInFlightAtTheSnapshotIsNotPassedOver() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let slow = try fixture.database.connect("slow")
        try slow.execute("BEGIN; UPDATE items SET value = 'new' WHERE id = 1")
        let early = try xid(slow)
        try fixture.connection.execute("BEGIN; INSERT INTO items VALUES (2, 'quick')")
        let late = try xid(fixture.connection)
        try fixture.connection.execute("COMMIT")
        try await fixture.caughtUp()
        #expect(early < late)

        let before = try shape("-1", fixture.port)
        #expect(!before.seen.has(early))
        #expect(before.seen.has(late))
        try slow.execute("COMMIT")
        try await fixture.caughtUp()
        let log = try RawHTTP.get(
            "/v1/shape?table=items&offset=0_0&where=id%3E-1&handle=\(before.handle)", port: fixture.port)
        let changes = try JSON(parsing: log.body).array ?? []
        #expect(changes.first?["headers"]?["txids"]?[0]?.int == Int64(early))

        // A heartbeat tells that nothing is in flight any more.
        try fixture.connection.query(Heartbeat.statement)
        try await fixture.caughtUp()
        let after = try shape("-2", fixture.port).seen
        #expect(after.xmin > late && after.has(early) && after.has(late))
        await fixture.stop()
    }

    @Test func whatIsSeenOutlivesARestart() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let slow = try fixture.database.connect("slow")
        try slow.execute("BEGIN; UPDATE items SET value = 'new' WHERE id = 1")
        let early = try xid(slow)
        try fixture.connection.execute("INSERT INTO items VALUES (2, 'quick')")
        try await fixture.caughtUp()
        await fixture.stop()
        let again = try await fixture.restarted()
        let seen = try shape("-1", again.port).seen
        #expect(!seen.has(early) && seen.xmax > early)
        try slow.execute("ROLLBACK")
        await again.stop()
    }
}
