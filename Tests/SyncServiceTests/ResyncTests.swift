import Foundation
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import Testing

@testable import SyncService

/// What lies between the mirror and PostgreSQL, where no stream tells of it, comes as differences, with the handles and
/// offsets that there were.
@Suite struct ResyncTests {
    static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE items (id int4 PRIMARY KEY, team_id int4 REFERENCES teams, name text, score int4);
        INSERT INTO teams VALUES (1, 'a'), (2, 'b');
        INSERT INTO items SELECT i, i % 2 + 1, 'item ' || i, i FROM generate_series(1, 1000) i;
        """
    static let tree = #"{"root_table": "teams", "where": "id = 1", "include": {"items": {"where": "score > 10"}}}"#
    static let itemsOfTree = "SELECT * FROM items WHERE team_id = 1 AND score > 10"
    private static let changes = """
        UPDATE items SET score = 5 WHERE id = 20; UPDATE items SET name = 'x' WHERE id = 22;
        DELETE FROM items WHERE id = 24; INSERT INTO items VALUES (5000, 1, 'new', 11); DELETE FROM items WHERE id = 3
        """

    private func expectDifferences(
        _ follower: ShapeFollower, of before: ShapeFollower, _ connection: PostgresConnection
    ) throws {
        #expect(!follower.isReset && follower.handle == before.handle)
        #expect(follower.offset > before.offset)
        #expect(
            follower.told.sorted() == [
                #"delete items "20" id=20"#, #"delete items "24" id=24"#,
                #"insert items "5000" id=5000,team_id=1,name=new,score=11"#, #"update items "22" id=22,name=x"#,
            ])
        try follower.expectRows(of: "items", Self.itemsOfTree, connection)
        try follower.expectRows(of: "teams", "SELECT * FROM teams WHERE id = 1", connection)
    }

    @Test func aLostSlotIsMadeGoodByDifferences() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var before = try ShapeFollower(Self.tree, port: fixture.port)
        try before.read()
        try before.expectRows(of: "items", Self.itemsOfTree, fixture.connection)
        await fixture.stop()
        try fixture.dropSlot()
        try fixture.connection.execute(Self.changes)
        let again = try await fixture.restarted()
        var follower = before.moved(to: again.port)
        try follower.read()
        try expectDifferences(follower, of: before, again.connection)
        #expect(follower.messages.allSatisfy { ($0.clock?.version ?? 0) > 0 || $0.kind == .delete })
        #expect(follower.messages.map { $0.origin?.isLast ?? false } == [false, false, false, true])

        // The stream goes on behind them, and a reader that begins now sees the same.
        try again.connection.execute("UPDATE items SET name = 'y' WHERE id = 22")
        try await again.caughtUp()
        try follower.read()
        #expect(follower.told == [#"update items "22" id=22,name=y"#])
        var late = try ShapeFollower(Self.tree, port: again.port)
        try late.read()
        #expect(late.rows == follower.rows && late.handle == follower.handle)
        await again.stop()
    }

    /// The new cluster's log is far behind the old one's.
    @Test func anotherClusterIsMadeGoodByDifferencesAndOffsetsNeverGoBack() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        for _ in 0..<3 {
            try fixture.connection.query("SELECT pg_logical_emit_message(true, 'test', 'x'), pg_switch_wal()")
        }
        try await fixture.caughtUp()
        var before = try ShapeFollower(Self.tree, port: fixture.port)
        try before.read()
        await fixture.stop()

        let cluster = try TestCluster.separate(named: "restored")
        try cluster.start()
        let restored = try TestDatabase(Self.sql, in: cluster)
        let connection = try restored.connect()
        try ServiceFixture.setUp(connection)
        try connection.execute(Self.changes)
        let again = try await fixture.restarted(on: restored)
        var follower = before.moved(to: again.port)
        try follower.read()
        #expect(follower.epoch != before.epoch)
        try expectDifferences(follower, of: before, connection)
        try connection.execute("INSERT INTO items VALUES (5001, 1, 'later', 12)")
        try await again.caughtUp()
        try follower.read()
        #expect(follower.told == [#"insert items "5001" id=5001,team_id=1,name=later,score=12"#])
        await again.stop()
        try cluster.stop()
    }

    /// Readers know more than the mirror does, and its differences say nothing of what came and went in between.
    @Test func readersThatAreAheadOfAnOlderMirrorBeginAnew() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var idle = try ShapeFollower(Self.tree, port: fixture.port)
        try idle.read()
        await fixture.stop()
        let file = fixture.service.stateDirectory + "/mirror.sqlite"
        let backup = ["", "-wal"].map { FileManager.default.contents(atPath: file + $0) }

        let middle = try await fixture.restarted()
        try middle.connection.execute("INSERT INTO items VALUES (5000, 1, 'comes and goes', 11)")
        try await middle.caughtUp()
        var ahead = idle.moved(to: middle.port)
        try ahead.read()
        #expect(ahead.told == [#"insert items "5000" id=5000,team_id=1,name=comes and goes,score=11"#])
        try middle.connection.execute("UPDATE items SET name = 'x' WHERE id = 22")
        try await middle.caughtUp()
        await middle.stop()

        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + ending) }
        for (ending, content) in zip(["", "-wal"], backup) {
            try content?.write(to: URL(fileURLWithPath: file + ending))
        }
        try fixture.connection.execute("DELETE FROM items WHERE id = 5000")
        // The service had reported that it held all that.
        _ = try Slot(fixture.database.name).release(fixture.connection)
        try fixture.connection.query(
            "SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())", [fixture.database.name])
        let again = try await fixture.restarted()
        let gaps = try #require(again.service.mirror.state.position).gaps
        print("gaps \(gaps.text), ahead \(ahead.offset), idle \(idle.offset)")
        ahead = ahead.moved(to: again.port)
        try ahead.read()
        let isReset = ahead.isReset
        #expect(isReset)
        try ahead.expectRows(of: "items", Self.itemsOfTree, again.connection)
        // One that knew no more than the backup goes on.
        idle = idle.moved(to: again.port)
        try idle.read()
        let told = idle.told
        #expect(told == [#"update items "22" id=22,name=x"#])
        try idle.expectRows(of: "items", Self.itemsOfTree, again.connection)
        await again.stop()
    }
}
