import SyncModel
import SyncProtocol

extension SyncStream {
    package enum Action: Hashable, Sendable {
        /// Send it. Exactly one is in flight at any time.
        case request(SyncRequest, RequestID)
        case cancelRequest(RequestID)
        /// Fire after so many milliseconds; takes the place of the timer that runs.
        case startTimer(TimerID, milliseconds: Int)
        case cancelTimer(TimerID)
        /// Store it in one transaction, then say `batchApplied` or `applyFailed`.
        case apply(SyncBatch)
        case statusChanged(ConnectionStatus)
        /// Everything is stored that PostgreSQL had committed when this barrier, and each before it, was
        /// asked for.
        case barrierReached(Int64)
    }

    package enum Event: Hashable, Sendable {
        case started([SyncRequest.Shape])
        /// All wanted shapes, with handle and offset as the replica has stored them. A shape's id MUST never
        /// be used again for another definition.
        case shapesChanged([SyncRequest.Shape])
        /// Bytes of the answer came.
        case answerProgressed(RequestID)
        case answerReceived(RequestID, SyncBatch)
        /// `random`: any random number, for the jitter.
        case requestFailed(RequestID, RequestFailure, random: UInt64)
        case batchApplied
        /// The replica could not store the batch and holds what it held before.
        case applyFailed(random: UInt64)
        case timerFired(TimerID, random: UInt64)
        case paused
        case resumed
        /// A person asked to sync now.
        case nudged
        case networkChanged
        case woke
        /// `barrier` grows with each call.
        case barrierRequested(Int64)
    }
}
