import DaemonProtocol
import JSONRPC

enum StopDaemonHandler: RequestHandler {
    typealias Method = StopDaemon

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> Nothing? {
        core.requestStop()
        return Nothing()
    }
}
