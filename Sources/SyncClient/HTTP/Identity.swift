import SyncProtocol

/// Who is asking. A token never shows in a description, so it cannot get into a log by accident.
package enum Identity: Hashable, Sendable {
    case user(String)
    case token(String)

    var field: HTTPField {
        switch self {
        case .user(let name): HTTPField(ServiceHeader.user, name)
        case .token(let token): HTTPField(ServiceHeader.authorization, "Bearer \(token)")
        }
    }
}

extension Identity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .user(let name): "user \(name)"
        case .token: "token (hidden)"
        }
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
