import Foundation
import Replica
import Shapes
import SyncModel
import Testing

@Suite struct ReplicaQueueTests {
    private let users = #"{"root_table": "users"}"#

    private func user(_ id: String, _ name: String = "n") -> Submission {
        Sample.insert(Sample.users, id, ["name": Value(name)])
    }

    @Test func seqsAreContiguousAndStayUntilTheOutcomeIsKnown() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"), user("b"), user("c"))
        let first = try fixture.replica.batchToSend(limit: 2).batch
        #expect(first.operations.map(\.seq) == [1, 2])
        #expect(first.acknowledged == 0)
        #expect(try fixture.replica.batchToSend(limit: 100).batch.operations == first.operations)
        #expect(try fixture.send(limit: 2) == [1, 2])
        #expect(try fixture.replica.batchToSend(limit: 2).batch.acknowledged == 2)
        #expect(try fixture.send(limit: 2) == [3])
    }

    @Test func groupsAreNeverSplit() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        try fixture.submit(user("b"), user("c"), user("d"), atomic: true)
        #expect(try fixture.send(limit: 2) == [1])
        #expect(try fixture.send(limit: 2) == [2, 3, 4])
    }

    @Test func whatBuildsOnARefusedInsertWaitsAndTheRestGoesOn() throws {
        let fixture = try Fixture()
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "n"]))
        #expect(try fixture.replica.batchToSend(limit: 1).batch.operations.count == 1)
        try fixture.submit(
            Sample.insert(Sample.steps, "s", ["pipeline_id": "p", "name": "n"]),
            Sample.insert(Sample.connections, "c", ["from_step_id": "s", "to_step_id": "s"]))
        try fixture.submit(user("u"))
        try fixture.send(.rejected)
        #expect(try fixture.states() == ["op1 parked", "op2 parked", "op3 parked", "op4 queued"])
        #expect(try fixture.replica.operation(OperationID("op3"))?.reason?.code == "dependency")
        #expect(try fixture.send() == [2])
        #expect(try fixture.states().last == "op4 acknowledged")
        _ = try fixture.replica.retry(OperationID("op2"))
        #expect(try fixture.send() == [])
        _ = try fixture.replica.dismiss(OperationID("op1"))
        #expect(try fixture.send() == [3])
    }

    @Test func aNewEpochGetsAgainWhatItLost() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        try fixture.submit(user("a"))
        try fixture.submit(user("b"))
        try fixture.send(limit: 1)
        try fixture.send(limit: 1)
        let rows = [fixture.insert(Sample.users, "a", ["name": "n"]), fixture.insert(Sample.users, "b", ["name": "n"])]
        try fixture.answer(shape, rows, confirmed: 2)
        #expect(try fixture.replica.counts.pending == 0)
        let epoch = Epoch(systemIdentifier: "7301", timeline: 2)
        try fixture.answer(shape, [rows[0]], isReset: true, confirmed: 1, epoch: epoch)
        #expect(try fixture.replica.batchToSend(limit: 9).batch.asksForSequence)
        _ = try fixture.replica.epochChanged(epoch, lastSeq: 1)
        #expect(try fixture.states() == ["op1 confirmed", "op2 queued"])
        #expect(try fixture.ids(shape) == ["users a", "users b"])
        let batch = try fixture.replica.batchToSend(limit: 9).batch
        #expect(batch.operations.map(\.seq) == [2])
        #expect(batch.epoch == epoch && !batch.asksForSequence)
    }

    @Test func aVerdictForAnotherOperationLeavesTheSeq() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        _ = try fixture.replica.batchToSend(limit: 9)
        let strange = Verdict(seq: 1, id: OperationID("x"), outcome: .applied, at: .zero, isDuplicate: true)
        _ = try fixture.replica.received([strange], epoch: Sample.epoch, lastSeq: 41)
        #expect(try fixture.states() == ["op1 queued"])
        #expect(try fixture.send() == [42])
    }

    @Test func lostWritesAndReasonsAreKept() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        let sent = try fixture.replica.batchToSend(limit: 9).batch.operations[0]
        let lost = LostWrite(
            column: "name", mine: "n", theirs: .null, writer: .plainSQL, writtenAt: HybridTimestamp(microseconds: 9))
        let late = HybridTimestamp(microseconds: 900_000)
        _ = try fixture.replica.received(
            [Verdict(seq: 1, id: sent.operation.id, outcome: .merged, at: late, lost: [lost])],
            epoch: Sample.epoch, lastSeq: 1)
        let record = try #require(try fixture.replica.operation(sent.operation.id))
        #expect(record.verdict == .merged && record.lost == [lost] && record.attempts == 1)
        try fixture.submit(user("b"))
        #expect(try #require(try fixture.replica.operations(limit: 9).last).operation.at > late)
    }

    @Test func pauseIsKeptAndSendsNothing() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        try fixture.replica.setPaused(true)
        #expect(fixture.replica.isPaused)
        #expect(try fixture.replica.batchToSend(limit: 9).batch.operations.isEmpty)
    }

    @Test func theSameIDWithTheSameContentIsTheSameOperation() throws {
        let fixture = try Fixture()
        let one = Sample.insert(Sample.users, "a", ["name": "n"], operation: "mine")
        try fixture.submit(one)
        #expect(try fixture.submit(one).isEmpty)
        #expect(throws: ReplicaError.self) {
            try fixture.submit(Sample.insert(Sample.users, "a", ["name": "m"], operation: "mine"))
        }
    }

    @Test func aDryRunChangesNothing() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        let (operations, effects) = try fixture.replica.submit(
            [user("a")], atomic: false, now: .zero, dryRun: true, newID: { OperationID("x") })
        #expect(operations.count == 1 && effects.shapes.first?.changes.count == 1)
        #expect(try fixture.ids(shape) == [] && fixture.states() == [])
    }

    @Test func theQueueHasALimitThatIsNamed() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxQueue: 2))
        try fixture.submit(user("a"))
        let error = #expect(throws: ReplicaError.self) { try fixture.submit(user("b"), user("c")) }
        #expect(error?.code == .queueFull && error?.message.contains("2 operations") == true)
        #expect(try fixture.states() == ["op1 queued"])
    }

    @Test func confirmedOperationsArePrunedAfterTheirTime() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        try fixture.submit(user("a"))
        try fixture.send()
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "n"])], confirmed: 1)
        let day: Int64 = 24 * 3_600 * 1_000_000
        #expect(try fixture.replica.prune(now: HybridTimestamp(microseconds: day)) == 0)
        #expect(try fixture.replica.prune(now: HybridTimestamp(microseconds: day + 1_001)) == 1)
        #expect(try fixture.states() == [])
    }
}
