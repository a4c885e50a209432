import SyncModel
import SyncProtocol

/// What the daemon, the person and the machine want of the sender.
extension QueueSender {
    mutating func queueChanged() -> [Action] {
        switch state {
        case .idle: return goOn()
        case .replica(.taking):
            state = .replica(.taking(isStale: true))
            return []
        // Each of these asks the replica again by itself.
        case .paused, .replica(.delivering), .replica(.recovering), .sending, .waiting: return []
        }
    }

    mutating func connectionUp() -> [Action] {
        switch state {
        case .waiting(let timer):
            backoff.reset()
            return goOn(without: timer)
        case .idle, .paused, .replica, .sending: return []
        }
    }

    mutating func nudged() -> [Action] {
        switch state {
        case .idle: goOn()
        case .waiting(let timer): goOn(without: timer)
        case .paused, .replica, .sending: []
        }
    }

    /// After a sleep no connection is to be trusted.
    mutating func woke() -> [Action] {
        switch state {
        case .waiting(let timer):
            backoff.reset()
            return goOn(without: timer)
        case .sending(let exchange): return [.cancelRequest(exchange.id)] + send(unresolved ?? exchange.request)
        case .idle, .paused, .replica: return []
        }
    }

    mutating func paused() -> [Action] {
        let stop: [Action]
        switch state {
        case .paused: return []
        case .idle:
            state = .paused(owed: nil)
            stop = []
        case .replica(let work):
            state = .paused(owed: work)
            stop = []
        case .sending(let exchange):
            state = .paused(owed: nil)
            stop = [.cancelRequest(exchange.id), .cancelTimer(exchange.timer)]
        case .waiting(let timer):
            state = .paused(owed: nil)
            stop = [.cancelTimer(timer)]
        }
        return stop + become(.offline(nil))
    }

    mutating func resumed() -> [Action] {
        switch state {
        case .paused(owed: let work?):
            // The queue may have changed during the pause.
            if case .taking = work {
                state = .replica(.taking(isStale: true))
            } else {
                state = .replica(work)
            }
            return []
        case .paused(owed: nil):
            backoff.reset()
            return goOn()
        case .idle, .replica, .sending, .waiting: return []
        }
    }
}
