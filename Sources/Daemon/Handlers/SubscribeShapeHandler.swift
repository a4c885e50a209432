import DaemonProtocol
import JSONRPC
import JSONText
import Replica
import Shapes
import SyncModel

enum SubscribeShapeHandler: RequestHandler {
    typealias Method = SubscribeShape

    static func answer(
        _ params: SubscribeShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SubscribeShape.Result? {
        let shape = try core.hold(params.definition)
        let page = try core.firstPage(shape, limit: params.limit, isPartial: params.isPartial)
        let id = core.clients[caller.client]?.subscribe(
            to: shape.id, since: page.sequence, isPartial: params.isPartial, isUnderway: page.status == .initial)
        guard let id else { return nil }
        return SubscribeShape.Result(subscription: id, page: page)
    }
}

extension DaemonCore {
    /// With a limit of 0, the cursor is that of the beginning.
    func firstPage(_ shape: HeldShape, limit: Int, isPartial: Bool) throws(ResponseError) -> ShapePage {
        let page = try page(shape.id, cursor: nil, limit: max(limit, 1), isPartial: isPartial)
        if limit > 0 { return page }
        return ShapePage(
            status: page.status, sequence: page.sequence, rows: [], next: page.rows.isEmpty ? nil : "",
            isComplete: page.isComplete, failures: page.failures)
    }

    func hold(_ json: JSON) throws(ResponseError) -> HeldShape {
        let definition = try definition(json)
        let held = try answering { () throws(ReplicaError) in
            try replica.hold(definition, at: now.microseconds) { self.shapesInUse }
        }
        effects.append(held.effects)
        reconcileShapes()
        return held.shape
    }
}
