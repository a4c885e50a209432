import JSONText
import SyncModel

package struct ProgramInfo: WireValue {
    package let name: String
    package let version: String?

    package init(name: String, version: String?) {
        self.name = name
        self.version = version
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        name = try reader.required("name", Read.string)
        version = try reader.optional("version", Read.string)
        try reader.finish()
    }

    package var json: JSON {
        var object: JSONObject = ["name": .string(name)]
        object["version"] = version.map(JSON.string)
        return .object(object)
    }
}

/// A new minor version adds, a new major version may take away.
package struct ProtocolVersion: WireValue {
    package let major: Int
    package let minor: Int

    package static let current = ProtocolVersion(major: 1, minor: 0)

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        major = try reader.required("major", Read.int(0...1_000_000))
        minor = try reader.required("minor", Read.int(0...1_000_000))
        try reader.finish()
    }

    package var json: JSON { ["major": .int(Int64(major)), "minor": .int(Int64(minor))] }
}

/// Who answers: the result of `initialize` and of `daemon/info`.
package struct DaemonInfo: WireValue {
    package struct Capability: Hashable, Sendable {
        package let name: String
        package let isThere: Bool

        package init(_ name: String, _ isThere: Bool = true) {
            self.name = name
            self.isThere = isThere
        }
    }

    package struct Limit: Hashable, Sendable {
        package let name: String
        package let value: Double

        package init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    package let serverInfo: ProgramInfo
    package let protocolVersion: ProtocolVersion
    package let capabilities: [Capability]
    /// Another one after each start of the daemon.
    package let instance: String
    package let replica: ReplicaID
    package let user: String
    package let service: String
    package let stateDirectory: String
    package let limits: [Limit]

    package init(
        serverInfo: ProgramInfo, protocolVersion: ProtocolVersion = .current,
        capabilities: [Capability] = DaemonInfo.capabilities, instance: String, replica: ReplicaID,
        user: String,
        service: String, stateDirectory: String, limits: [Limit]
    ) {
        self.serverInfo = serverInfo
        self.protocolVersion = protocolVersion
        self.capabilities = capabilities
        self.instance = instance
        self.replica = replica
        self.user = user
        self.service = service
        self.stateDirectory = stateDirectory
        self.limits = limits
    }

    /// What a daemon of this version can do: its methods, by name, without those that every connection has.
    package static let capabilities = Registry.requests.map { $0.method }.filter { $0.contains("/") }
        .map { Capability($0) }
}

extension DaemonInfo {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        serverInfo = try reader.required("serverInfo", Read.value(ProgramInfo.self))
        protocolVersion = try reader.required("protocolVersion", Read.value(ProtocolVersion.self))
        capabilities = try reader.required("capabilities", Read.map(Read.bool)).map {
            Capability($0.name, $0.value)
        }
        instance = try reader.required("instance", Read.string)
        replica = ReplicaID(try reader.required("replica", Read.string))
        user = try reader.required("user", Read.string)
        service = try reader.required("service", Read.string)
        stateDirectory = try reader.required("stateDirectory", Read.string)
        limits = try reader.required("limits", Read.map(Read.number)).map { Limit($0.name, $0.value) }
    }

    package var json: JSON {
        [
            "serverInfo": serverInfo.json, "protocolVersion": protocolVersion.json,
            "capabilities": .object(JSONObject(capabilities.map { ($0.name, .bool($0.isThere)) })),
            "instance": .string(instance), "replica": .string(replica.description), "user": .string(user),
            "service": .string(service), "stateDirectory": .string(stateDirectory),
            "limits": .object(JSONObject(limits.map { ($0.name, Self.number($0.value)) })),
        ]
    }

    /// Figures are whole numbers wherever they can be.
    private static func number(_ value: Double) -> JSON {
        Int64(exactly: value).map(JSON.int) ?? .double(value)
    }
}
