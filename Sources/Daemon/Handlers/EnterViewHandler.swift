import DaemonProtocol
import DataModel
import JSONRPC
import JSONText
import Replica
import Shapes
import SyncModel

enum EnterViewHandler: RequestHandler {
    typealias Method = EnterView

    static func answer(
        _ params: EnterView.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> EnterView.Result? {
        let parts = try core.naming { names throws(ShapeError) in
            try names.model.definitions(ofView: params.name, arguments: params.parameters, in: names.schema)
        }
        let view = EnteredView(name: params.name, parameters: params.parameters)
        let (shapes, effects) = try answering { () throws(ReplicaError) in
            try core.replica.enter(
                view, parts.map { $0.definition }, inUse: core.shapesInUse,
                at: core.now.microseconds)
        }
        core.effects.append(effects)
        core.reconcileShapes()
        let old = core.clients[caller.client]?.view ?? []
        var subscriptions: [EnterView.ViewSubscription] = []
        for (part, shape) in zip(parts, shapes) {
            let kept = old.first { id in core.clients[caller.client]?.subscription(id)?.shape == shape.id }
            guard let subscription = try subscribe(kept, to: shape, params, caller, core) else { return nil }
            subscriptions.append(
                EnterView.ViewSubscription(
                    shape: part.shape, subscription: subscription.id, isKept: kept != nil, page: subscription.page))
        }
        core.clients[caller.client]?.view = subscriptions.map(\.subscription)
        core.drop(old.filter { id in !subscriptions.contains { $0.subscription == id } }, of: caller)
        return EnterView.Result(subscriptions: subscriptions)
    }

    /// One that goes on has told the client its rows.
    private static func subscribe(
        _ kept: String?, to shape: HeldShape, _ params: EnterView.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> (id: String, page: ShapePage)? {
        let isPartial =
            kept.flatMap { core.clients[caller.client]?.subscription($0)?.isPartial } ?? params.isPartial
        let page = try core.firstPage(shape, limit: kept == nil ? params.limit : 0, isPartial: isPartial)
        if let kept {
            let none = ShapePage(
                status: page.status, sequence: page.sequence, rows: [], isComplete: page.isComplete,
                failures: page.failures)
            return (kept, none)
        }
        let id = core.clients[caller.client]?.subscribe(
            to: shape.id, since: page.sequence, isPartial: isPartial, isUnderway: page.status == .initial)
        return id.map { ($0, page) }
    }
}

extension DaemonCore {
    /// Shapes that some connection subscribes to, or waits for.
    var shapesInUse: Set<String> {
        Set(clients.values.flatMap { $0.subscriptions.map(\.shape) } + waiters.awaitedShapes)
    }

    /// Ends subscriptions of a view that was left.
    func drop(_ subscriptions: [String], of caller: Caller) {
        for id in subscriptions {
            guard let shape = clients[caller.client]?.subscription(id)?.shape else { continue }
            clients[caller.client]?.subscriptions.removeAll { $0.id == id }
            replica.noteUse(ofShape: shape)
            dropIfEnded(shape)
        }
    }
}
