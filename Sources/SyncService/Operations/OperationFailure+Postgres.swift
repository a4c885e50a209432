import Postgres
import SyncModel

extension OperationFailure {
    /// What an error of PostgreSQL means for the operation that met it.
    init(_ error: PostgresError) {
        if error.isConnectionLost {
            self = .unavailable("PostgreSQL is away: \(error.message)")
        } else if error.isRetryable || error.code.sqlStateClass == "40" {
            self = .retry(error.message)
        } else if let refusal = Self.refusal(error) {
            self = .refused(refusal.outcome, Reason(code: refusal.code, message: Self.message(error)))
        } else {
            self = .unavailable(error.description)
        }
    }

    private static func refusal(_ error: PostgresError) -> (outcome: Verdict.Outcome, code: String)? {
        switch error.code {
        case .uniqueViolation, .exclusionViolation: return (.conflict, "unique_violation")
        case .foreignKeyViolation: return (.rejected, "foreign_key_violation")
        case .notNullViolation: return (.rejected, "not_null_violation")
        case .undefinedTable: return (.rejected, "unknown_table")
        case .undefinedColumn: return (.rejected, "unknown_column")
        case .invalidArgument: return (.rejected, "invalid_value")
        default: break
        }
        // Classes of PostgreSQL's manual, appendix A.
        switch error.code.sqlStateClass {
        case "21", "22", "54": return (.rejected, "invalid_value")
        // 23: the other constraints. The rest is what triggers and functions of the user raise.
        case "23", "09", "27", "2F", "38", "39", "44", "P0": return (.rejected, "check_violation")
        case "42" where ["42804", "42846", "42883"].contains(error.code.rawValue): return (.rejected, "invalid_value")
        case "0A", "42", "55": return (.rejected, "not_supported")
        default: return nil
        }
    }

    private static func message(_ error: PostgresError) -> String {
        error.detail.map { "\(error.message): \($0)" } ?? error.message
    }
}
