import JSONText

package struct Request: Hashable, Sendable {
    package let id: RequestID
    package let method: String
    /// An object or an array, where given.
    package let params: JSON?

    package init(id: RequestID, method: String, params: JSON? = nil) {
        self.id = id
        self.method = method
        self.params = params
    }
}

package struct Notification: Hashable, Sendable {
    package let method: String
    package let params: JSON?

    package init(method: String, params: JSON? = nil) {
        self.method = method
        self.params = params
    }
}

package struct Response: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case result(JSON)
        case error(ResponseError)
    }

    /// nil: the request's id could not be read.
    package let id: RequestID?
    package let outcome: Outcome

    package init(id: RequestID?, outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }

    package init(id: RequestID?, result: JSON) { self.init(id: id, outcome: .result(result)) }
    package init(id: RequestID?, error: ResponseError) { self.init(id: id, outcome: .error(error)) }
}

package enum Message: Hashable, Sendable {
    case request(Request)
    case notification(Notification)
    case response(Response)
}

/// JSON, but no message. `id` is the request's, where it could be read.
package struct InvalidMessage: Error, Hashable, Sendable {
    package let id: RequestID?
    package let reason: String

    package init(id: RequestID?, reason: String) {
        self.id = id
        self.reason = reason
    }
}

extension Message {
    package init(json: JSON) throws(InvalidMessage) {
        guard let object = json.object else {
            throw InvalidMessage(id: nil, reason: "A message is a JSON object; batches are not served.")
        }
        var version: JSON?
        var idMember: JSON?
        var method: JSON?
        var params: JSON?
        var hasOutcome = false
        for member in object.members {
            switch member.key {
            case "jsonrpc": version = member.value
            case "id": idMember = member.value
            case "method": method = member.value
            case "params": params = member.value
            case "result", "error": hasOutcome = true
            default: break
            }
        }
        let id = idMember.flatMap(RequestID.init(json:))
        guard version == .string("2.0") else {
            throw InvalidMessage(id: id, reason: "The member jsonrpc must be \"2.0\".")
        }
        if hasOutcome, method == nil {
            self = .response(try Response(object, id: id))
            return
        }
        guard let name = method?.string else {
            throw InvalidMessage(id: id, reason: "The member method must be a string.")
        }
        switch params {
        case nil, .object?, .array?: break
        case .null?: params = nil
        case .bool?, .int?, .double?, .string?:
            throw InvalidMessage(id: id, reason: "The member params must be an object.")
        }
        if idMember == nil {
            self = .notification(Notification(method: name, params: params))
        } else if let id {
            self = .request(Request(id: id, method: name, params: params))
        } else {
            throw InvalidMessage(id: nil, reason: "The member id must be a string or an integer.")
        }
    }
}

extension Response {
    fileprivate init(_ object: JSONObject, id: RequestID?) throws(InvalidMessage) {
        if let error = object["error"] {
            guard let error = ResponseError(json: error) else {
                throw InvalidMessage(id: id, reason: "The member error must have a code and a message.")
            }
            self.init(id: id, error: error)
        } else {
            self.init(id: id, result: object["result"] ?? .null)
        }
    }
}
