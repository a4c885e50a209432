import DaemonProtocol
import JSONRPC
import JSONText

/// Answers the requests of one method. Runs to its end inside one event of the core.
protocol RequestHandler: Sendable {
    associatedtype Method: RequestMethod
    /// nil: answered later, by a waiter.
    static func answer(
        _ params: Method.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> Method.Result?

    /// The result as compact JSON. Written by those alone who have it ready.
    static func answer(_ request: Request, _ caller: Caller, _ core: DaemonCore) throws(ResponseError) -> [UInt8]?
}

extension RequestHandler {
    static var method: String { Method.method }

    static func answer(_ request: Request, _ caller: Caller, _ core: DaemonCore) throws(ResponseError) -> [UInt8]? {
        try answer(try Method.params(of: request), caller, core)?.json.serialized()
    }
}

/// Which handler answers which method. `shutdown` is the session's own.
enum Handlers {
    static let all: [any RequestHandler.Type] = [
        InitializeHandler.self,
        SubscribeShapeHandler.self, ReadShapeHandler.self, UnsubscribeShapeHandler.self,
        ListShapesHandler.self, ForgetShapeHandler.self, ExplainShapeHandler.self,
        EnterViewHandler.self, LeaveViewHandler.self, ListViewsHandler.self,
        SubmitOperationsHandler.self, ListOperationsHandler.self, ShowOperationHandler.self,
        RetryOperationHandler.self, CancelOperationHandler.self,
        ReadSyncStatusHandler.self, SyncNowHandler.self, PauseSyncHandler.self, ResumeSyncHandler.self,
        WaitForSyncHandler.self,
        ReadDaemonInfoHandler.self, StopDaemonHandler.self,
    ]

    static let table: [String: any RequestHandler.Type] = Dictionary(
        uniqueKeysWithValues: all.map { ($0.method, $0) })
}
