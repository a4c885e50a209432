import DaemonProtocol
import JSONRPC

enum ReadSyncStatusHandler: RequestHandler {
    typealias Method = ReadSyncStatus

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SyncStatus? { core.status }
}
