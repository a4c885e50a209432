import JSONRPC
import JSONText

/// The errors of the daemon's own range (`Protocol/daemon.md`, "Errors"); those of JSON-RPC are
/// `ProtocolErrorCode`.
package enum DaemonErrorCode: Int, Hashable, Sendable, CaseIterable {
    case unknownSubscription = 1001
    /// The definition cannot be served; the message says where.
    case invalidShape = 1002
    case unknownOperation = 1003
    /// Schema, type or key do not fit; nothing was stored.
    case invalidOperation = 1004
    /// The limit and its figure; go on when some are confirmed.
    case queueFull = 1005
    /// Online-only mode without a connection.
    case offline = 1006
    case timeout = 1007
    /// The disk refused.
    case storage = 1008
    /// A limit was passed.
    case tooLarge = 1009
    /// The daemon has never reached the service and does not know this table, or this name.
    case schemaUnknown = 1010
    /// The device holds no such shape.
    case unknownShape = 1011
    /// Somebody subscribes to it.
    case shapeInUse = 1012

    /// `data.code`
    package var name: String {
        switch self {
        case .unknownSubscription: "unknown_subscription"
        case .invalidShape: "invalid_shape"
        case .unknownOperation: "unknown_operation"
        case .invalidOperation: "invalid_operation"
        case .queueFull: "queue_full"
        case .offline: "offline"
        case .timeout: "timeout"
        case .storage: "storage"
        case .tooLarge: "too_large"
        case .schemaUnknown: "schema_unknown"
        case .unknownShape: "unknown_shape"
        case .shapeInUse: "shape_in_use"
        }
    }

    /// The same request may succeed later, without anybody changing it.
    package var isRetryable: Bool {
        switch self {
        case .queueFull, .offline, .timeout, .storage, .schemaUnknown, .shapeInUse: true
        case .unknownSubscription, .invalidShape, .unknownOperation, .invalidOperation, .tooLarge,
            .unknownShape:
            false
        }
    }
}

extension ResponseError {
    package init(_ code: DaemonErrorCode, _ message: String) {
        self.init(
            code: code.rawValue, message: message,
            data: ["code": .string(code.name), "retryable": .bool(code.isRetryable)])
    }

    /// `sync/wait` ran out of time: the status as it is then stands beside code and retryable.
    package static func timeout(_ message: String, status: SyncStatus) -> ResponseError {
        let code = DaemonErrorCode.timeout
        return ResponseError(
            code: code.rawValue, message: message,
            data: [
                "code": .string(code.name), "retryable": .bool(code.isRetryable), "status": status.json,
            ])
    }
}
