import DaemonProtocol
import JSONRPC
import Replica
import SyncModel

enum ReadShapeHandler: RequestHandler {
    typealias Method = ReadShape

    static func answer(
        _ params: ReadShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ShapePage? {
        let shape: String
        var isPartial = params.isPartial
        switch params.source {
        case .definition(let definition): shape = try core.hold(definition).id
        case .subscription(let id):
            let subscription = try core.subscription(id, of: caller)
            shape = subscription.shape
            isPartial = isPartial || subscription.isPartial
        }
        // The cursor of the beginning, which `shape/subscribe` gives with a limit of 0.
        let cursor = params.cursor == "" ? nil : params.cursor
        let read = ReadShape.Params(
            source: params.source, cursor: cursor, limit: params.limit, isPartial: isPartial,
            withPlaces: params.withPlaces)
        guard let wait = params.wait, !core.isStopping, isUnderway(shape, core) else {
            return try core.read(shape, read)
        }
        core.wait(caller, for: .liveShape(shape, read), timeout: wait)
        return nil
    }

    private static func isUnderway(_ shape: String, _ core: DaemonCore) -> Bool {
        core.replica.heldShape(shape)?.status.isUnderway ?? false
    }
}

extension DaemonCore {
    /// One that the service does not serve is an error where the definition itself was given: nobody holds it then, and
    /// it is let go.
    func read(_ shape: String, _ params: ReadShape.Params) throws(ResponseError) -> ShapePage {
        if case .definition = params.source, let held = replica.heldShape(shape), let reason = held.status.reason {
            let message = replica.advice(on: held.definition) ?? reason.message
            dropIfEnded(shape)
            throw ResponseError(DaemonErrorCode.invalidShape, message)
        }
        return try page(
            shape, cursor: params.cursor, limit: params.limit, isPartial: params.isPartial,
            withPlaces: params.withPlaces)
    }

    func subscription(_ id: String, of caller: Caller) throws(ResponseError) -> Subscription {
        guard let subscription = clients[caller.client]?.subscription(id) else {
            throw ResponseError(
                .unknownSubscription, "This connection has no subscription \(id.prefix(64)): subscribe again.")
        }
        return subscription
    }
}
