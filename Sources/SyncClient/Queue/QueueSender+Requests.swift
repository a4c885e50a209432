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

    /// Does the service take anything of this replica? An empty request is answered with the greatest seq held.
    private mutating func probe(_ refused: OperationsRequest, _ doubt: Reason) -> [Action] {
        let empty = OperationsRequest(
            replica: refused.replica, epoch: refused.epoch, acknowledged: refused.acknowledged, operations: [])
        let exchange = Exchange(id: nextRequest(), timer: nextTimer(), request: empty, doubt: doubt)
        state = .sending(exchange)
        return [.send(empty, exchange.id), .startTimer(exchange.timer, milliseconds: Self.patience)]
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
            defer { unresolved = nil }
            recoveries = 0
            state = .replica(.delivering)
            let told = [.cancelTimer(exchange.timer)] + become(.connected)
            guard let doubt = exchange.doubt, let refused = unresolved else {
                if !answer.verdicts.isEmpty { limit = min(fullLimit, limit * 2) }
                return told + [.deliver(answer)]
            }
            let operations = refused.operations.map(\.operation.id)
            return told + [.refuse(Refusal(operations: operations, reason: doubt, lastSeq: answer.lastSeq))]
        case .idle, .paused, .replica, .waiting:
            return []
        }
    }

    mutating func requestFailed(_ id: RequestID, _ failure: RequestFailure, random: UInt64) -> [Action] {
        switch state {
        case .sending(let exchange):
            guard exchange.id == id else { return [] }
            if let recovery = Recovery(failure) { return recover(recovery, exchange) }
            guard let reason = Self.blame(failure), exchange.doubt == nil, !exchange.request.operations.isEmpty else {
                return fail(failure, random: random)
            }
            if exchange.request.isIndivisible { return probe(exchange.request, reason) }
            limit = max(1, min(limit, exchange.request.operations.count) / 2)
            // Nothing of it was carried out, and a smaller batch begins with the same seqs.
            unresolved = nil
            return goOn(without: exchange.timer)
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

    /// What is in the batch was refused, not who sends it or when: the same would be refused for ever.
    private static func blame(_ failure: RequestFailure) -> Reason? {
        guard case .service(let error, _) = failure else { return nil }
        switch error.code {
        case .badRequest, .tooLarge: return Reason(code: error.code.rawValue, message: error.message)
        case .unauthorized, .protocolUnsupported, .epochChanged, .sequenceGap, .replicaInUse, .notReady, .internal:
            return nil
        }
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

extension OperationsRequest {
    /// One operation, or one group: no part of it can be sent alone.
    fileprivate var isIndivisible: Bool {
        guard let first = operations.first, operations.count > 1 else { return true }
        return first.operation.group != nil && operations.allSatisfy { $0.operation.group == first.operation.group }
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
