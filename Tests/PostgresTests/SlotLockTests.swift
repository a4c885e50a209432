import Postgres
import PostgresTesting
import Testing

/// One service follows a slot, and who it is can be told.
@Suite struct SlotLockTests {
    @Test func theSecondIsRefusedAndToldWhoTheFirstIs() throws {
        let database = try TestDatabase()
        let slot = try Slot("one")
        let first = SlotLock(slot, conninfo: database.connectionString)
        let second = SlotLock(slot, conninfo: database.connectionString)
        try first.take()
        // Ours already: the same session holds it.
        let pid = try #require(first.pid)
        try first.take()
        #expect(first.pid == pid)
        let error = #expect(throws: SlotLock.Held.self) { try second.take(attempts: 2) }
        let holder = try #require(error?.holder)
        #expect(holder.pid == pid && holder.address == nil)
        #expect(holder.applicationName?.hasPrefix("satchel-service ") == true)
        let text = error?.description ?? ""
        for part in ["slot one", "process \(pid)", "service.slot", "pg_terminate_backend(\(pid))"] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(second.pid == nil)
        first.release()
        try second.take(attempts: SlotLock.attempts)
        #expect(second.pid != nil)
    }

    @Test func otherSlotsAndOtherDatabasesAreNotInTheWay() throws {
        let database = try TestDatabase()
        let other = try TestDatabase()
        let locks = [
            SlotLock(try Slot("one"), conninfo: database.connectionString),
            SlotLock(try Slot("two"), conninfo: database.connectionString),
            SlotLock(try Slot("one"), conninfo: other.connectionString),
        ]
        for lock in locks { try lock.take() }
        let connection = try database.connect()
        #expect(try SlotLock.holder(of: Slot("one"), connection)?.pid == locks[0].pid)
        #expect(try SlotLock.holder(of: Slot("two"), connection)?.pid == locks[1].pid)
        #expect(try SlotLock.holder(of: Slot("three"), connection) == nil)
    }

    @Test func aLockThatWentWithItsConnectionIsTakenAgainUnlessSomebodyElseHasIt() throws {
        let database = try TestDatabase()
        let slot = try Slot("one")
        let connection = try database.connect()
        let first = SlotLock(slot, conninfo: database.connectionString)
        let second = SlotLock(slot, conninfo: database.connectionString)
        func endFirst() throws {
            try connection.query("SELECT pg_terminate_backend($1, 5000)", ["\(try #require(first.pid))"])
        }
        try first.take()
        try endFirst()
        try first.take()
        #expect(try SlotLock.holder(of: slot, connection)?.pid == first.pid)
        try endFirst()
        try second.take()
        #expect(throws: SlotLock.Held.self) { try first.take() }
        #expect(first.pid == nil)
    }
}
