import JSONText

/// The first request of every connection. A major version that the daemon does not speak is refused.
package enum Initialize: RequestMethod {
    package static let method = "initialize"
    package typealias Result = DaemonInfo

    package struct Params: WireValue {
        package let clientInfo: ProgramInfo?
        package let protocolVersion: ProtocolVersion?
        /// For the service, where it wants one.
        package let token: String?

        package init(
            clientInfo: ProgramInfo? = nil, protocolVersion: ProtocolVersion? = nil, token: String? = nil
        ) {
            self.clientInfo = clientInfo
            self.protocolVersion = protocolVersion
            self.token = token
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            clientInfo = try reader.optional("clientInfo", Read.value(ProgramInfo.self))
            protocolVersion = try reader.optional("protocolVersion", Read.value(ProtocolVersion.self))
            token = try reader.optional("token", Read.string(max: Limits.token))
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = [:]
            object["clientInfo"] = clientInfo?.json
            object["protocolVersion"] = protocolVersion?.json
            object["token"] = token.map(JSON.string)
            return .object(object)
        }
    }
}
