import SyncModel

/// An error of the service, as its one error object carries it:
/// `{"error": {"code": "...", "message": "what to do", "retry": "now|later|never", ...}}`.
package struct ServiceError: Error, Hashable, Sendable {
    /// The one table of codes, with HTTP status and retry rule beside each.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        /// Token missing, wrong or expired.
        case unauthorized
        /// The request is not of this form; the message names the member.
        case badRequest = "bad_request"
        /// A limit was passed; the message names it and its figure.
        case tooLarge = "too_large"
        case protocolUnsupported = "protocol_unsupported"
        /// The database has another history than the one that the request names.
        case epochChanged = "epoch_changed"
        case sequenceGap = "sequence_gap"
        /// The replica id belongs to another user.
        case replicaInUse = "replica_in_use"
        /// The mirror is being copied, or PostgreSQL is away.
        case notReady = "not_ready"
        case `internal`

        package var status: Int {
            switch self {
            case .badRequest, .protocolUnsupported: 400
            case .unauthorized: 401
            case .replicaInUse: 403
            case .epochChanged, .sequenceGap: 409
            case .tooLarge: 413
            case .internal: 500
            case .notReady: 503
            }
        }

        package var retry: Retry {
            switch self {
            case .epochChanged, .sequenceGap: .now
            case .unauthorized, .notReady, .internal: .later
            case .badRequest, .tooLarge, .protocolUnsupported, .replicaInUse: .never
            }
        }
    }

    /// Whether the same request can succeed another time. `never`: not before somebody changed something.
    package enum Retry: String, CaseIterable, Hashable, Sendable { case now, later, never }

    package let code: Code
    package let message: String
    /// `epoch_changed`: the database's present history.
    package let epoch: Epoch?
    /// `epoch_changed`: the greatest seq of this replica that the new history holds.
    package let lastSeq: Int64?
    /// `sequence_gap`: the next seq that the service can take.
    package let expectedSeq: Int64?

    package init(
        _ code: Code, _ message: String, epoch: Epoch? = nil, lastSeq: Int64? = nil, expectedSeq: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.epoch = epoch
        self.lastSeq = lastSeq
        self.expectedSeq = expectedSeq
    }

    package static func badRequest(_ message: String) -> ServiceError { ServiceError(.badRequest, message) }

    package static func tooLarge(_ limit: String, _ figure: Int) -> ServiceError {
        ServiceError(.tooLarge, "\(limit) is limited to \(figure)")
    }

    package static func epochChanged(to epoch: Epoch, lastSeq: Int64) -> ServiceError {
        ServiceError(
            .epochChanged, "the database has another history, \(epoch): resume after seq \(lastSeq)",
            epoch: epoch,
            lastSeq: lastSeq)
    }

    package static func sequenceGap(expected: Int64) -> ServiceError {
        ServiceError(.sequenceGap, "send seq \(expected) next", expectedSeq: expected)
    }
}
