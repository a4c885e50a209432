import SyncModel

/// The reasons for which an operation is refused or conflicts, as `Reason.code` carries them.
package enum VerdictReason: String, CaseIterable, Hashable, Sendable {
    case rowMissing = "row_missing"
    case rowExists = "row_exists"
    case uniqueViolation = "unique_violation"
    case foreignKeyViolation = "foreign_key_violation"
    case notNullViolation = "not_null_violation"
    case checkViolation = "check_violation"
    case invalidValue = "invalid_value"
    case unknownTable = "unknown_table"
    case unknownColumn = "unknown_column"
    /// Another operation of its group was refused.
    case groupFailed = "group_failed"
    case notSupported = "not_supported"
    /// The device gave it up: the service refused every request with it, for this.
    case badRequest = "bad_request"
    case tooLarge = "too_large"

    package func reason(_ message: String) -> Reason { Reason(code: rawValue, message: message) }
}
