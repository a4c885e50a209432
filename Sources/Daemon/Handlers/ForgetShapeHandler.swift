import DaemonProtocol
import JSONRPC
import Replica

enum ForgetShapeHandler: RequestHandler {
    typealias Method = ForgetShape

    static func answer(
        _ params: ForgetShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> Nothing? {
        guard !core.isSubscribed(params.shape) else {
            throw ResponseError(
                .shapeInUse,
                "Shape \(params.shape.prefix(64)) has subscribers: unsubscribe (or end the programs that show it) first."
            )
        }
        guard core.replica.heldShape(params.shape) != nil else {
            throw ResponseError(
                .unknownShape, "This device holds no shape \(params.shape.prefix(64)): shape/list names those it holds."
            )
        }
        let effects = try answering { () throws(ReplicaError) in try core.replica.forget(shape: params.shape) }
        core.effects.append(effects)
        core.reconcileShapes()
        return Nothing()
    }
}
