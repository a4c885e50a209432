import DaemonProtocol
import JSONRPC

enum InitializeHandler: RequestHandler {
    typealias Method = Initialize

    static func answer(
        _ params: Initialize.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> DaemonInfo? {
        let version = params.protocolVersion ?? .current
        guard version.major == ProtocolVersion.current.major else {
            throw ResponseError(
                .invalidParams,
                "protocolVersion: the client speaks \(version.major).\(version.minor), the daemon speaks "
                    + "\(ProtocolVersion.current.major).\(ProtocolVersion.current.minor): use a client of the "
                    + "daemon's major version, or the other way round.")
        }
        if let token = params.token { try take(token, core) }
        core.clients[caller.client]?.isInitialized = true
        return core.info
    }

    private static func take(_ token: String, _ core: DaemonCore) throws(ResponseError) {
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw ResponseError(.invalidParams, "token: must be printable ASCII without spaces.")
        }
        if core.surroundings.credentials.take(token: token) { core.sync(.nudged) }
    }
}
