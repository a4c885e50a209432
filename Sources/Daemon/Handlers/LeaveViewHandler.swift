import DaemonProtocol
import JSONRPC
import Replica

enum LeaveViewHandler: RequestHandler {
    typealias Method = LeaveView

    static func answer(
        _ params: LeaveView.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> LeaveView.Result? {
        let left = core.replica.enteredView?.name
        core.drop(core.clients[caller.client]?.view ?? [], of: caller)
        core.clients[caller.client]?.view = []
        let (shapes, effects) = try answering { () throws(ReplicaError) in
            try core.replica.leaveView(forget: params.forget, inUse: core.shapesInUse)
        }
        core.effects.append(effects)
        core.reconcileShapes()
        return LeaveView.Result(left: left, shapes: params.forget ? shapes : nil)
    }
}
