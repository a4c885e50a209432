import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// What the table's plain cells do not show.
@Suite struct QueueSenderTests {
    private func sending(_ seqs: ClosedRange<Int64> = 1...4, batchSize: Int = 4) -> SenderFixture {
        var fixture = SenderFixture(batchSize: batchSize)
        fixture.feed(.queueChanged)
        fixture.feed(.batchTaken(SenderFixture.request(seqs)))
        return fixture
    }

    private func fail(_ fixture: inout SenderFixture, _ error: ServiceError) throws -> [QueueSender.Action] {
        fixture.feed(
            .requestFailed(try #require(fixture.inFlight?.id), .service(error, retryAfter: 0), random: 200))
    }

    @Test func nothingToSendIsRest() {
        var fixture = SenderFixture()
        fixture.feed(.queueChanged)
        #expect(fixture.feed(.batchTaken(nil)) == [])
        #expect(fixture.sender.stateKind == .idle)
    }

    @Test func aRequestWithoutOperationsAsksWhatTheServiceHolds() throws {
        let epoch = Epoch(systemIdentifier: "8", timeline: 1)
        var fixture = SenderFixture()
        fixture.feed(.queueChanged)
        let empty = OperationsRequest(
            replica: ReplicaID("r"), epoch: SenderFixture.epoch, acknowledged: 0, operations: [])
        fixture.feed(.batchTaken(empty))
        #expect(fixture.inFlight?.request == empty)
        #expect(
            try fail(&fixture, .epochChanged(to: epoch, lastSeq: 2)).last
                == .recover(.epochChanged(epoch, lastSeq: 2)))
        // A refusal of nothing is nobody's fault but the service's.
        fixture = SenderFixture()
        fixture.feed(.queueChanged)
        fixture.feed(.batchTaken(empty))
        _ = try fail(&fixture, .badRequest("no"))
        #expect(fixture.sender.stateKind == .waiting)
        #expect(fixture.faults == [])
    }

    @Test func aChangeWhileTheReplicaLooksIsNotMissed() {
        var fixture = SenderFixture(batchSize: 7)
        fixture.feed(.queueChanged)
        fixture.feed(.queueChanged)
        #expect(fixture.feed(.batchTaken(nil)) == [.takeBatch(limit: 7)])
    }

    @Test func anUnknownOutcomeSendsTheSameAgain() throws {
        var fixture = sending()
        let request = try #require(fixture.inFlight?.request)
        fixture.feed(.requestFailed(try #require(fixture.inFlight?.id), .cutOff, random: 200))
        fixture.feed(.paused)
        fixture.feed(.queueChanged)
        fixture.feed(.resumed)
        #expect(fixture.inFlight?.request == request)
        #expect(fixture.faults == [])
    }

    @Test func aGapAndAnotherHistoryAreToldToTheReplica() throws {
        let epoch = Epoch(systemIdentifier: "8", timeline: 1)
        var fixture = sending()
        #expect(try fail(&fixture, .sequenceGap(expected: 3)).last == .recover(.sequenceGap(expected: 3)))
        fixture = sending()
        #expect(
            try fail(&fixture, .epochChanged(to: epoch, lastSeq: 2)).last
                == .recover(.epochChanged(epoch, lastSeq: 2)))
        // Without the figures there is nothing to go by.
        fixture = sending()
        _ = try fail(&fixture, ServiceError(.sequenceGap, "?"))
        #expect(fixture.sender.stateKind == .waiting)
    }

    @Test func aSecondRecoveryWithoutAVerdictWaits() throws {
        var fixture = sending()
        _ = try fail(&fixture, .sequenceGap(expected: 1))
        fixture.feed(.recovered(random: 200))
        fixture.feed(.batchTaken(SenderFixture.request(1...4)))
        _ = try fail(&fixture, .sequenceGap(expected: 1))
        #expect(
            fixture.feed(.recovered(random: 200)) == [
                .startTimer(try #require(fixture.timer), milliseconds: 1000)
            ])
    }

    @Test func aBatchThatIsTooLargeIsCutAndGrowsAgain() throws {
        var fixture = sending(1...1000, batchSize: 1000)
        let error = ServiceError.tooLarge("body", 1)
        #expect(try fail(&fixture, error).last == .takeBatch(limit: 125))
        // One refusal after another, with nothing taken between: it waits, and longer each time.
        for (sent, limit, delay) in [(125, 15, 2000), (15, 1, 5000)] {
            fixture.feed(.batchTaken(SenderFixture.request(1...Int64(sent))))
            #expect(try fail(&fixture, error).map(\.name) == ["startTimer"])
            #expect(fixture.delay == delay)
            let timer = try #require(fixture.timer)
            #expect(fixture.feed(.timerFired(timer, random: 200)) == [.takeBatch(limit: limit)])
        }
        #expect(fixture.sender.status == .offline(nil))
        fixture.feed(.batchTaken(SenderFixture.request(1...1)))
        for limit in [2, 4, 8] {
            let request = try #require(fixture.inFlight)
            fixture.feed(.answerReceived(request.id, SenderFixture.answer(to: request.request)))
            #expect(fixture.feed(.verdictsStored) == [.takeBatch(limit: limit)])
            fixture.feed(.batchTaken(SenderFixture.request(1...2)))
        }
        // Verdicts start the waits over.
        #expect(try fail(&fixture, error).last == .takeBatch(limit: 1))
    }

    @Test(arguments: [ServiceError.badRequest("operations[0]: \u{0}\nno"), .tooLarge("body", 1)])
    func anOperationThatIsRefusedForWhatItIsIsFoundAndGivenUp(_ error: ServiceError) throws {
        var fixture = sending()
        #expect(try fail(&fixture, error).last == .takeBatch(limit: 1))
        fixture.feed(.batchTaken(SenderFixture.request(1...1)))
        // Alone, and still refused: is it the operation, or does the service refuse whatever this replica sends?
        _ = try fail(&fixture, error)
        let sent = try #require(fixture.inFlight)
        #expect(sent.request.operations.isEmpty)
        let withdrawal = try #require(sent.request.withdrawal)
        #expect(withdrawal.operations == [Withdrawal.Entry(seq: 1, id: OperationID("o1"))])
        #expect(withdrawal.reason.code == error.code.rawValue)
        #expect(withdrawal.reason.message == error.message.filter { !"\u{0}\n".contains($0) })
        // Whatever the verdict is: it may have been carried out before its answer was lost.
        let answer = SenderFixture.answer(to: sent.request)
        #expect(fixture.feed(.answerReceived(sent.id, answer)).last == .deliver(answer))
        #expect(fixture.sender.status == .connected)
        #expect(fixture.feed(.verdictsStored) == [.takeBatch(limit: 1)])
        #expect(fixture.faults == [])
    }

    @Test func theReasonForGivingUpFitsTheLimit() throws {
        for text in ["x", "é", "€", "\u{1F600}"] {
            var fixture = sending(1...1)
            _ = try fail(&fixture, .badRequest(String(repeating: text, count: 2000)))
            let request = try #require(fixture.inFlight?.request)
            let bytes = try #require(request.withdrawal).reason.message.utf8.count
            #expect((ProtocolLimits.reasonBytes - 3...ProtocolLimits.reasonBytes).contains(bytes))
            #expect(try OperationsRequest(body: request.body) == request)
        }
    }

    @Test func aGroupIsGivenUpAsAWhole() throws {
        var fixture = SenderFixture(batchSize: 2)
        let operations = SenderFixture.request(3...6).operations.map { sequenced in
            let operation = sequenced.operation
            return SequencedOperation(
                seq: sequenced.seq,
                operation: Operation(
                    id: operation.id, table: operation.table, action: operation.action, key: operation.key,
                    at: operation.at, base: 0, group: "g"))
        }
        fixture.feed(.queueChanged)
        fixture.feed(
            .batchTaken(
                OperationsRequest(
                    replica: ReplicaID("r"), epoch: SenderFixture.epoch, acknowledged: 2, operations: operations)))
        _ = try fail(&fixture, .tooLarge("operations", 1))
        #expect(fixture.inFlight?.request.withdrawal?.operations.map(\.seq) == [3, 4, 5, 6])
        #expect(fixture.inFlight?.request.acknowledged == 2)
    }

    @Test func aServiceThatRefusesEverythingIsWaitedFor() throws {
        var fixture = sending(1...1)
        _ = try fail(&fixture, .badRequest("replica: no"))
        #expect(fixture.inFlight?.request.withdrawal != nil)
        _ = try fail(&fixture, .badRequest("replica: no"))
        #expect(fixture.sender.stateKind == .waiting)
        #expect(fixture.sender.status == .refused(Reason(code: "bad_request", message: "replica: no")))
        // The operation is none the worse for it.
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.inFlight?.request == SenderFixture.request(1...1))
        #expect(fixture.faults == [])
    }

    @Test func sleepBeforeTheAnswerToAWithdrawalSendsTheOperationsAgain() throws {
        var fixture = sending(1...1)
        _ = try fail(&fixture, .badRequest("no"))
        fixture.feed(.woke)
        #expect(fixture.inFlight?.request == SenderFixture.request(1...1))
        _ = try fail(&fixture, .badRequest("no"))
        fixture.feed(.paused)
        fixture.feed(.resumed)
        #expect(fixture.inFlight?.request == SenderFixture.request(1...1))
    }

    @Test func verdictsOfOtherOperationsAreAFailure() throws {
        var fixture = sending()
        let wrong = SenderFixture.answer(to: SenderFixture.request(2...5))
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), wrong))
        #expect(fixture.sender.stateKind == .waiting)
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.inFlight?.request == SenderFixture.request(1...4))
    }

    @Test func aPauseKeepsInMindWhatTheReplicaOwes() throws {
        var fixture = sending()
        let request = try #require(fixture.inFlight)
        fixture.feed(.answerReceived(request.id, SenderFixture.answer(to: request.request)))
        fixture.feed(.paused)
        fixture.feed(.resumed)
        #expect(fixture.sender.stateKind == .delivering)
        fixture.feed(.paused)
        #expect(fixture.feed(.verdictsStored) == [])
        #expect(fixture.feed(.resumed) == [.takeBatch(limit: 4)])
        #expect(fixture.faults == [])
    }
}
