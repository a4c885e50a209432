import SyncModel
import SyncProtocol

/// Sends the queue, one batch at a time, as a value: `Protocol/sync-stream.md` has its table and invariants.
///
/// While it is unknown what became of a batch, the same operations are sent again under the same seqs, and
/// nothing else. It rests only when the replica said that there is nothing to send.
package struct QueueSender: Sendable {
    enum State: Hashable, Sendable {
        /// The replica had nothing to send.
        case idle
        /// `owed`: what the replica was asked for before, and has not answered.
        case paused(owed: ReplicaWork?)
        case replica(ReplicaWork)
        case sending(Exchange)
        case waiting(TimerID)
    }

    enum ReplicaWork: Hashable, Sendable {
        /// Putting a batch together. `isStale`: the queue changed meanwhile.
        case taking(isStale: Bool)
        /// Storing verdicts.
        case delivering
        /// Taking in that the service holds other seqs than it thought.
        case recovering
    }

    struct Exchange: Hashable, Sendable {
        let id: RequestID
        let timer: TimerID
        /// The unresolved one, or its withdrawal.
        let request: OperationsRequest
    }

    /// What the service said instead of verdicts.
    package enum Recovery: Hashable, Sendable {
        /// Number the operations from this seq on.
        case sequenceGap(expected: Int64)
        /// The database has another history, which holds this replica's operations up to `lastSeq`.
        case epochChanged(Epoch, lastSeq: Int64)
    }

    /// Milliseconds to wait for verdicts.
    package static let patience = 30_000
    /// How much smaller the next batch is after one that was refused: three of these find one among 500.
    static let cut = 8

    var state = State.idle
    var backoff = Backoff()
    package internal(set) var status = ConnectionStatus.offline(nil)
    /// A batch that was sent and not answered.
    var unresolved: OperationsRequest?
    /// Recoveries since the last verdict. One is done at once, more of them wait.
    var recoveries = 0
    /// Operations of a batch: `sync_batch_size`, an eighth when the service refuses a batch for what is in it.
    let fullLimit: Int
    var limit: Int
    private var requests = 0
    private var timers = 0

    package init(batchSize: Int) {
        fullLimit = min(max(batchSize, 1), ProtocolLimits.operationsPerRequest)
        limit = fullLimit
    }

    mutating func nextRequest() -> RequestID {
        requests += 1
        return RequestID(requests)
    }

    mutating func nextTimer() -> TimerID {
        timers += 1
        return TimerID(timers)
    }
}

extension QueueSender {
    package enum Action: Hashable, Sendable {
        /// Put together the next operations in order, those without a verdict first and under the seqs that
        /// they have; at most `limit`, but a group whole. Then say `batchTaken`: a request without operations where
        /// it is not known what the service's present history holds.
        case takeBatch(limit: Int)
        case send(OperationsRequest, RequestID)
        case cancelRequest(RequestID)
        /// Fire after so many milliseconds; takes the place of the timer that runs.
        case startTimer(TimerID, milliseconds: Int)
        case cancelTimer(TimerID)
        /// Store the verdicts durably, then say `verdictsStored` or `replicaFailed`.
        case deliver(OperationsAnswer)
        /// Number the queue anew, then say `recovered` or `replicaFailed`.
        case recover(Recovery)
        case statusChanged(ConnectionStatus)
    }

    package enum Event: Hashable, Sendable {
        /// Something is, or may be, to be sent. Also at the start.
        case queueChanged
        /// nil: there is nothing to send. Without operations: the service is to say what it holds.
        case batchTaken(OperationsRequest?)
        case answerReceived(RequestID, OperationsAnswer)
        /// `random`: any random number, for the jitter.
        case requestFailed(RequestID, RequestFailure, random: UInt64)
        case verdictsStored
        case recovered(random: UInt64)
        /// The replica could not do what it was asked for, and holds what it held before.
        case replicaFailed(random: UInt64)
        case timerFired(TimerID, random: UInt64)
        /// The stream reaches the service again.
        case connectionUp
        case paused
        case resumed
        /// A person asked to sync now, or the network changed.
        case nudged
        case woke
    }
}

extension QueueSender {
    /// Every event has an answer in every state.
    package mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .queueChanged: queueChanged()
        case .batchTaken(let request): batchTaken(request)
        case .answerReceived(let id, let answer): answerReceived(id, answer)
        case .requestFailed(let id, let failure, let random): requestFailed(id, failure, random: random)
        case .verdictsStored: verdictsStored()
        case .recovered(let random): recovered(random: random)
        case .replicaFailed(let random): replicaFailed(random: random)
        case .timerFired(let id, let random): timerFired(id, random: random)
        case .connectionUp: connectionUp()
        case .paused: paused()
        case .resumed: resumed()
        case .nudged: nudged()
        case .woke: woke()
        }
    }
}
