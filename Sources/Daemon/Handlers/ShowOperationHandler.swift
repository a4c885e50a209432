import DaemonProtocol
import JSONRPC
import Replica
import SyncModel

enum ShowOperationHandler: RequestHandler {
    typealias Method = ShowOperation

    static func answer(
        _ params: ShowOperation.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> OperationDetail? {
        let record = try answering { () throws(ReplicaError) in try core.replica.operation(params.id) }
        guard let record else {
            throw ResponseError(
                .unknownOperation,
                "There is no operation \(params.id.description.prefix(128)): confirmed ones are listed for 24 hours.")
        }
        return record.detail
    }
}
