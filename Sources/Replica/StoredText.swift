import JSONText
import SyncModel

/// The text forms in which plain data is kept in the replica's file.
enum StoredText {
    /// `{"key": {column: text}, "set": {column: text or null}}`, columns in byte order.
    static func body(of operation: Operation) -> String {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("key")
        writer.beginObject()
        for column in operation.key.keys.sorted(by: { Text($0) < Text($1) }) {
            writer.key(column)
            writer.string(operation.key[column]?.string ?? "")
        }
        writer.endObject()
        writer.key("set")
        writer.beginObject()
        for column in operation.set.keys.sorted(by: { Text($0) < Text($1) }) {
            writer.key(column)
            if let text = operation.set[column]?.text { writer.string(text.string) } else { writer.null() }
        }
        writer.endObject()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    static func readBody(_ text: String) throws -> (key: [String: Text], set: [String: Value]) {
        let json = try JSON(parsing: text)
        var key: [String: Text] = [:]
        var set: [String: Value] = [:]
        for member in json["key"]?.object?.members ?? [] { key[member.key] = Text(member.value.string ?? "") }
        for member in json["set"]?.object?.members ?? [] { set[member.key] = Value(member.value.string) }
        return (key, set)
    }

    static func lost(_ writes: [LostWrite]) -> String? {
        if writes.isEmpty { return nil }
        return JSON.array(
            writes.map { write in
                [
                    "column": write.column.map { .string($0) } ?? .null,
                    "mine": json(write.mine), "theirs": json(write.theirs),
                    "writer": .string(write.writer.description), "writtenAt": .int(write.writtenAt.microseconds),
                ]
            }
        ).text
    }

    static func readLost(_ text: String?) throws -> [LostWrite] {
        guard let text else { return [] }
        return (try JSON(parsing: text).array ?? []).map { json in
            LostWrite(
                column: json["column"]?.string, mine: value(json["mine"]), theirs: value(json["theirs"]),
                writer: ReplicaID(json["writer"]?.string ?? ""),
                writtenAt: HybridTimestamp(microseconds: json["writtenAt"]?.int ?? 0))
        }
    }

    /// Absent is `false`, which no value is.
    private static func json(_ value: Value) -> JSON {
        switch value {
        case .absent: .bool(false)
        case .null: .null
        case .text(let text): .string(text.string)
        }
    }

    private static func value(_ json: JSON?) -> Value {
        if json?.bool != nil { return .absent }
        return Value(json?.string)
    }
}
