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
        let refusal = #expect(throws: ReplicaError.self) { try fixture.replica.retry(OperationID("op2")) }
        #expect(refusal?.message.contains("builds on operation op1, which is parked") == true)
        let cancelled = try fixture.replica.cancel(OperationID("op1")).operations
        #expect(cancelled == [OperationID("op1")])
        let retried = try fixture.replica.retry(OperationID("op2")).operations
        #expect(retried == [OperationID("op2"), OperationID("op3")])
        #expect(try fixture.send() == [3, 4])
    }

    /// Nobody would know why it stays in the queue.
    @Test func whatIsSubmittedBehindAParkedOneIsParkedWhenItsTurnComes() throws {
        let fixture = try Fixture()
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "n"]))
        try fixture.send(.rejected)
        try fixture.submit(
            Sample.insert(Sample.steps, "s", ["pipeline_id": "p", "name": "n"]),
            Sample.insert(Sample.connections, "c", ["from_step_id": "s", "to_step_id": "s"]))
        try fixture.submit(user("u"))
        #expect(try fixture.send() == [2])
        #expect(try fixture.states() == ["op1 parked", "op2 parked", "op3 parked", "op4 acknowledged"])
        let reasons = try ["op2", "op3"].map { try fixture.replica.operation(OperationID($0))?.reason?.message ?? "" }
        #expect(reasons[0].hasPrefix("It builds on operation op1, which is parked"))
        #expect(reasons[1].hasPrefix("It builds on operation op2, which is parked"))
    }

    /// It is how a person mends what was refused.
    @Test func aNewInsertOfARowWhoseInsertWasRefusedGoesOn() throws {
        let fixture = try Fixture()
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "n"]))
        #expect(try fixture.replica.batchToSend(limit: 1).batch.operations.count == 1)
        try fixture.submit(Sample.insert(Sample.steps, "s", ["pipeline_id": "p", "name": "n"]))
        try fixture.send(.rejected)
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "better"]))
        try fixture.submit(Sample.insert(Sample.steps, "s2", ["pipeline_id": "p", "name": "n"]))
        #expect(try fixture.send() == [2, 3])
        #expect(try fixture.states() == ["op1 parked", "op2 parked", "op3 acknowledged", "op4 acknowledged"])
        // Also once the insert has left the queue's head.
        try fixture.submit(Sample.insert(Sample.steps, "s3", ["pipeline_id": "p", "name": "n"]))
        #expect(try fixture.send() == [4])
        #expect(try fixture.replica.retry(OperationID("op2")).operations == [OperationID("op2")])
    }

    /// What the service says to a withdrawal of the first operation that is under way.
    private func withdrawal(_ fixture: Fixture, _ outcome: Verdict.Outcome) throws {
        let first = try #require(try fixture.replica.batchToSend(limit: 1).batch.operations.first)
        let reason = outcome == .rejected ? Reason(code: "bad_request", message: "operations[0].set: no") : nil
        let verdict = Verdict(seq: first.seq, id: first.operation.id, outcome: outcome, at: .zero, reason: reason)
        _ = try fixture.replica.received([verdict], epoch: Sample.epoch, lastSeq: first.seq)
    }

    @Test func anOperationThatIsGivenUpIsParkedAndTheOthersKeepTheirSeqs() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        for id in ["a", "b", "c"] { try fixture.submit(user(id)) }
        #expect(try fixture.send(limit: 1) == [1])
        let whole = try fixture.replica.batchToSend(limit: 9).batch
        #expect(whole.operations.map(\.seq) == [2, 3])
        // What was sent is sent again in smaller parts.
        #expect(try fixture.replica.batchToSend(limit: 1).batch.operations == [whole.operations[0]])
        try withdrawal(fixture, .rejected)
        #expect(try fixture.states() == ["op1 acknowledged", "op2 parked", "op3 sending"])
        let record = try #require(try fixture.replica.operation(OperationID("op2")))
        #expect(record.reason?.code == "bad_request" && record.verdict == .rejected)
        // A request that is still on its way may carry op3 under this seq: it has to stay the same operation.
        #expect(try fixture.replica.batchToSend(limit: 9).batch.operations == [whole.operations[1]])
        #expect(try fixture.send() == [3])
        #expect(try fixture.replica.retry(OperationID("op2")).operations == [OperationID("op2")])
        #expect(try fixture.send() == [4])
    }

    @Test func anOperationThatWasDoneBeforeItWasGivenUpIsNotParked() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"), user("b"))
        #expect(try fixture.replica.batchToSend(limit: 9).batch.operations.map(\.seq) == [1, 2])
        try withdrawal(fixture, .applied)
        #expect(try fixture.states() == ["op1 acknowledged", "op2 sending"])
        #expect(try fixture.send() == [2])
    }

    @Test func aGroupThatIsSentAgainInPartsStaysWhole() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        try fixture.submit(user("b"), user("c"), atomic: true)
        #expect(try fixture.replica.batchToSend(limit: 9).batch.operations.count == 3)
        #expect(try fixture.replica.batchToSend(limit: 2).batch.operations.count == 1)
        #expect(try fixture.send(limit: 1) == [1])
        #expect(try fixture.replica.batchToSend(limit: 1).batch.operations.map(\.seq) == [2, 3])
    }

    @Test func aQueuedOperationIsCancelledWithWhatBuildsOnItOrNotAtAll() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        try fixture.submit(user("a"))
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "m"]))
        try fixture.submit(user("b"))
        let error = #expect(throws: ReplicaError.self) { try fixture.replica.cancel(OperationID("op1")) }
        #expect(error?.code == .invalidOperation && error?.message.contains("op2 builds") == true)
        // An update is nobody's ground.
        #expect(try fixture.replica.cancel(OperationID("op2")).operations == [OperationID("op2")])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "n")
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "k"]))
        let (gone, staying, effects) = try fixture.replica.cancel(OperationID("op1"), withDependents: true)
        #expect(gone == [OperationID("op1"), OperationID("op4")] && staying.isEmpty)
        #expect(effects.operations.map(\.id) == gone && effects.operations.allSatisfy { $0.record == nil })
        #expect(effects.shapes.first?.changes.map(\.kind) == [.delete])
        #expect(try fixture.ids(shape) == ["users b"])
        #expect(try fixture.send() == [1])
    }

    @Test func whatBuildsOnARefusedOneIsNamedWhereItStays() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "m"]))
        try fixture.send(.rejected, limit: 1)
        let (gone, staying, _) = try fixture.replica.cancel(OperationID("op1"))
        #expect(gone == [OperationID("op1")] && staying == [OperationID("op2")])
        #expect(try fixture.replica.operation(OperationID("op2"))?.state == .parked)
    }

    /// It would come upon the row that was to go.
    @Test func anInsertBuildsOnTheDeleteBeforeIt() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        try fixture.send()
        try fixture.submit(Sample.delete(Sample.users, "a"))
        try fixture.submit(user("a", "again"))
        let refusal = #expect(throws: ReplicaError.self) { try fixture.replica.cancel(OperationID("op2")) }
        #expect(refusal?.message.contains("op3 builds") == true)
        let gone = try fixture.replica.cancel(OperationID("op2"), withDependents: true).operations
        #expect(gone == [OperationID("op2"), OperationID("op3")])
    }

    @Test func anInsertWaitsForADeleteThatIsParked() throws {
        let fixture = try Fixture()
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "n"]))
        #expect(try fixture.replica.batchToSend(limit: 1).batch.operations.count == 1)
        try fixture.submit(Sample.delete(Sample.pipelines, "p"))
        try fixture.send(.rejected)
        try fixture.submit(Sample.insert(Sample.pipelines, "p", ["name": "again"]))
        #expect(try fixture.send() == [])
        #expect(try fixture.states() == ["op1 parked", "op2 parked", "op3 parked"])
        let reason = try fixture.replica.operation(OperationID("op3"))?.reason?.message
        #expect(reason?.hasPrefix("It builds on operation op2, which is parked") == true)
    }

    @Test func groupsAreCancelledAndTriedAgainWhole() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"), user("b"), atomic: true)
        try fixture.send(.rejected)
        let both = try fixture.replica.operations(limit: 9).map(\.operation.id)
        #expect(both.count == 2)
        #expect(try fixture.replica.retry(both[1]).operations == both)
        #expect(try fixture.replica.cancel(both[0]).operations == both)
        #expect(try fixture.states() == [])
    }

    @Test func whatIsOnItsWayOrAppliedIsNotCancelled() throws {
        let fixture = try Fixture()
        try fixture.submit(user("a"))
        _ = try fixture.replica.batchToSend(limit: 9)
        var error = #expect(throws: ReplicaError.self) { try fixture.replica.cancel(OperationID("op1")) }
        #expect(error?.message.contains("on its way") == true)
        try fixture.send()
        error = #expect(throws: ReplicaError.self) { try fixture.replica.cancel(OperationID("op1")) }
        #expect(error?.message.contains("applied already") == true)
        error = #expect(throws: ReplicaError.self) { try fixture.replica.retry(OperationID("op1")) }
        #expect(error?.code == .invalidOperation)
        error = #expect(throws: ReplicaError.self) { try fixture.replica.cancel(OperationID("ghost")) }
        #expect(error?.code == .unknownOperation)
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

    @Test func whatIsParkedForAnotherOperationStaysInView() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.submit(user("a", "refused"))
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "mine"]))
        try fixture.send(.rejected, limit: 1)
        #expect(try fixture.states() == ["op1 parked", "op2 parked"])
        // The row of that key is somebody else's, and what was parked is laid on top.
        let row = fixture.insert(Sample.users, "a", ["name": "theirs"])
        try fixture.answer(shape, [row])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "mine")
        try fixture.answer(shape, [fixture.insert(Sample.users, "b", ["name": "n"])])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "mine")
        _ = try fixture.replica.cancel(OperationID("op1"), withDependents: true)
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "theirs")
    }

    /// It was set up anew: others may have written over what happened.
    @Test func aServiceThatKnowsNothingOfTheReplicaIsNotOfferedWhatHasItsVerdict() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        for id in ["a", "b", "c", "d"] { try fixture.submit(user(id)) }
        try fixture.send(limit: 1)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "n"])], confirmed: 1)
        try fixture.send(limit: 1)
        let unanswered = try fixture.replica.batchToSend(limit: 1).batch
        #expect(unanswered.operations.map(\.seq) == [3])
        #expect(try fixture.states() == ["op1 confirmed", "op2 acknowledged", "op3 sending", "op4 queued"])
        _ = try fixture.replica.sequenceGap(expected: 1)
        #expect(try fixture.states() == ["op1 confirmed", "op2 confirmed", "op3 queued", "op4 queued"])
        let batch = try fixture.replica.batchToSend(limit: 9).batch
        #expect(batch.operations.map { "\($0.seq) \($0.operation.id)" } == ["1 op3", "2 op4"])
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

    @Test func countsWhatLostSomethingUntilItIsForgotten() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(users)
        try fixture.answer(shape)
        try fixture.submit(user("a"))
        try fixture.submit(user("b"))
        try fixture.send(.merged)
        try fixture.submit(user("c"))
        try fixture.send()
        try fixture.answer(shape, confirmed: 3)
        #expect(try fixture.replica.counts.merged == 2)
        // What came last did not happen in this history.
        let epoch = Epoch(systemIdentifier: "7301", timeline: 2)
        try fixture.answer(shape, isReset: true, confirmed: 1, epoch: epoch)
        _ = try fixture.replica.epochChanged(epoch, lastSeq: 1)
        #expect(try fixture.replica.counts.merged == 1)
        let day: Int64 = 24 * 3_600 * 1_000_000
        #expect(try fixture.replica.prune(now: HybridTimestamp(microseconds: day + 1_001)) == 1)
        #expect(try fixture.replica.counts.merged == 0)
    }

    @Test func aChangeOfColumnsThatNobodySelectedMovesTheBaseAndTellsNothing() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users", "select": ["id", "name"]}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "n"], version: 4)])
        #expect(try fixture.answer(shape, [fixture.update(Sample.users, "a", [:], version: 9)]).shapes.isEmpty)
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "m"]))
        #expect(try fixture.replica.operations(limit: 9).last?.operation.base == 9)
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "m")
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
