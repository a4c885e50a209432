/// Why PostgreSQL, or the way to it, refused something.
package struct PostgresError: Error, Hashable, Sendable {
    /// A SQLSTATE of five characters, or a word for what only the client side knows.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The first two characters of a SQLSTATE; nil for the client's own codes.
        package var sqlStateClass: String? { rawValue.utf8.count == 5 ? String(rawValue.prefix(2)) : nil }
    }

    package let code: Code
    package let message: String
    package let detail: String?
    package let hint: String?
    package let constraint: String?
    package let schema: String?
    package let table: String?
    package let column: String?
    /// `ERROR`, `FATAL`, `PANIC`: never translated. nil for the client's own errors.
    package let severity: String?

    package init(
        _ code: Code, _ message: String, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil,
        schema: String? = nil, table: String? = nil, column: String? = nil, severity: String? = nil
    ) {
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
        self.schema = schema
        self.table = table
        self.column = column
        self.severity = severity
    }

    /// The connection is gone: a new one is needed before anything else can be asked.
    package var isConnectionLost: Bool {
        if code == .connectionFailed || code == .connectionLost || code.sqlStateClass == "08" { return true }
        return Self.endsConnection.contains(code)
    }

    /// The same thing, asked again later (after connecting again where the connection is lost), may succeed.
    package var isRetryable: Bool { isConnectionLost || Self.passes.contains(code) }

    private static let endsConnection: Set<Code> = [
        .adminShutdown, .crashShutdown, .cannotConnectNow, .databaseDropped, .idleSessionTimeout,
    ]

    private static let passes: Set<Code> = [
        .serializationFailure, .deadlockDetected, .lockNotAvailable, .tooManyConnections, .objectInUse,
        .planChanged,
    ]
}

extension PostgresError.Code {
    // The client's own.
    /// No connection came to be.
    package static let connectionFailed = Self(rawValue: "connection_failed")
    /// The connection broke; whether the last statement took effect is unknown.
    package static let connectionLost = Self(rawValue: "connection_lost")
    /// A connection string, name or value that cannot be sent.
    package static let invalidArgument = Self(rawValue: "invalid_argument")
    /// The server sent what this program does not understand.
    package static let protocolViolation = Self(rawValue: "protocol_violation")
    /// The server lacks, or is not set up for, what Satchel needs.
    package static let notSupported = Self(rawValue: "not_supported")
    /// A statement was prepared before its table changed. Asked again, it is prepared anew.
    package static let planChanged = Self(rawValue: "plan_changed")
    /// A program of the PostgreSQL installation failed or is missing.
    package static let clusterFailed = Self(rawValue: "cluster_failed")

    // SQLSTATEs (PostgreSQL manual, appendix A).
    package static let invalidText = Self(rawValue: "22021")
    package static let invalidTextRepresentation = Self(rawValue: "22P02")
    package static let notNullViolation = Self(rawValue: "23502")
    package static let foreignKeyViolation = Self(rawValue: "23503")
    package static let uniqueViolation = Self(rawValue: "23505")
    package static let checkViolation = Self(rawValue: "23514")
    package static let exclusionViolation = Self(rawValue: "23P01")
    package static let failedTransaction = Self(rawValue: "25P02")
    package static let serializationFailure = Self(rawValue: "40001")
    package static let deadlockDetected = Self(rawValue: "40P01")
    package static let insufficientPrivilege = Self(rawValue: "42501")
    package static let syntaxError = Self(rawValue: "42601")
    package static let undefinedColumn = Self(rawValue: "42703")
    package static let undefinedObject = Self(rawValue: "42704")
    package static let undefinedTable = Self(rawValue: "42P01")
    package static let duplicateObject = Self(rawValue: "42710")
    package static let tooManyConnections = Self(rawValue: "53300")
    package static let objectNotInPrerequisiteState = Self(rawValue: "55000")
    package static let objectInUse = Self(rawValue: "55006")
    package static let lockNotAvailable = Self(rawValue: "55P03")
    package static let queryCanceled = Self(rawValue: "57014")
    package static let adminShutdown = Self(rawValue: "57P01")
    package static let crashShutdown = Self(rawValue: "57P02")
    package static let cannotConnectNow = Self(rawValue: "57P03")
    package static let databaseDropped = Self(rawValue: "57P04")
    package static let idleSessionTimeout = Self(rawValue: "57P05")
}

extension PostgresError: CustomStringConvertible {
    /// `23505: duplicate key value … (detail; hint)`
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        let more = [detail, hint].compactMap { $0 }
        if !more.isEmpty { text += " (\(more.joined(separator: "; ")))" }
        return text
    }
}
