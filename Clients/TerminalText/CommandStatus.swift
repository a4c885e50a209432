import JSONRPC

/// What the process answers to scripts.
package enum CommandStatus: Int32, Hashable, Sendable {
    case success = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case unreachable = 4
    /// A conflict, or changes that need a person.
    case conflict = 5
    case interrupted = 130

    /// By the code of the daemon's error.
    package init(_ error: ResponseError) {
        switch error.code {
        case ProtocolErrorCode.invalidParams.rawValue, ProtocolErrorCode.methodNotFound.rawValue, 1002, 1004, 1009:
            self = .usage
        case 1001, 1003, 1011: self = .notFound
        case ProtocolErrorCode.cancelled.rawValue: self = .interrupted
        default: self = .failed
        }
    }
}
