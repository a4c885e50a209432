import JSONText
import SyncModel

/// A row message in Electric's form, with the clock added:
/// `{"key", "value": {...}, "headers": {"operation", "relation", "clock", "lsn", "op_position", "txids",
/// "last"}}`.
extension ShapeMessage {
    package func write(to json: inout JSONWriter) {
        let writer = MessageWriter(table: table)
        json.beginObject()
        json.member("key", writer.messageKey(key))
        json.key("value")
        json.beginObject()
        for field in fields { json.member(field.column, field.value) }
        json.endObject()
        writer.writeHeaders(kind, clock: clock, origin: origin, to: &json)
        json.endObject()
    }

    package var json: [UInt8] {
        var json = JSONWriter(reserving: 256)
        write(to: &json)
        return json.bytes
    }

    package init(json: [UInt8]) throws(ServiceError) {
        var last: MessageTable?
        try self.init(JSON(message: json), after: &last)
    }

    /// - Parameter last: the table of the message before, as a rule this one's too.
    init(_ value: JSON, after last: inout MessageTable?) throws(ServiceError) {
        let message = try value.object(at: "message")
        let headers = try message.object("headers")
        let operation = try headers.text("operation")
        guard let kind = Kind(rawValue: operation) else {
            throw .badRequest("message.headers.operation: '\(operation)' is none of insert, update, delete")
        }
        let relation = try headers.texts("relation")
        guard relation.count == 2 else { throw .badRequest("message.headers.relation: two names are wanted") }
        let table = MessageTable(relation[0], relation[1], last)
        last = table
        let messageKey = try message.text("key")
        guard let key = RowKey(messageKey: messageKey, of: table) else {
            throw .badRequest("message.key: '\(messageKey)' is no key of \(table.name)")
        }
        let fields = try message.object("value").values().map { Field($0.0, $0.1) }
        self.init(
            kind: kind, table: table.name, key: key, fields: fields, clock: try RowClock(headers),
            origin: try Origin(headers))
    }
}

/// A table, with what the keys of its messages begin with.
struct MessageTable {
    let name: TableName
    fileprivate let prefix: String

    init(_ schema: String, _ name: String, _ last: MessageTable?) {
        if let last, Text(last.name.schema) == Text(schema), Text(last.name.name) == Text(name) {
            self = last
        } else {
            self.name = TableName(schema: schema, name: name)
            prefix = self.name.messageKey(RowKey(text: ""))
        }
    }

    /// nil when the message's key belongs to another table.
    func key(_ messageKey: UnsafeBufferPointer<UInt8>) -> RowKey? {
        let start = prefix.utf8.count
        guard messageKey.count > start, prefix.hasUTF8(UnsafeBufferPointer(rebasing: messageKey[..<start])) else {
            return nil
        }
        return RowKey(text: Text(String(decoding: messageKey[start...], as: UTF8.self)))
    }
}

extension RowClock {
    fileprivate init?(_ headers: ObjectReader) throws(ServiceError) {
        guard let clock = try headers.optionalObject("clock") else { return nil }
        self.init(
            version: try clock.integer("version"),
            clock: HybridTimestamp(microseconds: try clock.integer("at")))
    }
}

extension ShapeMessage.Origin {
    /// nil for a snapshot's message.
    fileprivate init?(_ headers: ObjectReader) throws(ServiceError) {
        guard let lsn = try headers.optionalText("lsn") else { return nil }
        guard let tx = UInt64(lsn), let op = UInt64(exactly: try headers.integer("op_position")) else {
            throw .badRequest("message.headers: lsn and op_position are whole numbers")
        }
        let txids = try headers.array("txids")
        guard let xid = txids.first?.int.flatMap(UInt32.init(exactly:)) else {
            throw .badRequest("message.headers.txids: a transaction id is wanted")
        }
        self.init(
            offset: LogOffset(tx: tx, op: op), xid: xid, isLast: try headers.optionalBool("last") ?? false)
    }
}

extension RowKey {
    /// What of a message's key follows the relation; nil when the key belongs to another table.
    package init?(messageKey: String, of table: TableName) {
        self.init(messageKey: messageKey, of: MessageTable(table.schema, table.name, nil))
    }

    fileprivate init?(messageKey: String, of table: MessageTable) {
        guard messageKey.utf8.starts(with: table.prefix.utf8) else { return nil }
        let key = String(messageKey.utf8.dropFirst(table.prefix.utf8.count)) ?? ""
        guard !key.isEmpty else { return nil }
        self.init(text: Text(key))
    }
}
