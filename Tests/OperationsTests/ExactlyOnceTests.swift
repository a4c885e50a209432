import Merge
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// Sequence, verdicts, groups, clocks: what holds whatever is merged.
@Suite struct ExactlyOnceTests {
    @Test func aRepeatedBatchGetsTheFirstVerdicts() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, ["x": "1"])
        ana.add(.insert, "steps", 1, ["x": "2"])
        ana.add(.update, "steps", 9, ["x": "2"])
        guard case .answered(let first) = try fixture.send(ana.batch) else { return }
        try fixture.sql.execute("DELETE FROM steps")
        let versions = try fixture.rows("SELECT * FROM satchel.clock ORDER BY key")
        guard case .answered(let second) = try fixture.send(ana.batch) else { return }
        #expect(first.verdicts.map(\.outcome) == [.applied, .conflict, .rejected])
        #expect(first.verdicts.allSatisfy { !$0.isDuplicate })
        #expect(second.verdicts.allSatisfy { $0.isDuplicate })
        #expect(second.verdicts.map(\.outcome) == first.verdicts.map(\.outcome))
        #expect(second.verdicts.map(\.reason) == first.verdicts.map(\.reason))
        #expect(second.lastSeq == 3)
        #expect(try fixture.rows("SELECT * FROM satchel.clock ORDER BY key") == versions)
        ana.add(.insert, "steps", 2)
        guard case .answered(let third) = try fixture.send(ana.batch) else { return }
        #expect(third.verdicts.map(\.isDuplicate) == [true, true, true, false])
    }

    @Test func lostWritesAreKeptInTheVerdict() throws {
        let fixture = try OperationFixture()
        try fixture.sql.execute("INSERT INTO steps (id, name) VALUES (1, E'\\u0001\\\\\"é')")
        let base = try fixture.version("steps", 1) - 1
        var ana = Device("ana")
        ana.add(.update, "steps", 1, ["name": "mine", "x": .null, "code": "c"], base: base)
        guard case .answered(let first) = try fixture.send(ana.batch),
            case .answered(let second) = try fixture.send(ana.batch)
        else { return }
        #expect(first.verdicts[0].lost.map(\.column) == ["code", "name"])
        #expect(first.verdicts[0].lost[1].theirs == "\u{1}\\\"é")
        #expect(second.verdicts[0].lost == first.verdicts[0].lost)
        #expect(second.verdicts[0].at == first.verdicts[0].at)
    }

    @Test func gapsReusedSeqsAndForeignReplicasAreRefused() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1)
        let batch = ana.batch
        _ = try fixture.send(batch)
        #expect(try fixture.send(batch, user: "eve") == .refused(.replicaInUse))
        var gap = Device("ana")
        for key in 1...3 { gap.add(.insert, "steps", key) }
        let third = OperationBatch(
            replica: gap.replica, epoch: nil, acknowledged: 1, operations: Array(gap.queue.dropFirst(2)))
        #expect(try fixture.send(third) == .refused(.sequenceGap(expected: 2)))
        // A copied replica: the same seq for another operation.
        var copy = Device("ana")
        copy.add(.insert, "steps", 7, id: "another")
        #expect(try fixture.send(copy.batch) == .refused(.sequenceGap(expected: 2)))
        // A restored one: it sends again what it had acknowledged.
        _ = try fixture.send(OperationBatch(replica: ana.replica, epoch: nil, acknowledged: 1, operations: []))
        #expect(try fixture.value("SELECT count(*) FROM satchel.verdict") == "0")
        #expect(try fixture.send(batch) == .refused(.sequenceGap(expected: 2)))
        let old = Epoch(systemIdentifier: "6", timeline: 1)
        #expect(
            try fixture.send(OperationBatch(replica: ana.replica, epoch: old, acknowledged: 0, operations: []))
                == .refused(.epochChanged(OperationFixture.epoch, lastSeq: 1)))
        #expect(try fixture.rows("SELECT id, last_seq, user_name FROM satchel.replica") == ["ana|1|ana"])
        #expect(try fixture.value("SELECT count(*) FROM steps") == "1")
    }

    private func withdrawal(of operations: [SequencedOperation], from device: Device) -> OperationBatch {
        OperationBatch(
            replica: device.replica, epoch: OperationFixture.epoch, acknowledged: 0, operations: [],
            withdrawal: Withdrawal(
                operations: operations.map { Withdrawal.Entry(seq: $0.seq, id: $0.operation.id) },
                reason: Reason(code: "bad_request", message: "operations[0].set: no \\u0000 \"é\"")))
    }

    /// The first batch was done, and its answer lost. Now the service refuses it when it comes again, and the device
    /// gives it up, with one that was never done.
    @Test func whatWasDoneBeforeItIsGivenUpKeepsItsVerdict() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, ["x": "1"])
        ana.add(.update, "steps", 9, ["x": "2"])
        guard case .answered(let first) = try fixture.send(ana.batch) else { return }
        ana.add(.insert, "steps", 2)
        guard case .answered(let given) = try fixture.send(withdrawal(of: ana.queue, from: ana)) else { return }
        #expect(given.verdicts.map(\.outcome) == [.applied, .rejected, .rejected])
        #expect(given.verdicts.map(\.isDuplicate) == [true, true, false])
        #expect(given.verdicts.map(\.reason?.code) == [nil, "row_missing", "bad_request"])
        #expect(given.verdicts[0].at == first.verdicts[0].at)
        #expect(given.lastSeq == 3)
        #expect(try fixture.rows("SELECT id, x FROM steps") == ["1|1"])
        // Again, it is the same.
        guard case .answered(let again) = try fixture.send(withdrawal(of: ana.queue, from: ana)) else { return }
        #expect(again.verdicts.map(\.reason) == given.verdicts.map(\.reason))
        #expect(again.verdicts.allSatisfy { $0.isDuplicate })
        ana.settle()
        #expect(try ana.sends(to: fixture, .insert, "steps", 3).outcome == .applied)
    }

    /// The request with the operations is late: the device has long told its person that they were refused.
    @Test func whatWasGivenUpIsNotDoneByARequestThatComesLate() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1)
        ana.add(.insert, "steps", 2, group: "g")
        ana.add(.insert, "steps", 3, group: "g")
        let late = ana.batch
        guard case .answered = try fixture.send(withdrawal(of: ana.queue, from: ana)),
            case .answered(let answer) = try fixture.send(late)
        else { return }
        #expect(answer.verdicts.map(\.outcome) == [.rejected, .rejected, .rejected])
        #expect(answer.verdicts.allSatisfy { $0.isDuplicate })
        #expect(try fixture.value("SELECT count(*) FROM steps") == "0")
        // Gaps, other operations and operations beside them are refused as ever.
        ana.settle()
        ana.add(.insert, "steps", 4)
        ana.add(.insert, "steps", 5)
        #expect(
            try fixture.send(withdrawal(of: [ana.queue[1]], from: ana)) == .refused(.sequenceGap(expected: 4)))
        var copy = Device("ana")
        copy.add(.insert, "steps", 7, id: "another")
        #expect(try fixture.send(withdrawal(of: copy.queue, from: ana)) == .refused(.sequenceGap(expected: 4)))
        let both = OperationBatch(
            replica: ana.replica, epoch: nil, acknowledged: 0, operations: ana.queue,
            withdrawal: withdrawal(of: ana.queue, from: ana).withdrawal)
        guard case .refused(.malformed) = try fixture.send(both) else {
            Issue.record("operations beside a withdrawal were taken")
            return
        }
    }

    @Test func malformedBatchesAreRefused() throws {
        let fixture = try OperationFixture()
        func refusal(_ replica: String, _ seqs: [Int64], acknowledged: Int64 = 0, id: String = "o", base: Int64 = 0)
            throws
            -> Bool
        {
            let operations = seqs.map { seq in
                SequencedOperation(
                    seq: seq,
                    operation: Operation(
                        id: OperationID(id), table: TableName(name: "steps"), action: .delete, key: ["id": "1"],
                        at: .zero, base: base))
            }
            let batch = OperationBatch(
                replica: ReplicaID(replica), epoch: nil, acknowledged: acknowledged, operations: operations)
            if case .refused(.malformed) = try fixture.send(batch) { return true } else { return false }
        }
        #expect(try refusal("", [1]))
        #expect(try refusal("a\nb", [1]))
        #expect(try refusal(String(repeating: "x", count: 129), [1]))
        #expect(try refusal("a", [0]))
        #expect(try refusal("a", [.min, .max]))
        #expect(try refusal("a", [1, 3]))
        #expect(try refusal("a", [2, 1]))
        #expect(try refusal("a", [1], acknowledged: 1))
        #expect(try refusal("a", [1], acknowledged: -1))
        #expect(try refusal("a", [1], id: "a\0"))
        #expect(try refusal("a", [1], base: -1))
        #expect(try fixture.value("SELECT count(*) FROM satchel.replica") == "0")
    }

    @Test func groupsAreAppliedAllOrNone() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, group: "g")
        ana.add(.insert, "steps", 2, group: "g")
        ana.add(.insert, "steps", 3, ["x": "5000"], group: "h")
        ana.add(.insert, "steps", 4, group: "h")
        ana.add(.insert, "steps", 5)
        ana.add(.insert, "steps", 6, group: "i")
        ana.add(.insert, "connections", 1, ["from_id": "6", "to_id": "99"], group: "i")
        ana.add(.insert, "connections", 2, ["from_id": "6", "to_id": "5"], group: "i")
        let verdicts = try ana.send(to: fixture)
        #expect(
            verdicts.map { $0.reason?.code ?? "applied" } == [
                "applied", "applied", "check_violation", "group_failed", "applied", "group_failed",
                "foreign_key_violation", "group_failed",
            ])
        #expect(verdicts[5].reason?.message.contains("ana-7") == true)
        #expect(try fixture.rows("SELECT id FROM steps ORDER BY id") == ["1", "2", "5"])
        #expect(zip(verdicts, verdicts.dropFirst()).allSatisfy { $0.at < $1.at })
    }

    @Test func deferredConstraintsAreCheckedForEachOperationAndForAGroupAsAWhole() throws {
        let fixture = try OperationFixture(
            """
            CREATE TABLE a (id int PRIMARY KEY, b int);
            CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
            ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
            """)
        var ana = Device("ana")
        ana.add(.insert, "a", 1, ["b": "1"])
        ana.add(.insert, "a", 2, ["b": "2"], group: "g")
        ana.add(.insert, "b", 2, ["a": "2"], group: "g")
        ana.add(.insert, "a", 3)
        let verdicts = try ana.send(to: fixture)
        #expect(
            verdicts.map { $0.reason?.code ?? "applied" } == ["foreign_key_violation", "applied", "applied", "applied"])
        #expect(try fixture.rows("SELECT id FROM a ORDER BY id") == ["2", "3"])
    }

    @Test func refusalsNameTheirReasonAndTheOthersGoOn() throws {
        let fixture = try OperationFixture(
            OperationFixture.tables + """
                CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN
                        IF NEW.x = 13 THEN RAISE ''unlucky''; ELSIF NEW.x = 14 THEN RETURN NULL; END IF;
                        RETURN NEW;
                    END';
                CREATE TRIGGER no BEFORE INSERT OR UPDATE ON steps FOR EACH ROW EXECUTE FUNCTION no();
                """)
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, ["code": "abc"])
        ana.add(.insert, "steps", 2, ["code": "abc"])
        ana.add(.insert, "steps", 3, ["pipeline_id": "99"])
        ana.add(.update, "steps", 1, ["name": .null])
        ana.add(.update, "steps", 1, ["x": "1000"])
        ana.add(.update, "steps", 1, ["x": "many"])
        ana.add(.update, "steps", 1, ["x": "99999999999"])
        ana.add(.update, "steps", 1, ["code": "long"])
        ana.add(.update, "steps", 1, ["name": "a\0b"])
        ana.add(.update, "steps", 1, ["colour": "red"])
        ana.add(.update, "nowhere", 1, ["x": "1"])
        ana.add(.update, "steps", 9, ["x": "1"])
        ana.add(.insert, "steps", 1)
        ana.add(.update, "steps", 1, ["x": "13"])
        ana.add(.update, "steps", 1, ["x": "14"])
        ana.add(.update, "steps", 1, ["id": "5"])
        ana.add(.update, "steps", 1, ["x": "7"])
        let verdicts = try ana.send(to: fixture)
        let expected: [(Verdict.Outcome, String?)] = [
            (.applied, nil), (.conflict, "unique_violation"), (.rejected, "foreign_key_violation"),
            (.rejected, "not_null_violation"), (.rejected, "check_violation"), (.rejected, "invalid_value"),
            (.rejected, "invalid_value"), (.rejected, "invalid_value"), (.rejected, "invalid_value"),
            (.rejected, "unknown_column"), (.rejected, "unknown_table"), (.rejected, "row_missing"),
            (.conflict, "row_exists"), (.rejected, "check_violation"), (.rejected, "check_violation"),
            (.rejected, "not_supported"), (.applied, nil),
        ]
        #expect(verdicts.map(\.outcome) == expected.map(\.0))
        #expect(verdicts.map { $0.reason?.code } == expected.map(\.1))
        #expect(verdicts.allSatisfy { $0.reason?.message.isEmpty != true })
        #expect(try fixture.rows("SELECT id, name, x, code FROM steps") == ["1|new|7|abc"])
    }

    @Test func clocksAreClampedAndTheOriginalIsKept() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        for (key, at) in [1_100_000_000, 2_000_000_000, 5_000_000_000, 3].enumerated() {
            ana.add(.insert, "steps", key, at: Int64(at))
        }
        guard case .answered(let answer) = try fixture.send(ana.batch) else { return }
        #expect(answer.verdicts.map(\.at.microseconds) == [1_060_000_000, 1_060_000_001, 1_060_000_002, 1_060_000_003])
        #expect(answer.alarms.map(\.seq) == [2, 3])
        #expect(answer.alarms.map(\.ahead) == [1_000_000_000, 4_000_000_000])
        #expect(try fixture.value("SELECT clock FROM satchel.replica") == "1060000003")
        #expect(
            try fixture.rows("SELECT original_at FROM satchel.verdict ORDER BY seq")
                == ["1100000000", "2000000000", "5000000000", "3"])
        ana.settle()
        #expect(try ana.sends(to: fixture, .insert, "steps", 9, at: 4).at.microseconds == 1_060_000_004)
    }

    @Test func anInsertThatIsSentAgainUnderANewSeqIsNoConflictWithItself() throws {
        let fixture = try OperationFixture()
        var ana = Device("ana")
        ana.add(.insert, "steps", 1, ["name": "a"], id: "same")
        _ = try fixture.send(ana.batch)
        ana.add(.insert, "steps", 1, ["name": "a"], id: "same")
        ana.add(.insert, "steps", 1, ["name": "a"], id: "other")
        #expect(try ana.send(to: fixture).map(\.outcome) == [.applied, .applied, .conflict])
    }

    @Test func everyBatchWithSomethingNewEmitsOneMessage() throws {
        let fixture = try OperationFixture()
        try fixture.sql.query(
            "SELECT pg_create_logical_replication_slot('messages_\(fixture.database.name)', 'pgoutput')")
        defer { _ = try? fixture.sql.query("SELECT pg_drop_replication_slot('messages_\(fixture.database.name)')") }
        var ana = Device("ana\"\\ü")
        ana.add(.insert, "steps", 1)
        ana.add(.update, "nowhere", 1)
        let batch = ana.batch
        _ = try fixture.send(batch)
        _ = try fixture.send(batch)
        ana.settle()
        // No effect at all, and still confirmed.
        try ana.sends(to: fixture, .delete, "steps", 77)
        let changes = try fixture.sql.query(
            """
            SELECT substring(data FROM 15) FROM pg_logical_slot_get_binary_changes($1, NULL, NULL, 'proto_version', '1',
                'publication_names', 'satchel', 'messages', 'true') WHERE get_byte(data, 0) = ascii('M')
            """, ["messages_\(fixture.database.name)"])
        let messages = changes.rows.compactMap { $0[0] }.map(Self.text)
        #expect(messages.count == 2)
        #expect(messages.first?.hasSuffix("{\"epoch\":\"7/1\",\"replica\":\"ana\\\"\\\\ü\",\"seq\":2}") == true)
        #expect(messages.last?.hasSuffix("\"seq\":3}") == true)
        #expect(messages.allSatisfy { $0.contains("tchel.operation") || $0.contains("operation") })
    }

    /// `\x7b7d` as text.
    private static func text(_ hex: String) -> String {
        let digits = Array(hex.utf8.dropFirst(2))
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
