import SyncModel
import SyncProtocol

/// The one stream of a daemon, as a value: `Protocol/sync-stream.md` has its table and invariants.
///
/// It is always in want of an answer: not live until everything held has reached one frontier, then live.
/// It waits only for an answer (within `inactivity`), for a timer, for the replica to store a batch, or for
/// a person who paused it.
package struct SyncStream: Sendable {
    enum State: Hashable, Sendable {
        case stopped
        case paused
        /// A request that the service answers at once is in flight.
        case asking(Exchange)
        /// A request that the service may hold is in flight.
        case live(Exchange)
        /// The replica is storing a batch.
        case applying(Delivery)
        case waiting(TimerID)
    }

    struct Exchange: Hashable, Sendable {
        let id: RequestID
        var timer: TimerID
        let isLive: Bool
        /// The greatest barrier that the request asks for; nil for none.
        let barrier: Int64?
    }

    struct Delivery: Hashable, Sendable {
        let batch: SyncBatch
        let exchange: Exchange
    }

    /// Milliseconds without a byte of an answer: the service's hold, and a grace for the way.
    package static let inactivity = (ProtocolLimits.liveHoldSeconds + ProtocolLimits.liveGraceSeconds) * 1000
    /// Milliseconds after an answer with nothing in it: a service or cache that does not hold live requests
    /// must not be asked in a tight loop.
    package static let pace = 100

    var state = State.stopped
    var backoff = Backoff()
    package internal(set) var status = ConnectionStatus.offline(nil)
    let replica: ReplicaID
    /// The wanted shapes, with handle and offset as the replica has stored them.
    package internal(set) var shapes: [SyncRequest.Shape] = []
    /// Every wanted shape has reached the frontier, and nothing failed since: the next request may be held.
    var isCaughtUp = false
    /// A shape was added since the request in flight was sent.
    var hasUnaskedShape = false
    var last: Progress?
    /// The greatest barrier that no request has asked for with success.
    var barrierWanted: Int64?
    /// The greatest barrier that the next complete batch reaches.
    var barrierCovered: Int64?
    /// A batch handed over before a pause, which the replica has not answered for.
    var unanswered: Delivery?
    private var requests = 0
    private var timers = 0

    struct Progress: Hashable, Sendable {
        let position: UInt64
        let seq: Int64
        /// Of the shapes that the answer named.
        let offsets: [LogOffset]
    }

    package init(replica: ReplicaID) {
        self.replica = replica
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

extension SyncStream {
    /// Every event has an answer in every state.
    package mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .started(let shapes): started(shapes)
        case .shapesChanged(let shapes): shapesChanged(shapes)
        case .answerProgressed(let id): answerProgressed(id)
        case .answerReceived(let id, let batch): answerReceived(id, batch)
        case .requestFailed(let id, let failure, let random): requestFailed(id, failure, random: random)
        case .batchApplied: batchApplied()
        case .applyFailed(let random): applyFailed(random: random)
        case .timerFired(let id, let random): timerFired(id, random: random)
        case .paused: paused()
        case .resumed: resumed()
        case .nudged: nudged()
        case .networkChanged: networkChanged()
        case .woke: woke()
        case .barrierRequested(let barrier): barrierRequested(barrier)
        }
    }
}
