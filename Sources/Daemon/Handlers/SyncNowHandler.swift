import DaemonProtocol
import JSONRPC

enum SyncNowHandler: RequestHandler {
    typealias Method = SyncNow

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> SyncStatus? {
        core.sync(.nudged)
        return core.status
    }
}
