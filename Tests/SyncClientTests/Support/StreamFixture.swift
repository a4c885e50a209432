import Shapes
import SyncClient
import SyncModel
import SyncProtocol

/// A stream with what its driver knows: the request and the timer that are under way.
struct StreamFixture {
    var stream = SyncStream(replica: ReplicaID("r"))
    private(set) var inFlight: (request: SyncRequest, id: RequestID)?
    private(set) var timer: TimerID?
    private(set) var delay = 0
    private(set) var applying: SyncBatch?
    private(set) var faults: [String] = []
    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)

    /// Feeds an event, carries its actions out, and notes what must not be.
    @discardableResult
    mutating func feed(_ event: SyncStream.Event) -> [SyncStream.Action] {
        switch event {
        case .answerReceived(let id, _), .requestFailed(let id, _, _):
            if inFlight?.id == id { inFlight = nil }
        case .timerFired(let id, _): if timer == id { timer = nil }
        case .batchApplied, .applyFailed: applying = nil
        case .started, .shapesChanged, .answerProgressed, .paused, .resumed, .nudged, .networkChanged, .woke,
            .barrierRequested:
            break
        }
        let actions = stream.receive(event)
        for action in actions { carryOut(action) }
        checkInvariants()
        return actions
    }

    private mutating func carryOut(_ action: SyncStream.Action) {
        switch action {
        case .request(let request, let id):
            if inFlight != nil { faults.append("a second request") }
            if applying != nil { faults.append("a request while a batch is being stored") }
            inFlight = (request, id)
        case .cancelRequest(let id):
            if inFlight?.id != id { faults.append("cancelled what is not in flight") }
            inFlight = nil
        case .startTimer(let id, let milliseconds):
            if milliseconds <= 0 { faults.append("a timer without a time") }
            (timer, delay) = (id, milliseconds)
        case .cancelTimer(let id): if timer == id { timer = nil }
        case .apply(let batch):
            if applying != nil { faults.append("a second batch") }
            applying = batch
        case .statusChanged, .barrierReached: break
        }
    }

    private mutating func checkInvariants() {
        switch stream.stateKind {
        case .asking, .live:
            if inFlight == nil { faults.append("asking without a request") }
            if timer == nil { faults.append("asking without a timer") }
            if inFlight?.request.isLive != (stream.stateKind == .live) { faults.append("live and not live") }
            if inFlight?.request.isLive == true, inFlight?.request.isBarrier == true {
                faults.append("a live barrier")
            }
        case .waiting:
            if inFlight != nil { faults.append("waiting with a request") }
            if timer == nil { faults.append("waiting without a timer") }
        case .applying:
            if inFlight != nil { faults.append("storing with a request") }
            if applying == nil { faults.append("storing without a batch") }
        case .stopped, .paused:
            if inFlight != nil || timer != nil { faults.append("resting with a request or a timer") }
        }
    }

    static func shape(_ id: String, handle: String? = nil, offset: LogOffset = .beforeAll) throws
        -> SyncRequest.Shape
    {
        SyncRequest.Shape(
            id: id, definition: try ShapeDefinition(table: TableName(name: "t")),
            handle: handle.map { ShapeHandle($0) }, offset: offset)
    }

    static func batch(
        _ shapes: [ShapeBatch] = [], position: UInt64 = 1, isComplete: Bool = true
    ) -> SyncBatch {
        SyncBatch(
            shapes: shapes,
            frontier: Frontier(
                epoch: epoch, position: position, confirmedSeq: 0, isComplete: isComplete, serviceClock: .zero
            ))
    }
}
