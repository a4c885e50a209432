import GRDB
import Postgres
import PostgresTesting
import SyncModel
import Synchronization
import Testing

@testable import SyncService

/// How far the mirror says that it knows everything. Answers are made beside the thread that writes.
@Suite struct FrontierTests {
    private static let items = TableName(name: "items")
    private static let sql = """
        CREATE TABLE items (id int4 PRIMARY KEY, name text);
        INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 20) i;
        """

    /// Looks, when all of a transaction is written and nothing of it can be read yet, at what an answer would tell.
    private final class CommitWitness: TransactionObserver, Sendable {
        private let mirror: Mirror
        private let seen = Mutex(Seen())

        struct Seen {
            /// Commits that moved the position.
            var commits = 0
            var early: [String] = []
        }

        init(_ mirror: Mirror) { self.mirror = mirror }

        var figures: Seen { seen.withLock { $0 } }

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseDidCommit(_ db: Database) {}
        func databaseDidRollback(_ db: Database) {}

        func databaseWillCommit() throws {
            let readable = try mirror.pool.read { db in try MirrorPosition.read(in: db) }?.position ?? 0
            let memory = mirror.state
            guard let written = memory.position?.position, written > readable else { return }
            seen.withLock { seen in
                seen.commits += 1
                if memory.frontier >= written { seen.early.append("\(memory.frontier) while \(readable) is readable") }
            }
        }
    }

    /// Whoever is told of a frontier asks for what comes after it: what is committed behind it is never sent.
    @Test func theFrontierIsToldOnceWhatLedToItCanBeRead() async throws {
        var memory = Follower.Configuration.TransactionMemory()
        memory.sliceBytes = 64 << 10
        memory.slices = 2
        let fixture = try await ServiceFixture(Self.sql, memory: memory)
        let mirror = fixture.service.mirror
        let witness = CommitWitness(mirror)
        mirror.pool.add(transactionObserver: witness)
        var commits = 0
        let writes = [
            ("a transaction", "UPDATE items SET name = 'x' WHERE id = 1"),
            ("a large one", "INSERT INTO items SELECT i, 'item ' || i FROM generate_series(21, 5000) i"),
            ("another catalogue", "ALTER TABLE items ADD COLUMN more text; UPDATE items SET more = 'y' WHERE id = 2"),
        ]
        for (name, sql) in writes {
            try fixture.connection.execute(sql)
            try await fixture.caughtUp()
            if name == "another catalogue" {
                await eventually { mirror.catalogue?[Self.items]?.columns.count == 3 && mirror.state.pending == nil }
            }
            #expect(witness.figures.commits > commits, "\(name)")
            commits = witness.figures.commits
        }
        #expect(mirror.spillFigures.parts > 0)
        #expect(mirror.catalogue?[Self.items]?.columns.count == 3)
        #expect(witness.figures.early == [])
        await fixture.stop()
    }
}
