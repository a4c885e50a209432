import DaemonProtocol
import JSONRPC
import Replica

enum ResumeSyncHandler: RequestHandler {
    typealias Method = ResumeSync

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SyncStatus? {
        try answering { () throws(ReplicaError) in try core.replica.setPaused(false) }
        core.sync(.resumed)
        return core.status
    }
}
