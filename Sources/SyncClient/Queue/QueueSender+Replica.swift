import SyncModel
import SyncProtocol

/// What the replica answers.
extension QueueSender {
    mutating func batchTaken(_ request: OperationsRequest?) -> [Action] {
        switch state {
        case .replica(.taking(let isStale)):
            if let request { return send(request) }
            if isStale { return goOn() }
            state = .idle
            return []
        // The replica hands the same operations out again.
        case .paused(owed: .taking):
            state = .paused(owed: nil)
            return []
        case .idle, .paused, .replica, .sending, .waiting:
            return []
        }
    }

    mutating func verdictsStored() -> [Action] {
        switch state {
        case .replica(.delivering):
            backoff.reset()
            return goOn()
        case .paused(owed: .delivering):
            state = .paused(owed: nil)
            return []
        case .idle, .paused, .replica, .sending, .waiting:
            return []
        }
    }

    mutating func recovered(random: UInt64) -> [Action] {
        switch state {
        case .replica(.recovering):
            // A second recovery without a verdict between: the two sides do not understand each other.
            return recoveries > 1 ? wait(milliseconds: backoff.next(random: random)) : goOn()
        case .paused(owed: .recovering):
            state = .paused(owed: nil)
            return []
        case .idle, .paused, .replica, .sending, .waiting:
            return []
        }
    }

    /// Nothing was stored, so the same seqs are sent again and get the same verdicts.
    mutating func replicaFailed(random: UInt64) -> [Action] {
        switch state {
        case .replica:
            return wait(milliseconds: backoff.next(random: random))
        case .paused:
            state = .paused(owed: nil)
            return []
        case .idle, .sending, .waiting:
            return []
        }
    }
}
