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

    @Test func aBatchThatIsTooLargeIsHalvedAndGrowsAgain() throws {
        var fixture = sending()
        for limit in [2, 1] {
            #expect(try fail(&fixture, .tooLarge("body", 1)).last == .takeBatch(limit: limit))
            fixture.feed(.batchTaken(SenderFixture.request(1...Int64(limit))))
        }
        for limit in [2, 4, 4] {
            let request = try #require(fixture.inFlight)
            fixture.feed(.answerReceived(request.id, SenderFixture.answer(to: request.request)))
            #expect(fixture.feed(.verdictsStored) == [.takeBatch(limit: limit)])
            fixture.feed(.batchTaken(SenderFixture.request(1...2)))
        }
    }

    @Test(arguments: [ServiceError.badRequest("operations[0]: no"), .tooLarge("body", 1)])
    func anOperationThatIsRefusedForWhatItIsIsFoundAndPutAside(_ error: ServiceError) throws {
        var fixture = sending()
        for limit in [2, 1] {
            #expect(try fail(&fixture, error).last == .takeBatch(limit: limit))
            fixture.feed(.batchTaken(SenderFixture.request(1...Int64(limit))))
        }
        // Alone, and still refused: is it the operation, or does the service refuse whatever this replica sends?
        _ = try fail(&fixture, error)
        let probe = try #require(fixture.inFlight)
        #expect(probe.request.operations.isEmpty)
        let reason = Reason(code: error.code.rawValue, message: error.message)
        let actions = fixture.feed(.answerReceived(probe.id, SenderFixture.answer(to: probe.request, lastSeq: 0)))
        #expect(
            actions.last
                == .refuse(QueueSender.Refusal(operations: [OperationID("o1")], reason: reason, lastSeq: 0)))
        #expect(fixture.sender.status == .connected)
        #expect(fixture.feed(.verdictsStored) == [.takeBatch(limit: 1)])
        #expect(fixture.faults == [])
    }

    @Test func aServiceThatRefusesEverythingIsWaitedFor() throws {
        var fixture = sending(1...1)
        _ = try fail(&fixture, .badRequest("replica: no"))
        #expect(fixture.inFlight?.request.operations.isEmpty == true)
        _ = try fail(&fixture, .badRequest("replica: no"))
        #expect(fixture.sender.stateKind == .waiting)
        #expect(fixture.sender.status == .refused(Reason(code: "bad_request", message: "replica: no")))
        // The operation is none the worse for it.
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.inFlight?.request == SenderFixture.request(1...1))
        #expect(fixture.faults == [])
    }

    @Test func sleepInTheMiddleOfAProbeSendsTheOperationsAgain() throws {
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
