import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import Replica

/// Connections come, ask and go.
extension DaemonCore {
    func connected(_ connection: Connection) {
        clients[connection.id] = ClientSession(connection: connection)
        rearmIdleExit()
    }

    func requested(_ request: Request, _ connection: Connection) {
        // The connection may have closed while the event waited.
        guard clients[connection.id] != nil else { return }
        let caller = Caller(client: connection.id, request: request.id)
        do throws(ResponseError) {
            guard let handler = Handlers.table[request.method] else {
                throw ResponseError(
                    .methodNotFound, "There is no method \(request.method.prefix(64)): see Protocol/daemon.md.")
            }
            if let result = try handler.answer(request, caller, self) {
                connection.answer(request.id, serializedResult: result)
            }
        } catch {
            connection.answer(request.id, .error(error))
        }
    }

    func cancelled(_ id: JSONRPC.RequestID, _ connection: Connection) {
        guard waiters.remove(Caller(client: connection.id, request: id)) else { return }
        connection.answer(id, .error(ResponseError(.cancelled, "The client cancelled the request.")))
    }

    /// The client has taken what was queued: what it missed meanwhile, collapsed.
    func drained(_ connection: Connection) {
        guard let missed = clients[connection.id]?.missed else { return }
        clients[connection.id]?.missed = ClientSession.Missed()
        for id in missed.shapeStatuses { tellStatus(ofSubscription: id, to: connection.id) }
        tellOperations(missed.operations, to: connection.id)
        if missed.status, let lastStatus { tell(lastStatus, to: connection.id) }
    }

    func closed(_ connection: Connection) {
        waiters.removeAll(of: connection.id)
        guard let session = clients.removeValue(forKey: connection.id) else { return }
        for shape in session.subscriptions.map(\.shape) {
            replica.noteUse(ofShape: shape)
            dropIfEnded(shape)
        }
        rearmIdleExit()
    }

    /// A shape that the service does not serve is kept only as long as somebody looks at it, or waits for it.
    func dropIfEnded(_ shape: String) {
        guard case .ended? = replica.heldShape(shape)?.status, !isSubscribed(shape),
            !waiters.isAwaited(shape: shape)
        else { return }
        keeping { () throws(ReplicaError) in effects.append(try replica.forget(shape: shape)) }
        reconcileShapes()
    }

    func isSubscribed(_ shape: String) -> Bool {
        clients.values.contains { $0.subscriptions.contains { $0.shape == shape } }
    }

    /// In the order in which they came.
    var clientIDs: [Int] { clients.keys.sorted() }

    /// The same of some. As a rule none, after every single event.
    func clientIDs(where isMeant: (ClientSession) -> Bool) -> [Int] {
        clients.values.contains(where: isMeant) ? clientIDs.filter { clients[$0].map(isMeant) ?? false } : []
    }
}
