import Foundation
import JSONText
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import Testing

@testable import SyncService

/// While tables wait to be compared with PostgreSQL, what comes through of the others is written and told to nobody.
@Suite struct UnsettledTests {
    private static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE items (id int4 PRIMARY KEY, team_id int4 REFERENCES teams, name text, score int4);
        INSERT INTO teams VALUES (1, 'a'), (2, 'b');
        INSERT INTO items SELECT i, i % 2 + 1, 'item ' || i, i FROM generate_series(1, 20) i;
        """
    private static let items = TableName(name: "items")
    private static let teams = #"{"root_table": "teams"}"#
    private static let tree = #"{"root_table": "teams", "where": "name = 'a'", "include": {"items": true}}"#

    /// Runs the SQL, and returns once the mirror has written it.
    private func write(_ sql: String, _ fixture: ServiceFixture) async throws {
        let connection = fixture.connection
        try connection.execute(sql)
        let lsn = LSN(try connection.query("SELECT pg_current_wal_insert_lsn()").value ?? "") ?? .zero
        try connection.query("SELECT pg_logical_emit_message(true, 'test', '')")
        let mirror = fixture.service.mirror
        await eventually { mirror.state.position.map { $0.position >= $0.offset(of: lsn) } ?? false }
    }

    private func shape(_ query: String, _ fixture: ServiceFixture) throws -> RawHTTP.Response {
        try RawHTTP.get("/v1/shape?table=teams&\(query)", port: fixture.port)
    }

    private func offset(_ response: RawHTTP.Response) throws -> String {
        #expect(response.status == 200)
        return try #require(response.headers["electric-offset"])
    }

    private func lastSeen(_ response: RawHTTP.Response) throws -> UInt64 {
        let messages = try #require(try JSON(parsing: response.body).array)
        return try #require(messages.last?["headers"]?["global_last_seen_lsn"]?.string.flatMap { UInt64($0) })
    }

    @Test func nobodyIsToldOfAnythingBeforeTheyAreCompared() async throws {
        let fixture = try await ServiceFixture(Self.sql, hold: .milliseconds(20))
        let mirror = fixture.service.mirror
        var held = try ShapeFollower(Self.teams, port: fixture.port)
        try held.read()
        let handle = "handle=\(try #require(try shape("offset=-1", fixture).headers["electric-handle"]))"
        let known = try offset(try shape("offset=0_0&\(handle)", fixture))
        try mirror.unsettle([Self.items])
        let told = try #require(mirror.state.position?.unsettled).frontier
        try await write("UPDATE teams SET name = 'x' WHERE id = 1", fixture)
        #expect(try #require(mirror.state.position).position > told)

        let before = held.offset
        try held.read()
        #expect(held.told == [] && held.offset <= max(before, .endOf(tx: told)))
        var offsets: [String] = []
        for query in ["offset=\(known)&\(handle)", "offset=\(known)&\(handle)&live=true", "offset=now"] {
            let response = try shape(query, fixture)
            #expect(!response.body.contains("operation"), "\(query)")
            #expect(try lastSeen(response) <= told, "\(query)")
            offsets.append(try offset(response))
        }
        #expect(offsets == [known, known, known])

        await fixture.stop()
        let again = try await fixture.restarted()
        try await again.caughtUp()
        #expect(again.service.mirror.state.position?.unsettled == nil)
        held = held.moved(to: again.port)
        try held.read()
        #expect(held.told == [#"update teams "1" id=1,name=x"#] && !held.isReset)
        for offset in offsets {
            let response = try shape("offset=\(offset)&\(handle)", again)
            #expect(response.body.contains(#""operation":"update""#) && response.body.contains(#""x""#))
        }
        await again.stop()
    }

    /// A mirror that nobody feeds, with what the service had when it stopped, items waiting.
    private func unsettled(_ definitions: [String]) async throws -> Mirror {
        let fixture = try await ServiceFixture(Self.sql)
        for definition in definitions {
            var follower = try ShapeFollower(definition, port: fixture.port)
            try follower.read()
        }
        await fixture.stop()
        let mirror = try Mirror(path: fixture.service.stateDirectory + "/mirror.sqlite")
        try mirror.unsettle([Self.items])
        return mirror
    }

    @Test func whoeverReadBeforeTheyAreComparedIsWokenAfterwards() async throws {
        let mirror = try await unsettled([Self.teams])
        let shape = try #require(mirror.keptShapes.first).id
        let position = try #require(mirror.state.position)
        let content = #"{"epoch": "\#(position.epoch)", "replica": "r", "seq": 1}"#
        let start = LSN(position.resume.rawValue + 100)
        let message = LogicalMessage(
            isTransactional: true, prefix: "satchel.operation", content: Text(content), position: start)
        try mirror.apply([
            SourceTransaction(
                xid: 1, position: start, end: LSN(start.rawValue + 8), committedAt: 0, events: [.message(message)])
        ])
        let seen = mirror.signal.count
        var settled = try #require(mirror.state.position)
        settled.unsettled = nil
        try mirror.amend(
            MirrorAmendment(
                catalogue: try #require(mirror.catalogue), identities: [:], position: settled, staged: [],
                confirmations: nil))
        #expect(mirror.signal.isDue(ReaderSignal.Interest(shapes: [shape], seen: seen)))
        #expect(mirror.signal.isDue(ReaderSignal.Interest(replica: ReplicaID("r"), seen: seen)))
        #expect(mirror.signal.isDue(ReaderSignal.Interest(seen: 0, frontier: mirror.frontier)))
    }

    /// They came with a team, as they were before the column went.
    @Test func rowsThatCameMeanwhileAreNotReadInOtherColumns() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try ShapeFollower(Self.tree, port: fixture.port)
        var other = try ShapeFollower(Self.teams, port: fixture.port)
        try held.read()
        try other.read()
        try fixture.service.mirror.unsettle([Self.items])
        try await write("UPDATE teams SET name = 'a' WHERE id = 2", fixture)
        await fixture.stop()
        try fixture.connection.execute("ALTER TABLE items DROP COLUMN name")
        let again = try await fixture.restarted()
        try await again.caughtUp()
        held = held.moved(to: again.port)
        try held.read()
        try held.expectRows(of: "items", "SELECT * FROM items", again.connection)
        other = other.moved(to: again.port)
        try other.read()
        #expect(!other.isReset && other.told == [#"update teams "2" id=2,name=a"#])
        await again.stop()
    }

    private func told(of definition: String, unsettling table: String, while sql: [String]) async throws -> [String] {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try ShapeFollower(definition, port: fixture.port)
        try held.read()
        try fixture.service.mirror.unsettle([TableName(name: table)])
        for sql in sql { try await write(sql, fixture) }
        await fixture.stop()
        let again = try await fixture.restarted()
        try await again.caughtUp()
        held = held.moved(to: again.port)
        try held.read()
        #expect(!held.isReset && Set(held.messages.compactMap(\.origin?.offset.tx)).count == 1)
        #expect(held.messages.map { $0.origin?.isLast } == held.messages.indices.map { $0 == held.messages.count - 1 })
        try held.expectRows(of: "teams", "SELECT * FROM teams WHERE name = 'a'", again.connection)
        try held.expectRows(
            of: "items", "SELECT i.* FROM items i JOIN teams t ON t.id = i.team_id WHERE t.name = 'a'", again.connection
        )
        await again.stop()
        return held.told
    }

    /// The mirror still has them, as they were, when their team comes.
    @Test func rowsThatAreGoneOrOthersByThenAreNotToldAsTheyWere() async throws {
        let told = try await told(
            of: Self.tree, unsettling: "items",
            while: [
                "DELETE FROM items WHERE id > 3; UPDATE items SET name = 'other' WHERE id = 3",
                "UPDATE teams SET name = 'a' WHERE id = 2", "UPDATE teams SET name = 'x' WHERE id = 1",
            ])
        let deleted = told.filter { $0.hasPrefix("delete") }
        #expect(
            told.filter { !deleted.contains($0) } == [
                #"insert teams "2" id=2,name=a"#, #"insert items "1" id=1,team_id=2,name=item 1,score=1"#,
                #"insert items "3" id=3,team_id=2,name=other,score=3"#,
            ])
        // The team that went, and the rows of it that were told of before.
        let items = stride(from: 2, through: 20, by: 2).map { "delete items \"\($0)\" id=\($0)" }
        #expect(Set(deleted) == Set([#"delete teams "1" id=1"#] + items) && deleted.count == 11)
    }

    /// The mirror still has the team that they are in the shape through.
    @Test func whatRowsBecameAfterTheyWentIsNotTold() async throws {
        let told = try await told(
            of: Self.tree, unsettling: "teams",
            while: [
                "UPDATE teams SET name = 'x' WHERE id = 1",
                "UPDATE items SET name = 'secret' WHERE id = 2; INSERT INTO items VALUES (22, 1, 'secret', 0)",
            ])
        #expect(told.count == 11 && told.allSatisfy { $0.hasPrefix("delete") }, "\(told)")
    }
}
