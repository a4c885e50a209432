import SyncClient
import SyncModel
import SyncProtocol

/// A sender with what its driver knows: the request, the timer and the replica's work that are under way.
struct SenderFixture {
    var sender: QueueSender
    private(set) var inFlight: (request: OperationsRequest, id: RequestID)?
    private(set) var timer: TimerID?
    private(set) var delay = 0
    /// The action that the replica has not answered.
    private(set) var owed: String?
    private(set) var faults: [String] = []
    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)

    init(batchSize: Int = 100) {
        sender = QueueSender(batchSize: batchSize)
    }

    @discardableResult
    mutating func feed(_ event: QueueSender.Event) -> [QueueSender.Action] {
        switch event {
        case .answerReceived(let id, _), .requestFailed(let id, _, _):
            if inFlight?.id == id { inFlight = nil }
        case .timerFired(let id, _): if timer == id { timer = nil }
        case .batchTaken: if owed == "takeBatch" { owed = nil }
        case .verdictsStored: if owed == "deliver" { owed = nil }
        case .recovered: if owed == "recover" { owed = nil }
        case .replicaFailed: owed = nil
        case .queueChanged, .connectionUp, .paused, .resumed, .nudged, .woke: break
        }
        let actions = sender.receive(event)
        for action in actions { carryOut(action) }
        checkInvariants()
        return actions
    }

    private mutating func carryOut(_ action: QueueSender.Action) {
        switch action {
        case .send(let request, let id):
            if inFlight != nil { faults.append("a second batch") }
            inFlight = (request, id)
        case .cancelRequest(let id):
            if inFlight?.id != id { faults.append("cancelled what is not in flight") }
            inFlight = nil
        case .startTimer(let id, let milliseconds):
            if milliseconds <= 0 { faults.append("a timer without a time") }
            (timer, delay) = (id, milliseconds)
        case .cancelTimer(let id): if timer == id { timer = nil }
        case .takeBatch, .deliver, .recover:
            if owed != nil { faults.append("the replica is asked twice") }
            owed = action.name
        case .statusChanged: break
        }
    }

    private mutating func checkInvariants() {
        switch sender.stateKind {
        case .sending:
            if inFlight == nil || timer == nil { faults.append("sending without request or timer") }
        case .waiting:
            if inFlight != nil || timer == nil { faults.append("waiting with a request or without a timer") }
        case .taking, .delivering, .recovering:
            if inFlight != nil || timer != nil || owed == nil {
                faults.append("the replica has nothing, or not only it something, to do")
            }
        case .idle:
            if inFlight != nil || timer != nil || owed != nil {
                faults.append("idle while something is under way")
            }
        case .paused:
            if inFlight != nil || timer != nil { faults.append("paused with a request or a timer") }
        }
    }

    static func request(_ seqs: ClosedRange<Int64>) -> OperationsRequest {
        let operations = seqs.map { seq in
            SequencedOperation(
                seq: seq,
                operation: Operation(
                    id: OperationID("o\(seq)"), table: TableName(name: "t"), action: .delete,
                    key: ["id": "1"],
                    at: HybridTimestamp(microseconds: seq), base: 0))
        }
        return OperationsRequest(
            replica: ReplicaID("r"), epoch: epoch, acknowledged: 0, operations: operations)
    }

    static func answer(to request: OperationsRequest, lastSeq: Int64? = nil) -> OperationsAnswer {
        OperationsAnswer(
            epoch: epoch, replica: request.replica, lastSeq: lastSeq ?? request.entries.last?.seq ?? 0, at: .zero,
            verdicts: request.entries.map { Verdict(seq: $0.seq, id: $0.id, outcome: .applied, at: .zero) })
    }
}
