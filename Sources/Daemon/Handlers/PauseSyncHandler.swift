import DaemonProtocol
import JSONRPC
import Replica

enum PauseSyncHandler: RequestHandler {
    typealias Method = PauseSync

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SyncStatus? {
        // On disk first: a pause that was answered survives the process.
        try answering { () throws(ReplicaError) in try core.replica.setPaused(true) }
        core.sync(.paused)
        return core.status
    }
}
