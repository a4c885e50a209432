import JSONText
import SyncModel

/// One line of the answer to `POST /v1/sync`.
package enum SyncAnswerLine: Hashable, Sendable {
    /// Always first. `server` is the service's name and version.
    case hello(epoch: Epoch, server: String)
    /// A new life of a shape: what is held of it is replaced by what follows.
    case reset(shape: String, handle: ShapeHandle, tables: [TableName])
    case messages(ShapeMessages)
    /// The shape cannot be served; the others go on.
    case ended(shape: String, reason: Reason)
    /// Always last.
    case frontier(Frontier)

    package struct ShapeMessages: Hashable, Sendable {
        package let shape: String
        package let handle: ShapeHandle
        /// Where the next request goes on.
        package let offset: LogOffset
        package let messages: [ShapeMessage]
        package let hasMore: Bool
        /// nil: as the asker knows them.
        package let failures: ShapeFailures?

        package init(
            shape: String, handle: ShapeHandle, offset: LogOffset, messages: [ShapeMessage], hasMore: Bool,
            failures: ShapeFailures? = nil
        ) {
            self.shape = shape
            self.handle = handle
            self.offset = offset
            self.messages = messages
            self.hasMore = hasMore
            self.failures = failures
        }
    }
}

extension SyncAnswerLine {
    /// The line with its line feed.
    package var bytes: [UInt8] {
        switch self {
        case .hello(let epoch, let server): Self.line { Self.write(epoch, server, to: &$0) }
        case .reset(let shape, let handle, let tables):
            Self.line { json in
                json.member("shape", shape)
                json.member("handle", handle.description)
                json.member("reset", true)
                json.member("tables", tables.map(\.description))
            }
        case .messages(let line): Self.line(line)
        case .ended(let shape, let reason):
            Self.line { json in
                json.member("shape", shape)
                json.key("ended")
                reason.write(to: &json)
            }
        case .frontier(let frontier): Self.line { Self.write(frontier, to: &$0) }
        }
    }

    private static func line(_ writeMembers: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        writeMembers(&json)
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func line(_ line: ShapeMessages) -> [UInt8] {
        var writer = MessageLineWriter(shape: line.shape, handle: line.handle)
        for message in line.messages { message.write(to: &writer.json) }
        return writer.finish(offset: line.offset, hasMore: line.hasMore, failures: line.failures)
    }

    private static func write(_ epoch: Epoch, _ server: String, to json: inout JSONWriter) {
        json.key("hello")
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("epoch", epoch.description)
        json.member("server", server)
        json.endObject()
    }

    private static func write(_ frontier: Frontier, to json: inout JSONWriter) {
        json.key("frontier")
        json.beginObject()
        json.member("position", String(frontier.position))
        json.member("epoch", frontier.epoch.description)
        json.member("seq", frontier.confirmedSeq)
        json.member("complete", frontier.isComplete)
        json.member("at", frontier.serviceClock.microseconds)
        if let tag = frontier.schemaTag { json.member("schema", tag) }
        json.endObject()
    }
}

extension SyncAnswerLine {
    /// Members that it does not know are ignored; a line of no known form is refused.
    package init(line bytes: [UInt8]) throws(ServiceError) {
        switch try Self.read(bytes) {
        case .snapshot(let messages): self = .messages(messages)
        case .other(let json): try self.init(json)
        }
    }

    private enum Parsed {
        case snapshot(ShapeMessages)
        case other(JSON)
    }

    private static func read(_ bytes: [UInt8]) throws(ServiceError) -> Parsed {
        do throws(JSONError) {
            return try JSONTape.read(bytes) { tape throws(JSONError) in
                if let messages = SnapshotLine.messages(tape) { return .snapshot(messages) }
                return .other(try tape.value())
            }
        } catch {
            throw .badRequest("not readable as JSON: \(error)")
        }
    }

    init(_ json: JSON) throws(ServiceError) {
        let line = try json.object(at: "line")
        if let hello = try line.optionalObject("hello") {
            try hello.requireProtocolVersion()
            self = .hello(epoch: try hello.epoch("epoch"), server: try hello.optionalText("server") ?? "")
        } else if let frontier = try line.optionalObject("frontier") {
            self = .frontier(try Frontier(frontier))
        } else {
            self = try Self.shapeLine(line)
        }
    }

    private static func shapeLine(_ line: ObjectReader) throws(ServiceError) -> SyncAnswerLine {
        let shape = try line.text("shape")
        if let reason = try line.optionalObject("ended") {
            return .ended(shape: shape, reason: try Reason(reason))
        }
        let handle = ShapeHandle(try line.text("handle"))
        if try line.optionalBool("reset") == true {
            let tables = try line.optionalTexts("tables") ?? []
            return .reset(shape: shape, handle: handle, tables: tables.map { TableName($0) })
        }
        var messages: [ShapeMessage] = []
        let values = try line.array("messages")
        messages.reserveCapacity(values.count)
        var last: MessageTable?
        for message in values { messages.append(try ShapeMessage(message, after: &last)) }
        return .messages(
            ShapeMessages(
                shape: shape, handle: handle, offset: try line.offset("offset"), messages: messages,
                hasMore: try line.optionalBool("more") ?? false,
                failures: try line.optionalObject("failures").map { failures throws(ServiceError) in
                    try ShapeFailures(failures)
                }))
    }
}

extension Frontier {
    fileprivate init(_ frontier: ObjectReader) throws(ServiceError) {
        let position = try frontier.text("position")
        guard let position = UInt64(position) else {
            throw .badRequest("line.frontier.position: '\(position)' is no position")
        }
        self.init(
            epoch: try frontier.epoch("epoch"), position: position, confirmedSeq: try frontier.integer("seq"),
            isComplete: try frontier.bool("complete"),
            serviceClock: HybridTimestamp(microseconds: try frontier.integer("at")),
            schemaTag: try frontier.optionalText("schema"))
    }
}
