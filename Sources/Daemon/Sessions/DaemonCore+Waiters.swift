import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import JSONText
import NIOCore
import Replica
import SyncClient
import SyncModel

/// Requests that are answered when something has come about, or when they have waited long enough.
extension DaemonCore {
    /// `timeout`: milliseconds.
    @discardableResult
    func wait(_ caller: Caller, for wish: Waiter.Wish, timeout: Int?) -> WaiterID {
        let id = waiters.nextID()
        let deadline = timeout.map { timeout in
            loop.scheduleTask(in: .milliseconds(Int64(timeout))) { [post] in post(.waitedEnough(id)) }
        }
        waiters.add(Waiter(id: id, caller: caller, wish: wish, deadline: deadline))
        return id
    }

    func answerWaiters() {
        for waiter in waiters.all { advance(waiter) }
    }

    private func advance(_ waiter: Waiter) {
        switch waiter.wish {
        case .emptyQueue:
            guard pending == 0, !replica.asksForSequence else { return }
            let barrier = waiters.nextBarrier()
            waiters.set(waiter.id, .barrier(barrier))
            sync(.barrierRequested(barrier))
        case .barrier, .explanation: break
        case .caughtUp: finish(waiter, .result(status.json))
        case .liveShape(let shape, let params):
            if isReadable(shape) { finish(waiter, outcome(of: shape, params)) }
        case .verdicts(let result): advance(waiter, result)
        }
    }

    /// The shape is live, or will not become so.
    private func isReadable(_ shape: String) -> Bool {
        switch replica.heldShape(shape)?.status {
        case .live, .ended, nil: true
        case .initial, .stale: false
        }
    }

    private func advance(_ waiter: Waiter, _ submitted: SubmitOperations.Result) {
        var operations: [SubmitOperations.Accepted] = []
        var isDecided = true
        for operation in submitted.operations {
            guard let record = try? replica.operation(operation.id) else { continue }
            operations.append(SubmitOperations.Accepted(id: operation.id, state: record.state.wire))
            switch record.state {
            case .queued, .held, .sending: isDecided = false
            case .acknowledged, .confirmed, .parked: break
            }
        }
        if isDecided {
            finish(
                waiter,
                .result(SubmitOperations.Result(operations: operations, sequence: submitted.sequence).json))
        } else if coordinator.connection != .connected {
            finish(
                waiter,
                .error(
                    ResponseError(
                        .offline,
                        "The connection broke before the service answered: the operations may have been applied. Look "
                            + "with operation/show; they are lost if the daemon ends before it is back online.")))
        }
    }

    func waitedEnough(_ id: WaiterID) {
        guard let waiter = waiters[id] else { return }
        switch waiter.wish {
        case .emptyQueue:
            let moving =
                pending == 1 ? "1 operation is still on its way" : "\(pending) operations are still on their way"
            finish(waiter, .error(.timeout("\(moving).", status: status)))
        case .barrier, .caughtUp:
            finish(waiter, .error(.timeout("The service has not been heard of in that time.", status: status)))
        case .liveShape(let shape, let params): finish(waiter, outcome(of: shape, params))
        case .verdicts: finish(waiter, .error(.timeout("The service has not answered in time.", status: status)))
        case .explanation(let question):
            finish(waiter, outcome(of: question, because: "the service took longer than \(question.wait) ms"))
        }
    }

    /// What comes of it is looked up when it does not wait any more: the last who waits for a shape lets go of it.
    func finish(_ waiter: Waiter, _ outcome: @autoclosure () -> Response.Outcome) {
        waiters.remove(waiter.id)
        clients[waiter.caller.client]?.connection.answer(waiter.caller.request, outcome())
    }

    /// The daemon ends: everybody who waits is told so.
    func endWaiting() {
        for waiter in waiters.all {
            finish(waiter, .error(ResponseError(.cancelled, "The daemon ends. Start it again, then ask again.")))
        }
    }

    private func outcome(of shape: String, _ params: ReadShape.Params) -> Response.Outcome {
        do throws(ResponseError) {
            return .result(try read(shape, params).json)
        } catch {
            return .error(error)
        }
    }

    func page(
        _ shape: String, cursor: String?, limit: Int, isPartial: Bool, withPlaces: Bool = false
    ) throws(ResponseError) -> ShapePage {
        let page = try answering { () throws(ReplicaError) in
            try replica.read(shape: shape, after: cursor, limit: limit, isPartial: isPartial, withPlaces: withPlaces)
        }
        let failures = replica.heldShape(shape)?.failures ?? .none
        return RowForms(schema: replica.schema).page(page, failures: failures)
    }
}
