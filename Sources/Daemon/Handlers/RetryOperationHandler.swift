import DaemonProtocol
import JSONRPC
import Replica
import SyncModel

enum RetryOperationHandler: RequestHandler {
    typealias Method = RetryOperation

    static func answer(
        _ params: RetryOperation.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> RetryOperation.Result? {
        let retried = try answering { () throws(ReplicaError) in try core.replica.retry(params.id) }
        core.effects.append(retried.effects)
        var operations: [OperationSummary] = []
        for id in retried.operations {
            let record = try answering { () throws(ReplicaError) in try core.replica.operation(id) }
            if let record { operations.append(record.summary) }
        }
        core.sync(.queueChanged)
        return RetryOperation.Result(operations: operations)
    }
}
