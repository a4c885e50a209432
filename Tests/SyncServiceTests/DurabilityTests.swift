import GRDB
import Postgres
import SyncModel
import Synchronization
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

    /// The next transaction that moves the position is not taken by the file, once. Whoever writes next looks at what
    /// is in memory.
    private final class FullDisk: TransactionObserver, Sendable {
        private struct Full: Error {}

        private let mirror: Mirror
        private let seen = Mutex(Seen())

        struct Seen {
            var hasFailed = false
            /// The positions in memory and in the file.
            var after: [UInt64?] = []
        }

        init(_ mirror: Mirror) { self.mirror = mirror }

        var figures: Seen { seen.withLock { $0 } }

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseDidCommit(_ db: Database) {}

        func databaseWillCommit() throws {
            let readable = try mirror.pool.read { db in try MirrorPosition.read(in: db) }?.position ?? 0
            guard let written = mirror.state.position?.position, written > readable else { return }
            let fails = seen.withLock { seen in
                defer { seen.hasFailed = true }
                return !seen.hasFailed
            }
            if fails { throw Full() }
        }

        func databaseDidRollback(_ db: Database) {
            guard figures.after.isEmpty else { return }
            mirror.pool.asyncWriteWithoutTransaction { [self] db in
                let memory = mirror.state.position?.position
                let file = (try? MirrorPosition.read(in: db))?.position
                seen.withLock { $0.after = [memory, file] }
            }
        }
    }

    @Test func nobodyWritesBetweenAFailedTransactionAndItsEnd() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        try await fixture.caughtUp()
        let disk = FullDisk(mirror)
        mirror.pool.add(transactionObserver: disk)
        try fixture.connection.execute("UPDATE items SET name = 'two'")
        // It is tried again, and taken then.
        try await fixture.caughtUp()
        let after = disk.figures.after
        #expect(disk.figures.hasFailed && after.count == 2 && after[0] == after[1])
        await fixture.stop()
    }
}
