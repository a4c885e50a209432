import SyncModel
import SyncProtocol

/// How a device stands with its service.
package enum ConnectionStatus: Hashable, Sendable {
    /// Not reached, or not able to serve now; nil while nothing was tried.
    case offline(Reason?)
    case connected
    /// Reached, but it will not serve this device until somebody changes something (token, version).
    case refused(Reason)
}

/// How a request ended without its answer.
package enum RequestFailure: Error, Hashable, Sendable {
    /// No connection, or it broke; the service may or may not have acted.
    case connection(String)
    /// Nothing came for too long.
    case timedOut
    /// The answer began and did not end.
    case cutOff
    /// The answer passed a limit, or is none that this version can read.
    case malformed(String)
    /// The service's own word. `retryAfter`: milliseconds that it asked for.
    case service(ServiceError, retryAfter: Int)

    package var status: ConnectionStatus {
        switch self {
        case .connection(let message): .offline(Reason(code: "connection", message: message))
        case .timedOut: .offline(Reason(code: "timeout", message: "the service does not answer"))
        case .cutOff: .offline(Reason(code: "connection", message: "the answer was cut off"))
        case .malformed(let message): .refused(Reason(code: "malformed_answer", message: message))
        case .service(let error, _): Self.status(of: error)
        }
    }

    private static func status(of error: ServiceError) -> ConnectionStatus {
        let reason = Reason(code: error.code.rawValue, message: error.message)
        return switch error.code {
        case .notReady, .internal, .epochChanged, .sequenceGap: .offline(reason)
        case .unauthorized, .badRequest, .tooLarge, .protocolUnsupported, .replicaInUse: .refused(reason)
        }
    }

    var retryAfter: Int {
        switch self {
        case .service(_, let retryAfter): retryAfter
        case .connection, .timedOut, .cutOff, .malformed: 0
        }
    }
}

/// Names one request of one machine, so that an answer to an abandoned one is recognised.
package struct RequestID: Hashable, Sendable {
    package let number: Int

    package init(_ number: Int) {
        self.number = number
    }
}

/// Names one timer of one machine. A machine has at most one running; starting the next ends the last.
package struct TimerID: Hashable, Sendable {
    package let number: Int

    package init(_ number: Int) {
        self.number = number
    }
}
