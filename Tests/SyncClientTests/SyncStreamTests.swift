import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// What the table's plain cells do not show.
@Suite struct SyncStreamTests {
    private func live(_ shapes: [SyncRequest.Shape] = []) throws -> StreamFixture {
        var fixture = StreamFixture()
        fixture.feed(.started(shapes))
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch()))
        fixture.feed(.batchApplied)
        #expect(fixture.stream.stateKind == .live)
        return fixture
    }

    private func answer(_ fixture: inout StreamFixture, _ batch: SyncBatch) throws {
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), batch))
        fixture.feed(.batchApplied)
    }

    @Test func theNextRequestGoesOnWhereTheBatchEnded() throws {
        var fixture = try live([StreamFixture.shape("a"), StreamFixture.shape("b")])
        let batch = ShapeBatch(shape: "a", handle: ShapeHandle("h"), offset: .endOf(tx: 9), isReset: true)
        let ended = ShapeBatch(
            shape: "b", handle: ShapeHandle(""), offset: .beforeAll, ended: Reason(code: "c", message: "m"))
        try answer(&fixture, StreamFixture.batch([batch, ended], position: 9))
        #expect(
            fixture.inFlight?.request.shapes
                == [try StreamFixture.shape("a", handle: "h", offset: .endOf(tx: 9))])
        #expect(fixture.faults == [])
    }

    private static let failures = ShapeFailures(
        count: 1,
        first: ConditionFailure(table: TableName(name: "t"), key: RowKey(values: [.text("1")]), message: "m"),
        tag: "tag")

    /// The rows that are in view until the shape has come anew are those that it was said with.
    @Test func whatIsKnownOfFailuresStaysWhereTheShapeBeginsAnew() throws {
        var fixture = try live([StreamFixture.shape("a")])
        var batch = ShapeBatch(shape: "a", handle: ShapeHandle("h"), offset: .endOf(tx: 9))
        batch.failures = Self.failures
        try answer(&fixture, StreamFixture.batch([batch], position: 9))
        #expect(fixture.inFlight?.request.shapes.map(\.failureTag) == ["tag"])
        let reset = ShapeBatch(shape: "a", handle: ShapeHandle("i"), offset: .snapshotEnd, isReset: true)
        try answer(&fixture, StreamFixture.batch([reset], position: 10))
        #expect(fixture.inFlight?.request.shapes.map(\.failureTag) == ["tag"])
        batch.failures = ShapeFailures.none
        try answer(&fixture, StreamFixture.batch([batch], position: 11))
        #expect(fixture.inFlight?.request.shapes.map(\.failureTag) == [nil])
    }

    @Test func anIncompleteAnswerIsFollowedByAnother() throws {
        var fixture = try live()
        try answer(&fixture, StreamFixture.batch(position: 2, isComplete: false))
        #expect(fixture.stream.stateKind == .asking)
        try answer(&fixture, StreamFixture.batch(position: 3))
        #expect(fixture.stream.stateKind == .live)
    }

    @Test func answersWithNothingInThemAreNotAskedForInALoop() throws {
        var fixture = try live()
        try answer(&fixture, StreamFixture.batch())
        #expect(fixture.stream.stateKind == .waiting)
        #expect(fixture.delay == SyncStream.pace)
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.stream.stateKind == .live)
    }

    @Test func aShapeAddedWhileAskingIsInTheNextRequest() throws {
        var fixture = StreamFixture()
        fixture.feed(.started([]))
        #expect(fixture.feed(.shapesChanged([try StreamFixture.shape("a")])) == [])
        try answer(&fixture, StreamFixture.batch())
        #expect(fixture.stream.stateKind == .asking)
        #expect(fixture.inFlight?.request.shapes.map(\.id) == ["a"])
    }

    @Test func aShapeThatWasGivenUpIsNotStored() throws {
        var fixture = StreamFixture()
        fixture.feed(.started([try StreamFixture.shape("a"), try StreamFixture.shape("b")]))
        fixture.feed(.shapesChanged([try StreamFixture.shape("b")]))
        let batches = ["a", "b"].map { ShapeBatch(shape: $0, handle: ShapeHandle("h"), offset: .snapshotEnd) }
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch(batches)))
        #expect(fixture.applying?.shapes.map(\.shape) == ["b"])
    }

    @Test func theSameShapesLeaveALiveRequestAlone() throws {
        let shape = try StreamFixture.shape("a")
        var fixture = try live([shape])
        #expect(fixture.feed(.shapesChanged([shape])) == [])
        #expect(fixture.stream.stateKind == .live)
    }

    @Test func aBarrierIsReachedByACompleteBatchThatWasStored() throws {
        var fixture = try live()
        fixture.feed(.barrierRequested(1))
        #expect(fixture.inFlight?.request.isBarrier == true)
        // This one comes too late for the request in flight.
        fixture.feed(.barrierRequested(2))
        fixture.feed(
            .answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch(isComplete: false)))
        #expect(!fixture.feed(.batchApplied).contains { $0.name == "barrierReached" })
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.inFlight?.request.isBarrier == true)
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch(position: 2)))
        #expect(fixture.feed(.batchApplied).first == .barrierReached(2))
        #expect(fixture.stream.stateKind == .live)
    }

    @Test func aBatchThatCouldNotBeStoredDoesNotReachABarrier() throws {
        var fixture = try live()
        fixture.feed(.barrierRequested(1))
        fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch()))
        #expect(!fixture.feed(.applyFailed(random: 1)).contains { $0.name == "barrierReached" })
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.inFlight?.request.isBarrier == true)
    }

    @Test func aPauseDuringStoringTakesTheReplicasAnswerIn() throws {
        for answersDuringPause in [true, false] {
            var fixture = StreamFixture()
            fixture.feed(.started([try StreamFixture.shape("a")]))
            let batch = ShapeBatch(shape: "a", handle: ShapeHandle("h"), offset: .snapshotEnd)
            fixture.feed(.answerReceived(try #require(fixture.inFlight?.id), StreamFixture.batch([batch])))
            fixture.feed(.paused)
            if answersDuringPause { #expect(fixture.feed(.batchApplied) == []) }
            fixture.feed(.resumed)
            if !answersDuringPause {
                #expect(fixture.stream.stateKind == .applying)
                fixture.feed(.batchApplied)
            }
            #expect(fixture.inFlight?.request.shapes.first?.offset == .snapshotEnd)
            #expect(fixture.faults == [])
        }
    }

    @Test func refusalsAreToldAndTriedAgain() throws {
        var fixture = StreamFixture()
        fixture.feed(.started([]))
        let failure = RequestFailure.service(ServiceError(.unauthorized, "get a new token"), retryAfter: 0)
        let actions = fixture.feed(.requestFailed(try #require(fixture.inFlight?.id), failure, random: 200))
        let reason = Reason(code: "unauthorized", message: "get a new token")
        #expect(actions.first == .statusChanged(.refused(reason)))
        #expect(fixture.delay == 1000)
        fixture.feed(.timerFired(try #require(fixture.timer), random: 1))
        #expect(fixture.stream.stateKind == .asking)
    }

    @Test func theServicesWaitIsRespected() throws {
        var fixture = StreamFixture()
        fixture.feed(.started([]))
        let failure = RequestFailure.service(ServiceError(.notReady, "copying"), retryAfter: 9000)
        fixture.feed(.requestFailed(try #require(fixture.inFlight?.id), failure, random: 200))
        #expect(fixture.delay == 9000)
    }

    @Test func staleAnswersAndTimersChangeNothing() throws {
        var fixture = try live()
        let before = fixture.stream.status
        for event: SyncStream.Event in [
            .answerReceived(RequestID(1), StreamFixture.batch()), .answerProgressed(RequestID(1)),
            .requestFailed(RequestID(1), .cutOff, random: 1), .timerFired(TimerID(1), random: 1),
            .batchApplied,
            .applyFailed(random: 1),
        ] {
            #expect(fixture.feed(event) == [])
        }
        #expect(fixture.stream.stateKind == .live)
        #expect(fixture.stream.status == before)
    }
}
