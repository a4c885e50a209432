import DaemonProtocol
import JSONRPC

enum ReadDaemonInfoHandler: RequestHandler {
    typealias Method = ReadDaemonInfo

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> DaemonInfo? { core.info }
}
