import DaemonProtocol
import JSONRPC

enum WaitForSyncHandler: RequestHandler {
    typealias Method = WaitForSync

    static func answer(
        _ params: WaitForSync.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SyncStatus? {
        guard !core.isStopping else { throw ResponseError(.cancelled, "The daemon ends.") }
        core.wait(caller, for: .emptyQueue, timeout: params.timeout)
        return nil
    }
}
