import Foundation
import Logging
import Postgres
import PostgresTesting
import SyncService
import Testing

/// A second service on the same database does not disturb the first.
@Suite struct TwoServicesTests {
    private static let sql = "CREATE TABLE items (id int4 PRIMARY KEY)"

    private func second(
        _ fixture: ServiceFixture, slot: String? = nil, port: Int = 0, directory: String? = nil
    ) async throws -> SatchelService {
        var options = ServiceOptions()
        options.listen.port = port
        options.slot = slot ?? fixture.database.name
        options.stateDirectory = try directory ?? TestCluster.temporaryDirectory()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await SatchelService(
            options: options, conninfo: fixture.database.connectionString, logger: logger)
    }

    /// The process that reads the slot: another one after anybody has disturbed it.
    private func reader(_ fixture: ServiceFixture) throws -> Int32? {
        try Slot(fixture.database.name).status(fixture.connection)?.activePID
    }

    @Test func theSameSlotIsRefusedBeforeAnythingIsTouched() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        try await fixture.caughtUp()
        let before = try #require(try reader(fixture))
        let other = try await second(fixture)
        let error = await #expect(throws: SlotLock.Held.self) { try await other.run() }
        let holder = try SlotLock.holder(of: Slot(fixture.database.name), fixture.connection)
        #expect(error?.holder == holder && holder != nil)
        #expect(try reader(fixture) == before)
        #expect(other.mirror.catalogue == nil)
        await fixture.stop()
    }

    @Test func aPortThatIsTakenEndsTheSecondBeforeItFollows() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        try await fixture.caughtUp()
        let before = try #require(try reader(fixture))
        let slot = fixture.database.name + "_b"
        let other = try await second(fixture, slot: slot, port: fixture.port)
        let error = await #expect(throws: OptionsError.self) { try await other.run() }
        #expect(error?.description.contains("127.0.0.1:\(fixture.port): Address already in use") == true)
        #expect(try Slot(slot).status(fixture.connection) == nil)
        #expect(try reader(fixture) == before)
        // What it had locked is free again.
        _ = try StateLock(directory: other.stateDirectory)
        await fixture.stop()
    }

    @Test func aStateDirectoryIsUsedByOneAtATime() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let directory = fixture.service.stateDirectory
        let error = await #expect(throws: OptionsError.self) {
            _ = try await second(fixture, slot: "another", directory: directory)
        }
        for part in ["process \(getpid())", directory, "--state"] {
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        }
        await fixture.stop()
        _ = try await second(fixture, slot: "another", directory: directory)
    }

    /// The connection that holds the lock breaks, and another service comes: the first gives way, says so, and goes on
    /// when the other ends.
    @Test func aLockThatIsLostToAnotherServiceIsWaitedFor() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let holder = try #require(try SlotLock.holder(of: Slot(fixture.database.name), fixture.connection))
        let other = try await second(fixture)
        let (first, follower) = (fixture.service.follower, other.follower)
        let task = Task { try await other.run() }
        try fixture.connection.query("SELECT pg_terminate_backend($1, 5000)", ["\(holder.pid)"])
        await eventually { follower.status == .streaming }
        await eventually {
            guard case .waiting(let reason) = first.status else { return false }
            return reason.contains("Another satchel-service follows this database")
        }
        #expect(follower.status == .streaming)
        task.cancel()
        _ = try? await task.value
        await eventually { first.status == .streaming }
        try fixture.connection.execute("INSERT INTO items VALUES (1)")
        try await fixture.caughtUp()
        await fixture.stop()
    }
}
