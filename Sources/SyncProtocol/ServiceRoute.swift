/// The routes of the service, and what a request to each must look like.
package enum ServiceRoute: String, CaseIterable, Sendable {
    case sync = "/v1/sync"
    case operations = "/v1/operations"
    case schema = "/v1/schema"
    case explain = "/v1/explain"
    case health = "/v1/health"
    /// Electric's wire.
    case shape = "/v1/shape"

    package var path: String { rawValue }

    package var method: String {
        switch self {
        case .sync, .operations, .explain: "POST"
        case .schema, .health, .shape: "GET"
        }
    }
}

/// The version that `protocol` names in every request and answer.
package enum ProtocolVersion {
    package static let current: Int64 = 1
}

/// Names of the headers that both sides use, in lower case.
package enum ServiceHeader {
    package static let authorization = "authorization"
    /// Who is asking, in `auth.mode: insecure`.
    package static let user = "satchel-user"
    package static let contentType = "content-type"
    package static let retryAfter = "retry-after"
    package static let entityTag = "etag"
    package static let ifNoneMatch = "if-none-match"

    package static let json = "application/json"
    package static let jsonLines = "application/x-ndjson"
}
