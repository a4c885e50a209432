import JSONText
import SyncModel

/// Writes the messages of one table without building them: positional rows go straight into bytes.
package struct MessageWriter: Sendable {
    private let table: TableName
    private let keyPrefix: String

    package init(table: TableName) {
        self.table = table
        keyPrefix = table.messageKey(RowKey(text: ""))
    }

    package func messageKey(_ key: RowKey) -> String { keyPrefix + key.text.string }

    /// One message whose value is the selected columns of a row.
    ///
    /// `columns` are the names by position; `selection` the positions to write, in the order to write them.
    /// insert: the row as selected; update: key and changed columns; delete: the key.
    package func write(
        _ kind: ShapeMessage.Kind, key: RowKey, row: Row, columns: [String], selection: [Int],
        clock: RowClock?, origin: ShapeMessage.Origin?, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("key", messageKey(key))
        json.key("value")
        json.beginObject()
        for index in selection { json.member(columns[index], row.values[index]) }
        json.endObject()
        writeHeaders(kind, clock: clock, origin: origin, to: &json)
        json.endObject()
    }

    func writeHeaders(
        _ kind: ShapeMessage.Kind, clock: RowClock?, origin: ShapeMessage.Origin?, to json: inout JSONWriter
    ) {
        json.key("headers")
        json.beginObject()
        json.member("operation", kind.rawValue)
        json.key("relation")
        json.beginArray()
        json.string(table.schema)
        json.string(table.name)
        json.endArray()
        if let clock { Self.write(clock, to: &json) }
        if let origin { Self.write(origin, to: &json) }
        json.endObject()
    }

    private static func write(_ clock: RowClock, to json: inout JSONWriter) {
        json.key("clock")
        json.beginObject()
        json.member("version", clock.version)
        json.member("at", clock.clock.microseconds)
        json.endObject()
    }

    private static func write(_ origin: ShapeMessage.Origin, to json: inout JSONWriter) {
        json.member("lsn", String(origin.offset.tx))
        // An op number counts the changes of one transaction: far below 2^63.
        json.member("op_position", Int64(clamping: origin.offset.op))
        json.key("txids")
        json.beginArray()
        json.int(Int64(origin.xid))
        json.endArray()
        if origin.isLast { json.member("last", true) }
    }
}

/// Writes one line of messages of a stream answer, message by message.
package struct MessageLineWriter: Sendable {
    /// Where the next message is written: with `MessageWriter`, `ShapeMessage.write`, or `raw` of bytes.
    package var json: JSONWriter

    package init(shape: String, handle: ShapeHandle, reserving capacity: Int = 0) {
        json = JSONWriter(reserving: capacity)
        json.beginObject()
        json.member("shape", shape)
        json.member("handle", handle.description)
        json.key("messages")
        json.beginArray()
    }

    /// Bytes so far. Past `ProtocolLimits.answerLineTargetBytes` a line is due to end.
    package var count: Int { json.count }

    /// The whole line with its line feed.
    package consuming func finish(
        offset: LogOffset, hasMore: Bool, failures: ShapeFailures? = nil
    ) -> [UInt8] {
        json.endArray()
        json.member("offset", offset.description)
        json.member("more", hasMore)
        if let failures {
            json.key("failures")
            failures.write(to: &json)
        }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
