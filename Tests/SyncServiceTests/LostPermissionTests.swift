import Foundation
import JSONText
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// Who lost a permission, or never had it, is not told of the rows, by no route.
@Suite struct LostPermissionTests {
    private static let secret = "ZEBRA"
    private static let tree = #"{"root_table": "teams", "include": {"pipelines": {"include": {"steps": true}}}}"#
    private static let drafts = #"{"root_table": "pipelines", "where": "score = 1"}"#
    static let rows = """
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
        var fixture = try await ServiceFixture(ReadRuleSystemTests.sql + Self.rows, model: ReadRuleSystemTests.model)
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
        let fixture = try await ServiceFixture(ReadRuleSystemTests.sql + Self.rows, model: ReadRuleSystemTests.model)
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

    /// The rows are gone as well by the time that the service looks again: that somebody could not read them before
    /// they went is in no difference.
    @Test func whatWasLostWhileNobodyFollowedDoesNotComeBack() async throws {
        let foreign = "INSERT INTO teams VALUES (3, 'three'); INSERT INTO pipelines VALUES (3, 3, 'q', 1);"
        let fixture = try await ServiceFixture(
            ReadRuleSystemTests.sql + Self.rows + foreign, model: ReadRuleSystemTests.model)
        let steps = #"{"root_table": "steps"}"#
        func reader(_ fixture: ServiceFixture) throws -> PersonalReader {
            try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [steps])
        }
        var live = try reader(fixture)
        try live.catchUp()
        try fixture.connection.execute("UPDATE steps SET name = 'ZEBRA again' WHERE id = 2")
        try await fixture.caughtUp()
        try live.catchUp()
        #expect(live.content(0, "steps").count == 3)
        await fixture.stop()
        try fixture.dropSlot()
        try fixture.connection.execute(
            "UPDATE steps SET pipeline_id = 3 WHERE pipeline_id = 2; DELETE FROM steps WHERE pipeline_id = 3")

        let again = try await fixture.restarted()
        try await again.caughtUp()
        var late = try reader(again)
        try late.catchUp()
        #expect(late.content(0, "steps").count == 1 && !late.bodies.joined().contains(Self.secret))
        // Who has read all of it goes on.
        live.port = again.port
        try live.catchUp()
        #expect(live.content(0, "steps").count == 1 && live.shapes[0].resets == 1)
        await again.stop()
    }

    @Test func anotherRuleBeginsAnotherShape() async throws {
        var fixture = try await ServiceFixture(ReadRuleSystemTests.sql + Self.rows, model: ReadRuleSystemTests.model)
        var reader = try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [Self.tree])
        try reader.catchUp()
        #expect(reader.content(0, "teams").count == 2)
        await fixture.stop()
        fixture = try await fixture.restarted(
            model: ReadRuleSystemTests.model.replacingOccurrences(
                of: "\"id IN (SELECT team_id FROM members WHERE person = auth.user_id)", with: "\"name = 'one'"))
        try await fixture.caughtUp()
        var after = try PersonalReader(port: fixture.port, headers: ["satchel-user": "1"], [])
        after.shapes = reader.shapes
        try after.catchUp()
        #expect(after.shapes[0].resets == 2 && after.content(0, "teams") == ["id=1,name=one"])
        #expect(!after.bodies.joined().contains(Self.secret))
        await fixture.stop()
    }

    @Test func aWriterIsNotToldWhatWonInARowThatItMayNotRead() async throws {
        let fixture = try await ServiceFixture(ReadRuleSystemTests.sql + Self.rows, model: ReadRuleSystemTests.model)
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
