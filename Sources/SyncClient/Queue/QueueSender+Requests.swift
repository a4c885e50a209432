import SyncModel
import SyncProtocol

/// Sending and being answered.
extension QueueSender {
    /// The batch whose outcome is unknown, or the next one. `timer`: one that runs and is of no use now.
    mutating func goOn(without timer: TimerID? = nil) -> [Action] {
        if let unresolved { return send(unresolved) }
        state = .replica(.taking(isStale: false))
        return (timer.map { [.cancelTimer($0)] } ?? []) + [.takeBatch(limit: limit)]
    }

    mutating func send(_ request: OperationsRequest) -> [Action] {
        unresolved = request
        let exchange = Exchange(id: nextRequest(), timer: nextTimer(), request: request)
        state = .sending(exchange)
        return [.send(request, exchange.id), .startTimer(exchange.timer, milliseconds: Self.patience)]
    }

    mutating func wait(milliseconds: Int) -> [Action] {
        let timer = nextTimer()
        state = .waiting(timer)
        return [.startTimer(timer, milliseconds: milliseconds)]
    }

    mutating func become(_ next: ConnectionStatus) -> [Action] {
        guard status != next else { return [] }
        status = next
        return [.statusChanged(next)]
    }

    private mutating func fail(_ failure: RequestFailure, random: UInt64) -> [Action] {
        let delay = backoff.next(random: random, atLeast: failure.retryAfter)
        return become(failure.status) + wait(milliseconds: delay)
    }

    mutating func answerReceived(_ id: RequestID, _ answer: OperationsAnswer) -> [Action] {
        switch state {
        case .sending(let exchange):
            guard exchange.id == id else { return [] }
            guard answer.answers(exchange.request) else {
                // A fault of the service, not of its load: nobody else comes back at the same moment.
                return fail(.malformed("the verdicts are not those of the operations sent"), random: 0)
            }
            unresolved = nil
            recoveries = 0
            limit = min(fullLimit, limit * 2)
            state = .replica(.delivering)
            return [.cancelTimer(exchange.timer)] + become(.connected) + [.deliver(answer)]
        case .idle, .paused, .replica, .waiting:
            return []
        }
    }

    mutating func requestFailed(_ id: RequestID, _ failure: RequestFailure, random: UInt64) -> [Action] {
        switch state {
        case .sending(let exchange):
            guard exchange.id == id else { return [] }
            if let recovery = Recovery(failure) { return recover(recovery, exchange) }
            if isTooLarge(failure), shrink(exchange.request) { return goOn(without: exchange.timer) }
            return fail(failure, random: random)
        case .idle, .paused, .replica, .waiting:
            return []
        }
    }

    private mutating func recover(_ recovery: Recovery, _ exchange: Exchange) -> [Action] {
        unresolved = nil
        recoveries += 1
        state = .replica(.recovering)
        return [.cancelTimer(exchange.timer)] + become(.connected) + [.recover(recovery)]
    }

    private func isTooLarge(_ failure: RequestFailure) -> Bool {
        if case .service(let error, _) = failure { error.code == .tooLarge } else { false }
    }

    /// False when the batch is as small as it gets. A smaller one begins with the same seqs.
    private mutating func shrink(_ request: OperationsRequest) -> Bool {
        let smaller = max(1, min(limit, request.operations.count) / 2)
        guard smaller < limit else { return false }
        limit = smaller
        unresolved = nil
        return true
    }

    mutating func timerFired(_ id: TimerID, random: UInt64) -> [Action] {
        switch state {
        case .sending(let exchange):
            exchange.timer == id ? [.cancelRequest(exchange.id)] + fail(.timedOut, random: random) : []
        case .waiting(let timer):
            timer == id ? goOn() : []
        case .idle, .paused, .replica:
            []
        }
    }
}

extension QueueSender.Recovery {
    fileprivate init?(_ failure: RequestFailure) {
        guard case .service(let error, _) = failure else { return nil }
        switch error.code {
        case .sequenceGap:
            guard let expected = error.expectedSeq else { return nil }
            self = .sequenceGap(expected: expected)
        case .epochChanged:
            guard let epoch = error.epoch, let lastSeq = error.lastSeq else { return nil }
            self = .epochChanged(epoch, lastSeq: lastSeq)
        case .unauthorized, .badRequest, .tooLarge, .protocolUnsupported, .replicaInUse, .notReady, .internal:
            return nil
        }
    }
}
