import JSONText
import SyncModel

/// A row message as it waits in the inbox:
/// `[kind, table, key, [column, value or null, …], version or null, clock]`.
enum MessageText {
    static func write(_ message: ShapeMessage) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.beginArray()
        writer.string(message.kind.rawValue)
        writer.string(message.table.schema)
        writer.string(message.table.name)
        writer.string(message.key.text.string)
        writer.beginArray()
        for field in message.fields where field.value != .absent {
            writer.string(field.column)
            if let text = field.value.text { writer.string(text.string) } else { writer.null() }
        }
        writer.endArray()
        if let clock = message.clock {
            writer.int(clock.version)
            writer.int(clock.clock.microseconds)
        }
        writer.endArray()
        return writer.bytes
    }

    /// nil where the bytes are not those that `write` made.
    static func read(_ bytes: [UInt8]) throws -> ShapeMessage? {
        guard let parts = try JSON(parsing: bytes).array, parts.count >= 5,
            let kind = parts[0].string.flatMap(ShapeMessage.Kind.init(rawValue:)), let schema = parts[1].string,
            let name = parts[2].string, let key = parts[3].string, let pairs = parts[4].array
        else { return nil }
        var fields: [ShapeMessage.Field] = []
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard let column = pairs[index].string else { return nil }
            fields.append(ShapeMessage.Field(column, Value(pairs[index + 1].string)))
        }
        var clock: RowClock?
        if parts.count == 7, let version = parts[5].int, let at = parts[6].int {
            clock = RowClock(version: version, clock: HybridTimestamp(microseconds: at))
        }
        return ShapeMessage(
            kind: kind, table: TableName(schema: schema, name: name), key: RowKey(text: Text(key)), fields: fields,
            clock: clock)
    }
}
