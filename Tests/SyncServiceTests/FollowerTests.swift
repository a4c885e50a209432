import Dispatch
import GRDB
import Postgres
import PostgresTesting
import Synchronization
import Testing

@testable import SyncService

@Suite struct FollowerTests {
    private final class Said: Sendable {
        private let events = Mutex<[String]>([])

        var all: [String] { events.withLock { $0 } }

        func add(_ event: Follower.Event) {
            let name: String? =
                switch event {
                case .streaming: "follows"
                case .failed: "failed"
                case .worksAgain: "works again"
                case .copying, .waiting, .copied, .refused: nil
                }
            if let name { events.withLock { $0.append(name) } }
        }
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)

        var count: Int { value.withLock { $0 } }

        func add() { value.withLock { $0 += 1 } }
    }

    /// It comes again with every connection, and each connection begins well.
    @Test func aTransactionThatCannotBeAppliedIsSaidOnceAndNotEachTimeThatItComes() async throws {
        let fixture = try await ServiceFixture("CREATE TABLE t (id int4 PRIMARY KEY)")
        await fixture.stop()
        let mirror = try Mirror(path: fixture.service.stateDirectory + "/mirror.sqlite")
        let tries = Counter()
        try await mirror.pool.write { db in
            db.add(
                function: DatabaseFunction("refuse", argumentCount: 0) { _ in
                    tries.add()
                    throw DatabaseError(message: "refused")
                })
            try db.execute(
                sql: """
                    CREATE TEMP TRIGGER refusal BEFORE UPDATE ON main.state WHEN NEW.position <> OLD.position
                    BEGIN SELECT refuse(); END
                    """)
        }
        let (said, name) = (Said(), fixture.database.name)
        let configuration = Follower.Configuration(conninfo: fixture.database.connectionString, slot: name)
        let follower = Follower(mirror: mirror, configuration: configuration) { said.add($0) }
        let lock = SlotLock(try Slot(name), conninfo: fixture.database.connectionString)
        try lock.take(attempts: SlotLock.attempts)
        try fixture.connection.execute("INSERT INTO t VALUES (1)")
        follower.start(lock, ended: DispatchSemaphore(value: 0))
        await eventually { tries.count >= 4 }
        #expect(said.all == ["follows", "failed"])
        try await mirror.pool.write { db in try db.execute(sql: "DROP TRIGGER refusal") }
        await eventually { said.all.contains("works again") }
        #expect(said.all == ["follows", "failed", "works again"])
        follower.stop()
        await eventually { follower.status == .stopped }
    }
}
