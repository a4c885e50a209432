import GRDB
import Postgres
import SyncModel
import Testing

@testable import SyncService

/// Which operations of a replica have come through the stream.
@Suite struct ConfirmationTests {
    private static let replica = ReplicaID("r")

    private func emit(_ seq: Int, epoch: String, _ connection: PostgresConnection) throws {
        try connection.query(
            "SELECT pg_logical_emit_message(true, 'satchel.operation', $1)",
            [#"{"epoch": "\#(epoch)", "replica": "r", "seq": \#(seq)}"#])
    }

    private func confirmed(_ mirror: Mirror) async throws -> Int64 {
        let frontier = mirror.frontier
        return try await mirror.pool.read { db in
            try ShapeLogReader(db: db).confirmedSeq(of: Self.replica, at: frontier)
        }
    }

    @Test func aMessageOfAnotherHistoryConfirmsNothing() async throws {
        let fixture = try await ServiceFixture("CREATE TABLE items (id int4 PRIMARY KEY)")
        let mirror = fixture.service.mirror
        let epoch = try #require(mirror.epoch)
        try emit(3, epoch: epoch.description, fixture.connection)
        try emit(5, epoch: "\(epoch.systemIdentifier)/\(epoch.timeline + 1)", fixture.connection)
        try await fixture.caughtUp()
        #expect(try await confirmed(mirror) == 3)
        await fixture.stop()
    }

    /// Their messages are not in the stream that begins with the copy.
    @Test func whatCameBeforeTheCopyIsConfirmedByIt() async throws {
        let fixture = try await ServiceFixture("CREATE TABLE items (id int4 PRIMARY KEY)")
        try fixture.connection.execute("INSERT INTO satchel.replica (id, user_name, last_seq) VALUES ('r', 'ana', 7)")
        #expect(try await confirmed(fixture.service.mirror) == 0)
        await fixture.stop()
        // Another slot, and all is read anew.
        try fixture.dropSlot()
        let again = try await fixture.restarted()
        #expect(try await confirmed(again.service.mirror) == 7)
        await again.stop()
    }
}
