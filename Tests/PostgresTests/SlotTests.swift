import Dispatch
import Postgres
import PostgresTesting
import SeededRandom
import SyncModel
import Synchronization
import Testing

@Suite struct SlotTests {
    @Test func namesAreChecked() throws {
        #expect(try Slot("satchel_1").name == "satchel_1")
        for name in ["", "Satchel", "a-b", "a b", "é", String(repeating: "a", count: 64), "a\"; DROP"] {
            let error = #expect(throws: PostgresError.self) { try Slot(name) }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test func saysWhatTheServerKeeps() throws {
        let database = try TestDatabase()
        let connection = try database.connect()
        let slot = try Slot("kept_\(database.name)")
        #expect(try slot.status(connection) == nil)
        let exported = try ExportedSlot(slot, conninfo: database.connectionString)
        let status = try #require(try slot.status(connection))
        #expect(status.plugin == "pgoutput")
        #expect(status.database == database.name)
        #expect(status.walStatus == "reserved")
        #expect(!status.isLost)
        #expect(status.confirmedFlush == exported.consistentPoint)
        exported.close()
        #expect(try slot.status(connection) != nil)
        #expect(throws: PostgresError.self) { try ExportedSlot(slot, conninfo: database.connectionString) }
        try slot.drop(connection)
        #expect(try slot.status(connection) == nil)
    }

    @Test func aTemporarySlotGoesWithItsConnection() throws {
        let database = try TestDatabase()
        let connection = try database.connect()
        let slot = try Slot("passing_\(database.name)")
        let exported = try ExportedSlot(slot, conninfo: database.connectionString, isTemporary: true)
        #expect(try slot.status(connection)?.isActive == true)
        exported.close()
        while try slot.status(connection) != nil {}
    }

    @Test func saysWhichTransactionASlotWaitsFor() throws {
        let database = try TestDatabase("CREATE TABLE t (n int)")
        let slow = try database.connect("slow report")
        try slow.execute("BEGIN; INSERT INTO t VALUES (1)")
        let told = Mutex<RunningTransaction?>(nil)
        let isTold = DispatchSemaphore(value: 0)
        let maker = TestThread {
            let slot = try Slot("late_\(database.name)")
            let exported = try ExportedSlot(
                slot, conninfo: database.connectionString, isTemporary: true, patience: .milliseconds(10)
            ) { transaction in
                told.withLock { $0 = transaction }
                isTold.signal()
            }
            exported.close()
        }
        isTold.wait()
        let transaction = try #require(told.withLock { $0 })
        #expect(transaction.pid == slow.backendPID)
        #expect(transaction.application == "slow report")
        #expect(transaction.state == "idle in transaction" && !transaction.since.isEmpty)
        #expect("\(transaction)".contains("INSERT INTO t"))
        // It goes on waiting, and is made at last.
        try slow.execute("COMMIT")
        try maker.join()
    }

    /// Writers go on while the slot is made and the snapshot copied: copy plus stream is exactly the table.
    @Test(arguments: [UInt64(1), 2]) func snapshotAndStreamHaveNoGapAndNoOverlap(seed: UInt64) throws {
        let database = try TestDatabase(
            """
            CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); CREATE PUBLICATION everything FOR ALL TABLES;
            INSERT INTO t SELECT n, 0 FROM generate_series(0, 49) n
            """)
        let connection = try database.connect()
        let isStopped = Atomic<Bool>(false)
        let written = Atomic<Int>(0)
        let writers = (0..<3).map { writer in
            TestThread {
                let connection = try database.connect()
                var generator = SeededGenerator(seed: seed &* 100 &+ UInt64(writer))
                while !isStopped.load(ordering: .acquiring) {
                    try Self.write(connection, &generator)
                    written.add(1, ordering: .relaxed)
                }
            }
        }
        func waitForWrites(_ count: Int) {
            let goal = written.load(ordering: .relaxed) + count
            while written.load(ordering: .relaxed) < goal {}
        }
        waitForWrites(50)
        let slot = try Slot("live_\(database.name)")
        let exported = try ExportedSlot(slot, conninfo: database.connectionString)
        waitForWrites(50)
        var rows: [Text: Text] = [:]
        try exported.withSnapshot(on: connection) {
            var parser = CopyRowParser(columnCount: 2)
            try connection.copyOut("COPY t TO STDOUT") { line in
                let values = try parser.values(line)
                rows[values[0].text ?? ""] = values[1].text
            }
        }
        exported.close()
        let copied = rows.count
        waitForWrites(50)
        isStopped.store(true, ordering: .releasing)
        for writer in writers { try writer.join() }
        try connection.query("SELECT pg_logical_emit_message(true, 'marker', '')")
        let changes = try Self.follow(database, slot, from: exported.consistentPoint, into: &rows)
        let expected = try connection.query("SELECT id, n FROM t").rows
        print(
            "snapshot and stream: seed \(seed), copied \(copied), changes \(changes), rows \(expected.count)")
        #expect(copied > 0 && changes > 50)
        #expect(rows.count == expected.count)
        for row in expected { #expect(rows[Text(row[0] ?? "")] == row[1].map { Text($0) }) }
        #expect(written.load(ordering: .relaxed) > 150)
    }

    private static func write(_ connection: PostgresConnection, _ generator: inout SeededGenerator) throws {
        let id = String(Int.random(in: 0..<60, using: &generator))
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: try connection.query("DELETE FROM t WHERE id = $1", [id])
        case 1: try connection.query("INSERT INTO t VALUES ($1, 0) ON CONFLICT DO NOTHING", [id])
        default: try connection.query("UPDATE t SET n = n + 1 WHERE id = $1", [id])
        }
    }

    /// Applies the stream strictly: to insert a row that is there, or change one that is not, is a fault.
    private static func follow(
        _ database: TestDatabase, _ slot: Slot, from start: LSN, into rows: inout [Text: Text]
    ) throws -> Int {
        let stream = try ReplicationStream(
            conninfo: database.connectionString, slot: slot.name, publications: ["everything"], startAt: start
        )
        var changes = 0
        try stream.run { event in
            guard case .transaction(let transaction) = event else { return }
            if transaction.events.contains(where: \.isMarker) { stream.stop() }
            for change in transaction.events.compactMap(\.change) {
                changes += 1
                guard case .text(let id) = (change.new ?? change.old ?? [])[0] else { continue }
                var value: Text?
                if let new = change.new, case .text(let text) = new[1] { value = text }
                #expect(
                    (rows[id] == nil) == (change.kind == .insert),
                    "\(change) on \(String(describing: rows[id]))")
                if change.kind == .update {
                    #expect(Int(value?.string ?? "") == (Int(rows[id]?.string ?? "") ?? -9) + 1)
                }
                rows[id] = value
            }
        }
        return changes
    }
}
