import SyncModel

/// Why the replica refused, or could not do, what it was asked for. Nothing was changed.
package struct ReplicaError: Error, Hashable, Sendable {
    package enum Code: String, Hashable, Sendable {
        /// The disk or SQLite refused.
        case storage
        /// The file is no replica, or is damaged.
        case corrupt
        case invalidShape
        case unknownShape
        /// Schema, type or key do not fit.
        case invalidOperation
        case unknownOperation
        case queueFull
        case tooLarge
        /// The table is not known, because the service was never reached.
        case schemaUnknown
        /// A cursor that `read` did not give out.
        case invalidCursor
    }

    package let code: Code
    /// A sentence for people that says what to do.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ReplicaError {
    /// What was asked for is not to blame.
    package var isOfStorage: Bool {
        switch code {
        case .storage, .corrupt: true
        case .invalidShape, .unknownShape, .invalidOperation, .unknownOperation, .queueFull, .tooLarge, .schemaUnknown,
            .invalidCursor:
            false
        }
    }
}

extension ReplicaError: CustomStringConvertible {
    package var description: String { message }
}
