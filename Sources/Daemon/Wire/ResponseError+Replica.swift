import DaemonProtocol
import JSONRPC
import Replica
import Shapes

/// The one place where errors of the layers below become the wire's.
extension ResponseError {
    init(_ error: ReplicaError) {
        switch error.code {
        case .storage, .corrupt: self.init(DaemonErrorCode.storage, error.message)
        case .invalidShape: self.init(DaemonErrorCode.invalidShape, error.message)
        // Shapes are named by subscriptions here: the subscription outlived its shape.
        case .unknownShape: self.init(DaemonErrorCode.unknownSubscription, error.message)
        case .invalidOperation: self.init(DaemonErrorCode.invalidOperation, error.message)
        case .unknownOperation: self.init(DaemonErrorCode.unknownOperation, error.message)
        case .queueFull: self.init(DaemonErrorCode.queueFull, error.message)
        case .tooLarge: self.init(DaemonErrorCode.tooLarge, error.message)
        case .schemaUnknown: self.init(DaemonErrorCode.schemaUnknown, error.message)
        case .invalidCursor: self.init(ProtocolErrorCode.invalidParams, "cursor: \(error.message)")
        }
    }

    init(_ error: ShapeError) {
        self.init(DaemonErrorCode.invalidShape, error.description)
    }
}

/// Runs what the replica may refuse.
func answering<Result>(_ body: () throws(ReplicaError) -> Result) throws(ResponseError) -> Result {
    do throws(ReplicaError) {
        return try body()
    } catch {
        throw ResponseError(error)
    }
}
