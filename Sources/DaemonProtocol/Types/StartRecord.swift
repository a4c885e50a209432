import JSONText

/// What a daemon was started with, as it leaves it beside its socket: whoever starts it again, after a kill, must name
/// the same state, where the queue is. Never a secret: of a token only the file's name.
package struct StartRecord: WireValue {
    /// Absolute paths.
    package let state: String
    package let config: String?
    package let service: String?
    package let user: String?
    package let tokenFile: String?

    /// Bytes of the file.
    package static let maxBytes = 32 << 10

    package static func path(socket: String) -> String { "\(socket).json" }

    package init(
        state: String, config: String? = nil, service: String? = nil, user: String? = nil, tokenFile: String? = nil
    ) {
        self.state = state
        self.config = config
        self.service = service
        self.user = user
        self.tokenFile = tokenFile
    }

    package init(json: JSON) throws(WireError) {
        // What a later daemon adds is no reason to forget where the state is.
        var reader = try MemberReader(json)
        state = try reader.required("state", Self.path)
        config = try reader.optional("config", Self.path)
        service = try reader.optional("service", Self.argument)
        user = try reader.optional("user", Self.argument)
        tokenFile = try reader.optional("tokenFile", Self.path)
    }

    package var json: JSON {
        var object: JSONObject = ["state": .string(state)]
        object["config"] = config.map(JSON.string)
        object["service"] = service.map(JSON.string)
        object["user"] = user.map(JSON.string)
        object["tokenFile"] = tokenFile.map(JSON.string)
        return .object(object)
    }

    /// Of `satcheld`.
    package func arguments(socket: String) -> [String] {
        let options = [
            ("--config", config), ("--socket", socket), ("--state", state), ("--service", service), ("--user", user),
            ("--token-file", tokenFile),
        ]
        return ["run"] + options.flatMap { name, value in value.map { [name, $0] } ?? [] }
    }

    /// No value may be taken for an option, or end early.
    private static func argument(_ json: JSON) throws(WireError) -> String {
        let text = try Read.string(json)
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard isPlain, !text.isEmpty, !text.hasPrefix("-") else {
            throw WireError(problem: "must be an argument without control characters")
        }
        return text
    }

    private static func path(_ json: JSON) throws(WireError) -> String {
        let path = try argument(json)
        guard path.hasPrefix("/") else { throw WireError(problem: "must be an absolute path") }
        return path
    }
}
