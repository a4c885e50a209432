import Merge
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// Two connections at once, and connections that break.
@Suite struct OperationFaultTests {
    @Test func aConnectionKilledInTheMiddleLeavesNothingAndAResendGivesEachEffectOnce() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        for key in 1...6 { ana.add(.insert, "steps", key, ["x": Value("\(key)")]) }
        var killed = 0
        for point in 0..<40 {
            let connection = try fixture.database.connect("victim")
            let faulty = FaultyDatabase(try OperationFixture.operations(over: connection), failAt: point) {
                try fixture.sql.query("SELECT pg_terminate_backend($1, 5000)", ["\(connection.backendPID)"])
            }
            do throws(OperationFailure) {
                _ = try OperationProcessor(database: faulty, epoch: OperationFixture.epoch)
                    .process(ana.batch, user: "ana", arrival: OperationFixture.arrival)
                break
            } catch {
                guard case .unavailable = error else { throw error }
                killed += 1
            }
            #expect(try fixture.value("SELECT count(*) FROM steps") == "0")
            #expect(try fixture.value("SELECT count(*) FROM satchel.verdict") == "0")
        }
        #expect(killed > 12)
        guard case .answered(let answer) = try fixture.send(ana.batch) else { return }
        #expect(answer.verdicts.count == 6)
        #expect(try fixture.rows("SELECT count(*), sum(x) FROM steps") == ["6|21"])
        #expect(
            try fixture.value("SELECT count(DISTINCT version) FROM satchel.clock WHERE relation = 'public.steps'")
                == "6")
    }

    @Test func aBatchThatAnotherTransactionStopsIsTriedAgainFromItsStart() throws {
        let fixture = try OperationFixture()
        let faulty = FaultyDatabase(fixture.operations, failAt: .max) {}
        var failures = 0
        faulty.beforeLock = { number in
            guard number == 1, failures < 2 else { return }
            failures += 1
            throw OperationFailure.retry("deadlock detected")
        }
        var ana = Device("ana")
        ana.add(.insert, "steps", 1)
        ana.add(.insert, "steps", 2)
        let processor = OperationProcessor(database: faulty, epoch: OperationFixture.epoch)
        let result = try processor.process(ana.batch, user: "ana", arrival: OperationFixture.arrival)
        guard case .answered(let answer) = result else { return }
        #expect(answer.verdicts.map(\.outcome) == [.applied, .applied])
        #expect(faulty.begins == 3)
        faulty.beforeLock = { _ in throw OperationFailure.retry("for ever") }
        ana.settle()
        ana.add(.insert, "steps", 3)
        #expect(throws: OperationFailure.retry("for ever")) {
            try processor.process(ana.batch, user: "ana", arrival: OperationFixture.arrival)
        }
        #expect(faulty.begins == 8)
        #expect(try fixture.value("SELECT count(*) FROM steps") == "2")
    }

    /// As a device does: a batch that other transactions were in the way of is sent again.
    private static func resending(
        _ batch: OperationBatch, _ name: String, _ processor: OperationProcessor<PostgresOperationDatabase>
    ) throws -> BatchResult {
        var result: BatchResult?
        while result == nil {
            do {
                result = try processor.process(batch, user: name, arrival: OperationFixture.arrival)
            } catch {
                guard case OperationFailure.retry = error else { throw error }
            }
        }
        return try #require(result)
    }

    private static func retrying(_ connection: PostgresConnection, _ sql: String) throws {
        var isDone = false
        while !isDone {
            do {
                try connection.query(sql)
                isDone = true
            } catch {
                guard error.isRetryable, !error.isConnectionLost else { throw error }
            }
        }
    }

    @Test func twoReplicasAndPlainSQLAtOnceLoseNothing() async throws {
        let fixture = try OperationFixture()
        let rounds = 60
        // The two take rows in opposite orders, so that they meet in deadlocks, too.
        try fixture.sql.execute("ALTER DATABASE \(fixture.database.name) SET deadlock_timeout = '10ms'")
        let string = fixture.database.connectionString
        try fixture.sql.execute("INSERT INTO steps (id, x) VALUES (1, 0), (2, 0), (3, 0)")
        let merged = try await withThrowingTaskGroup(of: Int.self) { group in
            for name in ["ana", "ben"] {
                group.addTask {
                    let connection = try PostgresConnection(string, applicationName: name)
                    let database = try OperationFixture.operations(over: connection)
                    let processor = OperationProcessor(database: database, epoch: OperationFixture.epoch)
                    var device = Device(name)
                    var count = 0
                    for round in 0..<rounds {
                        for key in (name == "ana" ? [1, 2, 3] : [3, 1, 2]) {
                            device.add(
                                .update, "steps", key, ["name": Value("\(name) \(round)")],
                                at: 500 + Int64(10 * round) + (name == "ana" ? 0 : 5))
                        }
                        device.add(.insert, "steps", 1000 + 2 * round + (name == "ana" ? 0 : 1))
                        device.add(.insert, "steps", 5000 + round)
                        guard case .answered(let answer) = try Self.resending(device.batch, name, processor) else {
                            return 0
                        }
                        count += answer.verdicts.filter { $0.seq % 5 == 0 && $0.outcome == .applied }.count
                        device.settle()
                    }
                    return count
                }
            }
            group.addTask {
                let connection = try PostgresConnection(string, applicationName: "sql")
                for _ in 0..<rounds {
                    try Self.retrying(connection, "UPDATE steps SET x = x + 1 WHERE id = 1")
                }
                return 0
            }
            return try await group.reduce(0, +)
        }
        // Each contended insert has exactly one winner.
        #expect(merged == rounds)
        #expect(try fixture.value("SELECT x FROM steps WHERE id = 1") == "\(rounds)")
        #expect(try fixture.value("SELECT count(*) FROM steps WHERE id >= 1000 AND id < 5000") == "\(2 * rounds)")
        #expect(try fixture.value("SELECT count(*) FROM steps WHERE id >= 5000") == "\(rounds)")
        #expect(try fixture.value("SELECT sum(last_seq) FROM satchel.replica") == "\(2 * 5 * rounds)")
    }
}
