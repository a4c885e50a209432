import SyncModel
import SyncProtocol

/// Asking and being answered.
extension SyncStream {
    /// The next request: live only when there is nothing that an immediate answer could bring.
    mutating func ask() -> [Action] {
        let barrier = barrierWanted
        let isLive = isCaughtUp && barrier == nil && barrierCovered == nil
        let exchange = Exchange(id: nextRequest(), timer: nextTimer(), isLive: isLive, barrier: barrier)
        state = isLive ? .live(exchange) : .asking(exchange)
        hasUnaskedShape = false
        let request = SyncRequest(
            replica: replica, isLive: isLive, isBarrier: barrier != nil, confirmedSeq: last?.seq ?? 0,
            shapes: shapes)
        return [
            .request(request, exchange.id), .startTimer(exchange.timer, milliseconds: Self.inactivity),
        ]
    }

    /// Gives a held request up, because another one would be answered at once.
    mutating func askAgain(insteadOf exchange: Exchange) -> [Action] {
        [.cancelRequest(exchange.id)] + ask()
    }

    mutating func wait(milliseconds: Int) -> [Action] {
        let timer = nextTimer()
        state = .waiting(timer)
        return [.startTimer(timer, milliseconds: milliseconds)]
    }

    private mutating func become(_ next: ConnectionStatus) -> [Action] {
        guard status != next else { return [] }
        status = next
        return [.statusChanged(next)]
    }

    private mutating func fail(_ failure: RequestFailure, random: UInt64) -> [Action] {
        isCaughtUp = false
        let delay = backoff.next(random: random, atLeast: failure.retryAfter)
        return become(failure.status) + wait(milliseconds: delay)
    }

    mutating func answerProgressed(_ id: RequestID) -> [Action] {
        switch state {
        case .asking(var exchange), .live(var exchange):
            guard exchange.id == id else { return [] }
            exchange.timer = nextTimer()
            state = exchange.isLive ? .live(exchange) : .asking(exchange)
            return become(.connected) + [.startTimer(exchange.timer, milliseconds: Self.inactivity)]
        case .stopped, .paused, .applying, .waiting:
            return []
        }
    }

    mutating func answerReceived(_ id: RequestID, _ batch: SyncBatch) -> [Action] {
        switch state {
        case .asking(let exchange), .live(let exchange):
            guard exchange.id == id else { return [] }
            let wanted = wantedPart(of: batch)
            state = .applying(Delivery(batch: wanted, exchange: exchange))
            return [.cancelTimer(exchange.timer)] + become(.connected) + [.apply(wanted)]
        case .stopped, .paused, .applying, .waiting:
            return []
        }
    }

    /// A shape that was given up while the answer was on its way is not stored.
    private func wantedPart(of batch: SyncBatch) -> SyncBatch {
        let wanted = Set(shapes.map { Text($0.id) })
        return SyncBatch(
            shapes: batch.shapes.filter { wanted.contains(Text($0.shape)) }, frontier: batch.frontier)
    }

    mutating func requestFailed(_ id: RequestID, _ failure: RequestFailure, random: UInt64) -> [Action] {
        switch state {
        case .asking(let exchange), .live(let exchange):
            exchange.id == id ? fail(failure, random: random) : []
        case .stopped, .paused, .applying, .waiting:
            []
        }
    }

    mutating func timerFired(_ id: TimerID, random: UInt64) -> [Action] {
        switch state {
        case .asking(let exchange), .live(let exchange):
            exchange.timer == id ? [.cancelRequest(exchange.id)] + fail(.timedOut, random: random) : []
        case .waiting(let timer):
            timer == id ? ask() : []
        case .stopped, .paused, .applying:
            []
        }
    }

    mutating func paused() -> [Action] {
        isCaughtUp = false
        let stop: [Action]
        switch state {
        case .paused: return []
        case .stopped: stop = []
        case .asking(let exchange), .live(let exchange):
            stop = [.cancelRequest(exchange.id), .cancelTimer(exchange.timer)]
        case .applying(let delivery):
            unanswered = delivery
            stop = []
        case .waiting(let timer): stop = [.cancelTimer(timer)]
        }
        state = .paused
        return stop + become(.offline(nil))
    }

    mutating func resumed() -> [Action] {
        switch state {
        case .paused:
            backoff.reset()
            if let delivery = unanswered {
                unanswered = nil
                state = .applying(delivery)
                return []
            }
            return ask()
        case .stopped, .asking, .live, .applying, .waiting:
            return []
        }
    }
}
