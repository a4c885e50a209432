import Postgres
import PostgresTesting
import SyncModel
import Testing

@testable import SyncService

/// Electric's clients at offsets that the mirror never told.
@Suite struct ElectricGapTests {
    private func shape(_ query: String, _ fixture: ServiceFixture) throws -> RawHTTP.Response {
        try RawHTTP.get("/v1/shape?table=teams&\(query)", port: fixture.port)
    }

    private func begin(_ fixture: ServiceFixture) throws -> String {
        let response = try shape("offset=-1", fixture)
        return "handle=\(try #require(response.headers["electric-handle"]))"
    }

    @Test func whoStandsInAGapBeginsAnewAndNobodyElseDoes() async throws {
        let fixture = try await ServiceFixture(ResyncTests.sql)
        let mirror = fixture.service.mirror
        let handle = try begin(fixture)
        let start = try #require(mirror.state.position).position
        for name in ["u", "v", "x"] {
            try fixture.connection.execute("UPDATE teams SET name = '\(name)' WHERE id = 1")
        }
        try await fixture.caughtUp()
        let head = try #require(try shape("offset=0_inf&\(handle)", fixture).headers["electric-offset"])
        let update = try #require(LogOffset(head)).tx
        mirror.change { $0.position?.gaps.add(after: start, before: update) }
        #expect(update > start + 1)

        let inGap = "offset=\(start + 1)_0"
        let refused = try shape("\(inGap)&\(handle)", fixture)
        #expect(refused.status == 409 && refused.headers["electric-handle"] == nil)
        let anew = try begin(fixture)
        #expect(anew != handle)
        let again = try shape("\(inGap)&\(handle)", fixture)
        #expect(again.status == 409 && "handle=\(again.headers["electric-handle"] ?? "")" != handle)
        // A shape that began behind the gap has told nothing in it.
        #expect(try shape("\(inGap)&\(anew)", fixture).status == 409)
        #expect(try begin(fixture) == anew)

        // What stands before the place of those who go on is told to nobody any more.
        let retention = Mirror.Retention()
        #expect(try mirror.logSizes() == ["chunk": 2, "entry": 3, "change": 3])
        while try mirror.tidy(now: 0, retention: retention) {}
        #expect(try mirror.logSizes() == ["chunk": 1, "entry": 1, "change": 1])
        #expect(mirror.withMemory { $0.logLengths }.values.sorted() == [1])

        try fixture.connection.execute("UPDATE teams SET name = 'y' WHERE id = 1")
        try await fixture.caughtUp()
        let told = try shape("offset=\(head)&\(handle)", fixture)
        #expect(told.status == 200 && told.body.contains(#""operation":"update""#) && told.body.contains(#""y""#))
        await fixture.stop()
    }
}
