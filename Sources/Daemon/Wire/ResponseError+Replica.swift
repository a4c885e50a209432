import DaemonProtocol
import JSONRPC
import Replica
import Shapes

/// The one place where errors of the layers below become the wire's.
extension ResponseError {
    init(_ error: ReplicaError) {
        let sentence = error.message.hasSuffix(".") ? error.message : "\(error.message)."
        switch error.code {
        case .storage, .corrupt: self.init(DaemonErrorCode.storage, sentence)
        case .invalidShape: self.init(DaemonErrorCode.invalidShape, sentence)
        // Shapes are named by subscriptions here: the subscription outlived its shape.
        case .unknownShape: self.init(DaemonErrorCode.unknownSubscription, sentence)
        case .invalidOperation: self.init(DaemonErrorCode.invalidOperation, sentence)
        case .unknownOperation: self.init(DaemonErrorCode.unknownOperation, sentence)
        case .queueFull: self.init(DaemonErrorCode.queueFull, sentence)
        case .tooLarge: self.init(DaemonErrorCode.tooLarge, sentence)
        case .schemaUnknown: self.init(DaemonErrorCode.schemaUnknown, sentence)
        case .invalidCursor: self.init(ProtocolErrorCode.invalidParams, "cursor: \(sentence)")
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
