import JSONText
import SyncModel
import SyncProtocol
import Testing

@Suite struct MessageWriterTests {
    private let table = TableName(schema: "s.x", name: "a/b")
    private let columns = ["id", "name", "big", "hidden"]

    @Test func positionalRowsGiveTheSameMessageAsBuiltOnes() throws {
        let row = Row(["1/2", .null, .absent, "secret"])
        let key = RowKey(values: ["1/2"])
        let clock = RowClock(version: 3, clock: HybridTimestamp(microseconds: 4))
        let origin = ShapeMessage.Origin(offset: LogOffset(tx: 5, op: 6), xid: 7, isLast: true)
        var json = JSONWriter()
        MessageWriter(table: table).write(
            .insert, key: key, row: row, columns: columns, selection: [0, 1, 2], clock: clock, origin: origin,
            to: &json)
        let built = ShapeMessage(
            kind: .insert, table: table, key: key,
            fields: [ShapeMessage.Field("id", "1/2"), ShapeMessage.Field("name", .null)], clock: clock,
            origin: origin)
        #expect(json.bytes == built.json)
        #expect(try ShapeMessage(json: json.bytes) == built)
    }

    @Test func storedMessagesAreSplicedIntoALine() throws {
        let message = ShapeMessage(
            kind: .delete, table: table, key: RowKey(values: ["1"]), fields: [ShapeMessage.Field("id", "1")])
        var line = MessageLineWriter(shape: "s", handle: ShapeHandle("h"))
        line.json.raw(message.json)
        line.json.raw(message.json)
        let bytes = line.finish(offset: .snapshotEnd, hasMore: false)
        let expected = SyncAnswerLine.ShapeMessages(
            shape: "s", handle: ShapeHandle("h"), offset: .snapshotEnd, messages: [message, message],
            hasMore: false)
        #expect(try SyncAnswerLine(line: Array(bytes.dropLast())) == .messages(expected))
    }

    @Test func aKeyOfAnotherTableIsRefused() {
        let steps = TableName(name: "steps")
        #expect(RowKey(messageKey: #""public"."steps"/"1""#, of: steps)?.description == "\"1\"")
        for wrong in [#""public"."step"/"1""#, #""public"."steps"/"#, "", "\"public\".\"steps\""] {
            #expect(RowKey(messageKey: wrong, of: steps) == nil)
        }
    }
}
