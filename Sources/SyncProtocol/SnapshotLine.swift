import JSONText
import SyncModel

/// Reads lines of snapshots straight from the parsed text, in the very form in which `MessageLineWriter` and
/// `MessageWriter` write them: a first sync is made of them, and to make a tree of values first costs more than all
/// that becomes of a row afterwards. Every other line, and every wrong one, is for `SyncAnswerLine.init(_:)`.
struct SnapshotLine {
    private var cursor: JSONCursor
    private var table: MessageTable?
    /// Of the last message, no two of them the same. As a rule this one's too.
    private var columns: [String] = []

    /// nil: a line of another form.
    static func messages(_ tape: JSONTape) -> SyncAnswerLine.ShapeMessages? {
        guard let cursor = tape.cursor else { return nil }
        var line = SnapshotLine(cursor: cursor)
        return line.read()
    }

    private init(cursor: JSONCursor) {
        self.cursor = cursor
    }

    private mutating func read() -> SyncAnswerLine.ShapeMessages? {
        guard cursor.beginObject(), cursor.string("shape"), let shape = cursor.string(),
            cursor.string("handle"), let handle = cursor.string(),
            cursor.string("messages"), cursor.beginArray()
        else { return nil }
        var messages: [ShapeMessage] = []
        while !cursor.endArray() {
            guard let message = message() else { return nil }
            messages.append(message)
        }
        guard cursor.string("offset"), let offset = cursor.string().flatMap({ LogOffset($0) }),
            cursor.string("more"), let hasMore = cursor.bool(), cursor.endObject()
        else { return nil }
        return SyncAnswerLine.ShapeMessages(
            shape: shape, handle: ShapeHandle(handle), offset: offset, messages: messages, hasMore: hasMore)
    }

    private mutating func message() -> ShapeMessage? {
        guard cursor.beginObject(), cursor.string("key"), let messageKey = cursor.utf8(),
            cursor.string("value"), let fields = fields(),
            cursor.string("headers"), cursor.beginObject(),
            cursor.string("operation"), cursor.string(ShapeMessage.Kind.insert.rawValue),
            cursor.string("relation"), let table = relation(), let key = table.key(messageKey)
        else { return nil }
        var clock: RowClock?
        if !cursor.endObject() {
            clock = self.clock()
            guard clock != nil, cursor.endObject() else { return nil }
        }
        guard cursor.endObject() else { return nil }
        return ShapeMessage(kind: .insert, table: table.name, key: key, fields: fields, clock: clock)
    }

    private mutating func fields() -> [ShapeMessage.Field]? {
        guard cursor.beginObject() else { return nil }
        var fields: [ShapeMessage.Field] = []
        fields.reserveCapacity(columns.count)
        var areColumnsKnown = true
        while !cursor.endObject() {
            guard let name = cursor.utf8() else { return nil }
            let isKnown = fields.count < columns.count && columns[fields.count].hasUTF8(name)
            let column = isKnown ? columns[fields.count] : String(decoding: name, as: UTF8.self)
            areColumnsKnown = areColumnsKnown && isKnown
            if cursor.null() {
                fields.append(ShapeMessage.Field(column, .null))
            } else if let text = cursor.string() {
                fields.append(ShapeMessage.Field(column, .text(Text(text))))
            } else {
                return nil
            }
        }
        if areColumnsKnown { return fields }
        columns = fields.map(\.column)
        // Of members with the same name the last one would win.
        return Set(columns.map { Text($0) }).count == columns.count ? fields : nil
    }

    private mutating func relation() -> MessageTable? {
        guard cursor.beginArray(), let schema = cursor.utf8(), let name = cursor.utf8(), cursor.endArray() else {
            return nil
        }
        if let table, table.name.schema.hasUTF8(schema), table.name.name.hasUTF8(name) { return table }
        let table = MessageTable(String(decoding: schema, as: UTF8.self), String(decoding: name, as: UTF8.self), nil)
        self.table = table
        return table
    }

    private mutating func clock() -> RowClock? {
        guard cursor.string("clock"), cursor.beginObject(), cursor.string("version"), let version = cursor.int(),
            cursor.string("at"), let at = cursor.int(), cursor.endObject()
        else { return nil }
        return RowClock(version: version, clock: HybridTimestamp(microseconds: at))
    }
}
