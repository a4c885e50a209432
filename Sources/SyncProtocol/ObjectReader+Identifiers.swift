import JSONText
import SyncModel

/// Members that are more than JSON: identifiers, epochs, offsets, definitions.
extension ObjectReader {
    /// A non-empty text without control characters, within `ProtocolLimits.identifierBytes`.
    func identifier(_ name: String) throws(ServiceError) -> String {
        guard let identifier = try optionalIdentifier(name) else { throw wanted("an identifier", name) }
        return identifier
    }

    func optionalIdentifier(_ name: String) throws(ServiceError) -> String? {
        guard let text = try optionalText(name) else { return nil }
        guard text.utf8.count <= ProtocolLimits.identifierBytes else {
            throw .tooLarge("\(path).\(name), in bytes,", ProtocolLimits.identifierBytes)
        }
        guard !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw wanted("a non-empty string without control characters", name)
        }
        return text
    }

    func optionalEpoch(_ name: String) throws(ServiceError) -> Epoch? {
        guard let text = try optionalText(name) else { return nil }
        guard let epoch = Epoch(text) else { throw wanted("an epoch, system identifier/timeline,", name) }
        return epoch
    }

    func epoch(_ name: String) throws(ServiceError) -> Epoch {
        guard let epoch = try optionalEpoch(name) else { throw wanted("an epoch", name) }
        return epoch
    }

    func offset(_ name: String) throws(ServiceError) -> LogOffset {
        let text = try text(name)
        guard let offset = LogOffset(text) else {
            throw .badRequest("\(path).\(name): '\(text)' is no offset")
        }
        return offset
    }

    func requireProtocolVersion() throws(ServiceError) {
        let version = try integer("protocol")
        guard version == ProtocolVersion.current else {
            throw ServiceError(
                .protocolUnsupported,
                "protocol \(version) is not spoken here, only \(ProtocolVersion.current): update"
            )
        }
    }
}

extension JSON {
    func object(at path: String, only members: [String]? = nil) throws(ServiceError) -> ObjectReader {
        try ObjectReader(self, at: path, only: members)
    }

    /// The body of a request, within the limit.
    init(request body: [UInt8]) throws(ServiceError) {
        guard body.count <= ProtocolLimits.requestBytes else {
            throw .tooLarge("a request's body, in bytes,", ProtocolLimits.requestBytes)
        }
        try self.init(message: body)
    }

    init(message bytes: [UInt8]) throws(ServiceError) {
        do {
            try self.init(parsing: bytes)
        } catch {
            throw .badRequest("not readable as JSON: \(error)")
        }
    }
}
