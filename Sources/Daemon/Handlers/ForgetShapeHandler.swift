import DaemonProtocol
import JSONRPC
import Replica

enum ForgetShapeHandler: RequestHandler {
    typealias Method = ForgetShape

    static func answer(
        _ params: ForgetShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ForgetShape.Result? {
        switch params.target {
        case .shape(let shape):
            try forget(shape, core)
            return ForgetShape.Result(shapes: [shape])
        case .unused:
            let (shapes, effects) = try answering { () throws(ReplicaError) in
                try core.replica.forgetUnused(inUse: core.shapesInUse)
            }
            core.effects.append(effects)
            core.reconcileShapes()
            return ForgetShape.Result(shapes: shapes)
        }
    }

    private static func forget(_ shape: String, _ core: DaemonCore) throws(ResponseError) {
        guard !core.isSubscribed(shape) else {
            throw ResponseError(
                .shapeInUse,
                "Shape \(shape.prefix(64)) has subscribers: unsubscribe (or end the programs that show it) first."
            )
        }
        guard core.replica.heldShape(shape) != nil else {
            throw ResponseError(
                .unknownShape, "This device holds no shape \(shape.prefix(64)): shape/list names those it holds."
            )
        }
        let effects = try answering { () throws(ReplicaError) in try core.replica.forget(shape: shape) }
        core.effects.append(effects)
        core.reconcileShapes()
    }
}
