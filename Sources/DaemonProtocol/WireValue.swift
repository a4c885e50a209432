import JSONText

/// A type of the daemon's wire. `json` and `init(json:)` are inverse to each other.
package protocol WireValue: Hashable, Sendable {
    init(json: JSON) throws(WireError)
    var json: JSON { get }
}

/// A member that is missing, unknown, of the wrong kind, or beyond its limit.
package struct WireError: Error, Hashable, Sendable {
    /// From the outside in: `operations[2].key`. Empty for the value itself.
    package let path: String
    /// A sentence without its subject: `must be a string`.
    package let problem: String

    package init(path: String = "", problem: String) {
        self.path = path
        self.problem = problem
    }

    /// The same problem seen from the value that holds the member.
    func inside(_ member: String) -> WireError {
        let separator = path.isEmpty || path.hasPrefix("[") ? "" : "."
        return WireError(path: member + separator + path, problem: problem)
    }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        path.isEmpty ? "The parameters: \(problem)." : "\(path): \(problem)."
    }
}

/// No members: `{}`.
package struct Nothing: WireValue {
    package init() {}

    package init(json: JSON) throws(WireError) {
        let reader = try MemberReader(json)
        try reader.finish()
    }

    package var json: JSON { [:] }
}
