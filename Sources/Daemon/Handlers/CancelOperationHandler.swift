import DaemonProtocol
import JSONRPC
import Replica
import SyncModel

enum CancelOperationHandler: RequestHandler {
    typealias Method = CancelOperation

    static func answer(
        _ params: CancelOperation.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> CancelOperation.Result? {
        let cancelled = try answering { () throws(ReplicaError) in
            try core.replica.cancel(params.id, withDependents: params.withDependents)
        }
        core.effects.append(cancelled.effects)
        // What waited behind a parked one can go.
        core.sync(.queueChanged)
        return CancelOperation.Result(operations: cancelled.operations, dependents: cancelled.staying)
    }
}
