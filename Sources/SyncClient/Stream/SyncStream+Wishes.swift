import SyncModel
import SyncProtocol

/// What the daemon, the person and the machine want of the stream.
extension SyncStream {
    mutating func started(_ shapes: [SyncRequest.Shape]) -> [Action] {
        switch state {
        case .stopped:
            self.shapes = shapes
            return ask()
        case .paused, .asking, .live, .applying, .waiting:
            return shapesChanged(shapes)
        }
    }

    mutating func shapesChanged(_ next: [SyncRequest.Shape]) -> [Action] {
        let before = Set(shapes.map { Text($0.id) })
        let after = Set(next.map { Text($0.id) })
        shapes = next
        if !after.isSubset(of: before) {
            isCaughtUp = false
            hasUnaskedShape = true
        }
        switch state {
        case .live(let exchange): return before == after ? [] : askAgain(insteadOf: exchange)
        // A request that is answered at once is not worth giving up; the next one has the new shapes.
        case .asking, .applying: return []
        case .stopped, .paused, .waiting: return []
        }
    }

    mutating func nudged() -> [Action] {
        switch state {
        case .waiting: return ask()
        case .live(let exchange):
            isCaughtUp = false
            return askAgain(insteadOf: exchange)
        case .stopped, .paused, .asking, .applying: return []
        }
    }

    /// A held request may hang on a connection that is no more. One in use notices by itself, and networks
    /// change in bursts, so it is left alone.
    mutating func networkChanged() -> [Action] {
        switch state {
        case .waiting:
            backoff.reset()
            return ask()
        case .live(let exchange):
            isCaughtUp = false
            return askAgain(insteadOf: exchange)
        case .stopped, .paused, .asking, .applying: return []
        }
    }

    /// After a sleep no connection is to be trusted.
    mutating func woke() -> [Action] {
        switch state {
        case .waiting:
            backoff.reset()
            return ask()
        case .asking(let exchange), .live(let exchange):
            isCaughtUp = false
            return askAgain(insteadOf: exchange)
        case .stopped, .paused, .applying: return []
        }
    }

    mutating func barrierRequested(_ barrier: Int64) -> [Action] {
        barrierWanted = max(barrierWanted ?? barrier, barrier)
        switch state {
        case .live(let exchange): return askAgain(insteadOf: exchange)
        // The next request asks for it.
        case .stopped, .paused, .asking, .applying, .waiting: return []
        }
    }
}
