import DaemonProtocol
import JSONRPC

enum ReadDaemonInfoHandler: RequestHandler {
    typealias Method = ReadDaemonInfo

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> DaemonInfo? { core.info }

    static func answer(_ request: Request, _ caller: Caller, _ core: DaemonCore) throws(ResponseError) -> [UInt8]? {
        _ = try Method.params(of: request)
        return core.infoText
    }
}
