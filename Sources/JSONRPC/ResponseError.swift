import JSONText

/// The error member of an answer. `data` is always `{code, retryable}`, sometimes with more.
package struct ResponseError: Error, Hashable, Sendable {
    package let code: Int
    /// A sentence for people that says what to do.
    package let message: String
    package let data: JSON?

    package init(code: Int, message: String, data: JSON?) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// An error of the protocol itself.
    package init(_ code: ProtocolErrorCode, _ message: String) {
        self.init(
            code: code.rawValue, message: message, data: ["code": .string(code.name), "retryable": false])
    }
}

/// The errors that the protocol itself gives, before any method is reached. The last is of the application's
/// range: framing and session have limits, too.
package enum ProtocolErrorCode: Int, Hashable, Sendable, CaseIterable {
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    case internalError = -32603
    case notInitialized = -32002
    case cancelled = -32800
    case tooLarge = 1009

    /// `data.code`: what programs should look at.
    package var name: String {
        switch self {
        case .parseError: "parse_error"
        case .invalidRequest: "invalid_request"
        case .methodNotFound: "method_not_found"
        case .invalidParams: "invalid_params"
        case .internalError: "internal_error"
        case .notInitialized: "not_initialized"
        case .cancelled: "cancelled"
        case .tooLarge: "too_large"
        }
    }
}

extension ResponseError {
    /// nil when this is no error object. Used by clients: members they do not know are left out.
    package init?(json: JSON) {
        guard let code = json["code"]?.int, let message = json["message"]?.string else { return nil }
        self.init(code: Int(code), message: message, data: json["data"])
    }

    package var json: JSON {
        var object: JSONObject = ["code": .int(Int64(code)), "message": .string(message)]
        object["data"] = data
        return .object(object)
    }
}
