import JSONText

/// What ties an answer to its request. Equal when kind and bytes are.
package enum RequestID: Sendable {
    case int(Int64)
    case string(String)

    /// nil for everything that is no string and no integer.
    package init?(json: JSON) {
        switch json {
        case .int(let value): self = .int(value)
        case .string(let value): self = .string(value)
        case .null, .bool, .double, .array, .object: return nil
        }
    }

    package var json: JSON {
        switch self {
        case .int(let value): .int(value)
        case .string(let value): .string(value)
        }
    }
}

extension RequestID: Hashable {
    package static func == (left: RequestID, right: RequestID) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.int, .string), (.string, .int): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .int(let value): hasher.combine(value)
        case .string: hasher.combine(json)
        }
    }
}

extension RequestID: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, CustomStringConvertible {
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package var description: String { json.text }
}
