import JSONRPC
import JSONText

/// One request of the daemon's protocol.
package protocol RequestMethod: Sendable {
    static var method: String { get }
    associatedtype Params: WireValue
    associatedtype Result: WireValue
}

/// One notification, in either direction.
package protocol NotificationMethod: Sendable {
    static var method: String { get }
    associatedtype Params: WireValue
}

extension RequestMethod {
    /// Reads the parameters of a request of this method; the error is the answer to give.
    package static func params(of request: Request) throws(ResponseError) -> Params {
        do throws(WireError) {
            return try Params(json: request.params ?? [:])
        } catch {
            throw ResponseError(.invalidParams, error.description)
        }
    }

    package static func request(id: RequestID, _ params: Params) -> Request {
        Request(id: id, method: method, params: params.json)
    }

    package static func response(to id: RequestID, _ result: Result) -> Response {
        Response(id: id, result: result.json)
    }
}

extension NotificationMethod {
    package static func notification(_ params: Params) -> Notification {
        Notification(method: method, params: params.json)
    }
}

/// Every method of the protocol, in the order of `Protocol/daemon.md`.
package enum Registry {
    package static let requests: [any RequestMethod.Type] = [
        Initialize.self, Shutdown.self,
        SubscribeShape.self, ReadShape.self, UnsubscribeShape.self,
        ListShapes.self, ForgetShape.self, ExplainShape.self,
        EnterView.self, LeaveView.self, ListViews.self,
        SubmitOperations.self, ListOperations.self, ShowOperation.self, RetryOperation.self, CancelOperation.self,
        ReadSyncStatus.self, SyncNow.self, PauseSync.self, ResumeSync.self, WaitForSync.self,
        ReadDaemonInfo.self, StopDaemon.self,
    ]

    package static let clientNotifications: [any NotificationMethod.Type] = [
        Initialized.self, Exit.self, CancelRequest.self,
    ]

    package static let daemonNotifications: [any NotificationMethod.Type] = [
        ShapeChanged.self, ShapeStatusChanged.self, OperationsChanged.self, SyncStatusChanged.self,
    ]
}
