import NIOCore
import SyncClient
import SyncModel
import SyncProtocol
import Synchronization

/// One exchange with the service, fed on the port's thread.
private final class Exchange<State: Sendable>: Sendable {
    private let state: Mutex<State>

    init(_ state: State) {
        self.state = Mutex(state)
    }

    func receive<Outcome: Sendable>(_ body: (inout State) -> Outcome) -> Outcome {
        state.withLock { body(&$0) }
    }
}

/// Transfers and timers of the three machines.
extension DaemonCore {
    func ask(_ request: SyncRequest, _ id: SyncClient.RequestID) {
        nextRequest = (request, id)
        links.retryAt = nil
    }

    func sendNextRequest() {
        guard let next = nextRequest else { return }
        nextRequest = nil
        send(next.request, next.id)
    }

    private func send(_ request: SyncRequest, _ id: SyncClient.RequestID) {
        let exchange = Exchange(StreamExchange())
        let transfer = port.send(StreamExchange.request(request, as: surroundings.credentials.identity)) {
            [post] event in
            let (outcome, arrivals) = exchange.receive { state in
                let outcome = state.receive(event)
                return (outcome, state.takeArrivals())
            }
            if !arrivals.isEmpty { post(.arrived(arrivals, id)) }
            switch outcome {
            case nil: break
            case .progressed: post(.sync(.stream(.answerProgressed(id))))
            case .answered(let batch): post(.sync(.stream(.answerReceived(id, batch))))
            case .failed(let failure): post(.failed(.stream, id, failure))
            }
        }
        links[.stream].transfer = (id, transfer)
        hasLostArrivals = false
    }

    func send(_ request: OperationsRequest, _ id: SyncClient.RequestID) {
        let exchange = Exchange(OperationsExchange())
        let transfer = port.send(OperationsExchange.request(request, as: surroundings.credentials.identity)) {
            [post] event in
            switch exchange.receive({ $0.receive(event) }) {
            case nil: break
            case .success(let answer): post(.sync(.sender(.answerReceived(id, answer))))
            case .failure(let failure): post(.failed(.sender, id, failure))
            }
        }
        links[.sender].transfer = (id, transfer)
    }

    func fetchSchema(ifNoneMatch tag: String?, _ id: SyncClient.RequestID) {
        let exchange = Exchange(SchemaExchange())
        let request = SchemaExchange.request(ifNoneMatch: tag, as: surroundings.credentials.identity)
        let transfer = port.send(request) { [post] event in
            switch exchange.receive({ $0.receive(event) }) {
            case nil: break
            case .success(let answer):
                post(.sync(.schema(.answerReceived(id, answer.schema, entityTag: answer.entityTag))))
            case .failure(let failure): post(.failed(.schema, id, failure))
            }
        }
        links[.schema].transfer = (id, transfer)
    }

    func ask(_ request: ExplainRequest, for id: WaiterID) {
        let exchange = Exchange(ExplainExchange())
        explaining[id] = port.send(ExplainExchange.request(request, as: surroundings.credentials.identity)) {
            [post] event in
            if let answer = exchange.receive({ $0.receive(event) }) { post(.explained(id, answer)) }
        }
    }

    /// Nobody waits for them any more.
    func giveUpExplaining() {
        for (id, transfer) in explaining where waiters[id] == nil {
            explaining[id] = nil
            port.cancel(transfer)
        }
    }

    private var port: any HTTPPort { surroundings.port }

    func cancelTransfer(_ machine: SyncMachine, _ id: SyncClient.RequestID) {
        if machine == .stream, nextRequest?.id == id { nextRequest = nil }
        guard let transfer = links[machine].transfer, transfer.request == id else { return }
        links[machine].transfer = nil
        port.cancel(transfer.id)
    }

    func failed(_ machine: SyncMachine, _ id: SyncClient.RequestID, _ failure: RequestFailure) {
        links.finished(machine, id)
        if case .service(let error, _) = failure, error.code == .unauthorized { _ = surroundings.credentials.reload() }
        let random = surroundings.random()
        switch machine {
        case .stream: sync(.stream(.requestFailed(id, failure, random: random)))
        case .sender: sync(.sender(.requestFailed(id, failure, random: random)))
        case .schema: sync(.schema(.requestFailed(id, failure, random: random)))
        }
    }

    func startTimer(_ machine: SyncMachine, _ id: SyncClient.TimerID, _ milliseconds: Int) {
        links[machine].timer?.scheduled.cancel()
        let scheduled = loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { [post] in
            post(.timerFired(machine, id))
        }
        links[machine].timer = (id, scheduled)
        if machine == .stream, links[.stream].transfer == nil, nextRequest == nil {
            links.retryAt = now.microseconds + Int64(milliseconds) * 1000
        }
    }

    func cancelTimer(_ machine: SyncMachine, _ id: SyncClient.TimerID) {
        guard let timer = links[machine].timer, timer.id == id else { return }
        timer.scheduled.cancel()
        links[machine].timer = nil
        if machine == .stream { links.retryAt = nil }
    }

    func timerFired(_ machine: SyncMachine, _ id: SyncClient.TimerID) {
        if links[machine].timer?.id == id { links[machine].timer = nil }
        let random = surroundings.random()
        switch machine {
        case .stream: sync(.stream(.timerFired(id, random: random)))
        case .sender: sync(.sender(.timerFired(id, random: random)))
        case .schema: sync(.schema(.timerFired(id, random: random)))
        }
    }
}
