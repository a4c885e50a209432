import GRDB
import Postgres
import SyncModel
import Testing

@testable import SyncService

/// What PostgreSQL is told that it may forget.
@Suite struct DurabilityTests {
    private static let sql = """
        CREATE TABLE items (id int4 PRIMARY KEY, name text);
        INSERT INTO items VALUES (1, 'one');
        """

    private func stored(_ mirror: Mirror) throws -> LSN? {
        try mirror.pool.read { db in try MirrorPosition.read(in: db)?.resume }
    }

    /// A mirror that nobody feeds any more, and that is not durable yet.
    private func quiet() async throws -> Mirror {
        let fixture = try await ServiceFixture(Self.sql)
        try fixture.connection.execute("UPDATE items SET name = 'two'")
        try await fixture.caughtUp()
        await fixture.stop()
        let mirror = fixture.service.mirror
        mirror.change { $0.durable = .zero }
        return mirror
    }

    @Test func whatWasAppliedMayBeForgotten() async throws {
        let mirror = try await quiet()
        let durable = try #require(try mirror.makeDurable())
        #expect(try stored(mirror) == LSN(durable.rawValue + 1))
        #expect(try mirror.makeDurable() == nil)
    }

    /// The thread that applies is in the middle of a transaction, which the file may not take in the end (the disk is
    /// full): a restart would go on behind it, and nobody would ever be told of it.
    @Test func aTransactionThatIsBeingWrittenMayNot() async throws {
        let mirror = try await quiet()
        let before = try #require(try stored(mirror))
        mirror.change { memory in
            memory.position?.position += 1_000
            memory.position?.resume = LSN(before.rawValue + 1_000)
        }
        #expect(try mirror.makeDurable().map { $0.rawValue < before.rawValue + 999 } ?? true)
        #expect(try #require(try stored(mirror)) < LSN(before.rawValue + 1_000))
    }
}
