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
        return post(request)
    }

    /// Gives up what the service refuses, and cannot be made smaller. What is unresolved stays so: where this is
    /// refused too, the service takes nothing of this replica, and the operations are none the worse for it.
    private mutating func withdraw(_ refused: OperationsRequest, for reason: Reason) -> [Action] {
        post(
            OperationsRequest(
                replica: refused.replica, epoch: refused.epoch, acknowledged: refused.acknowledged, operations: [],
                withdrawal: Withdrawal(operations: refused.entries, reason: reason.storable)))
    }

    private mutating func post(_ request: OperationsRequest) -> [Action] {
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
            state = .replica(.delivering)
            if !exchange.request.operations.isEmpty { limit = min(fullLimit, limit * 2) }
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
            guard let reason = Self.blame(failure), !exchange.request.operations.isEmpty else {
                return fail(failure, random: random)
            }
            if exchange.request.isIndivisible { return withdraw(exchange.request, for: reason) }
            limit = max(1, min(limit, exchange.request.operations.count) / Self.cut)
            // A smaller batch begins with the same seqs. One after another, with nothing taken between, they wait.
            unresolved = nil
            let isFirst = backoff.failures == 0
            let delay = backoff.next(random: random)
            return isFirst ? goOn(without: exchange.timer) : wait(milliseconds: delay)
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

extension Reason {
    /// As the service takes it back: its message may repeat what the operation holds, at any length.
    fileprivate var storable: Reason {
        var message = ""
        var room = ProtocolLimits.reasonBytes
        for scalar in self.message.unicodeScalars where scalar.value >= 0x20 {
            room -= UTF8.width(scalar)
            if room < 0 { break }
            message.unicodeScalars.append(scalar)
        }
        return Reason(code: code, message: message)
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
