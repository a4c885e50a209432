import Replica
import Shapes
import SyncModel
import Testing

/// Another schema, where what is held can be laid out anew.
@Suite struct ReplicaSchemaTests {
    private static func schema(steps columns: [Column]) -> DatabaseSchema {
        DatabaseSchema(
            tables: Sample.schema.tables.map { table in
                guard table.name == Sample.steps else { return table }
                return TableSchema(
                    name: table.name, columns: columns, primaryKey: table.primaryKey, foreignKeys: table.foreignKeys)
            })
    }

    private static let steps = Sample.schema[Sample.steps]?.columns ?? []

    private func fixture() throws -> (Fixture, all: HeldShape, names: HeldShape) {
        let fixture = try Fixture()
        let all = try fixture.hold(#"{"root_table": "steps"}"#)
        let names = try fixture.hold(#"{"root_table": "steps", "select": ["id", "name"]}"#)
        for id in ["a", "b"] {
            try fixture.answer(
                all, [fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": "n", "x": "1"])])
            try fixture.answer(names, [fixture.insert(Sample.steps, id, ["name": "n"])])
        }
        try fixture.answer(names, [fixture.insert(Sample.steps, "c", ["name": "n"])])
        return (fixture, all, names)
    }

    @Test func anAddedColumnIsNullUntilItsValueComes() throws {
        let (fixture, all, names) = try fixture()
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        let offset = fixture.replica.heldShape(all.id)?.offset
        let message = fixture.update(Sample.steps, "b", ["note": "new"], version: 9)
        // The service is ahead: nothing is lost, and the schema is fetched.
        #expect(throws: ReplicaError.self) { try fixture.answer(all, [message]) }
        #expect(fixture.replica.heldShape(all.id)?.offset == offset)
        let note = Column("note", number: 9, type: Sample.text)
        _ = try fixture.replica.adopt(schema: Self.schema(steps: Self.steps + [note]), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .live)
        #expect(fixture.replica.heldShape(all.id)?.offset == offset)
        #expect(try fixture.value(all, Sample.steps, "a", "note") == .null)
        #expect(try fixture.value(all, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(names, Sample.steps, "c", "note") != .null)
        try fixture.answer(all, [message])
        #expect(try fixture.value(all, Sample.steps, "b", "note") == "new")
        #expect(try fixture.value(all, Sample.steps, "b", "x") == "1")
    }

    /// Its chunks are kept as they were written, and a value that is NULL is no change that the log would tell.
    @Test func anAddedColumnIsNullInRowsOfAnOlderSnapshot() throws {
        let (fixture, _, _) = try fixture()
        let note = Column("note", number: 9, type: Sample.text)
        _ = try fixture.replica.adopt(schema: Self.schema(steps: Self.steps + [note]), dataModel: nil)
        let late = try fixture.hold(#"{"root_table": "steps", "where": "x > 0"}"#)
        let few = try fixture.hold(#"{"root_table": "steps", "select": ["x"]}"#)
        let row = fixture.insert(Sample.steps, "e", ["pipeline_id": "p", "name": "fetch", "x": "1"])
        try fixture.answer(few, [fixture.insert(Sample.steps, "f", ["x": "1"])])
        try fixture.answer(late, [row])
        #expect(try fixture.value(late, Sample.steps, "e", "note") == .null)
        #expect(try fixture.value(few, Sample.steps, "f", "note") == nil)
    }

    @Test func aDroppedColumnGoesAndTheRestStays() throws {
        let (fixture, all, _) = try fixture()
        let rest = Self.steps.filter { $0.name != "pipeline_id" }
        let schema = DatabaseSchema(
            tables: Sample.schema.tables.map { table in
                table.name == Sample.steps ? TableSchema(name: table.name, columns: rest, primaryKey: ["id"]) : table
            })
        _ = try fixture.replica.adopt(schema: schema, dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .live)
        #expect(try fixture.value(all, Sample.steps, "a", "x") == "1")
        try fixture.answer(all, [fixture.insert(Sample.steps, "d", ["name": "later"])])
        #expect(try fixture.value(all, Sample.steps, "d", "x") == .null)
    }

    /// The shape begins anew, and somebody deleted the row meanwhile: the update brings it back.
    @Test func aRowWithAQueuedUpdateOutlivesARename() throws {
        let (fixture, all, _) = try fixture()
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        let columns = Self.steps.map { column in
            column.name == "x" ? Column("y", number: column.number, type: column.type) : column
        }
        _ = try fixture.replica.adopt(schema: Self.schema(steps: columns), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .initial)
        try fixture.answer(all, [fixture.insert(Sample.steps, "b", ["pipeline_id": "p", "name": "fetch", "y": "1"])])
        #expect(try fixture.value(all, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(all, Sample.steps, "a", "y") == "1")
        #expect(try fixture.value(all, Sample.steps, "b", "y") == "1")
    }

    @Test func aColumnOfAnotherTypeBeginsTheShapeAnew() throws {
        let (fixture, all, _) = try fixture()
        let columns = Self.steps.map { column in
            column.name == "x" ? Column("x", number: column.number, type: ColumnType("numeric")) : column
        }
        _ = try fixture.replica.adopt(schema: Self.schema(steps: columns), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .initial)
    }

    /// The answer that ends the shape comes before the schema that it is a reason to fetch.
    @Test func aShapeThatTheOldSchemaEndedBeginsAnewWithTheNewOne() throws {
        let (fixture, all, names) = try fixture()
        let changed = Reason(code: "schema_changed", message: "steps.x has another type")
        try fixture.answer(all, ended: changed)
        try fixture.answer(names, ended: Reason(code: "not_permitted", message: "no"))
        let columns = Self.steps.map { column in
            column.name == "x" ? Column("x", number: column.number, type: ColumnType("numeric")) : column
        }
        _ = try fixture.replica.adopt(schema: Self.schema(steps: columns), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .initial)
        #expect(fixture.replica.heldShape(all.id)?.offset == .beforeAll)
        // Of another reason the schema decides nothing.
        #expect(fixture.replica.heldShape(names.id)?.status == .ended(Reason(code: "not_permitted", message: "no")))
        try fixture.answer(all, [fixture.insert(Sample.steps, "a", ["pipeline_id": "p", "name": "n", "x": "1.5"])])
        #expect(fixture.replica.heldShape(all.id)?.status == .live)
        #expect(try fixture.value(all, Sample.steps, "a", "x") == "1.5")
    }

    @Test func aShapeOfWhichNoTableIsLeftStaysEnded() throws {
        let (fixture, all, _) = try fixture()
        let reason = Reason(code: "schema_changed", message: "steps is no more")
        try fixture.answer(all, ended: reason)
        let rest = Sample.schema.tables.filter { $0.name == Sample.users }
        _ = try fixture.replica.adopt(schema: DatabaseSchema(tables: rest), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.status == .ended(reason))
    }

    /// They are of the old columns, and would be read as of the new ones.
    @Test func messagesThatWaitForTheFrontierGoWithTheOldColumns() throws {
        let (fixture, all, names) = try fixture()
        try fixture.answer(all, [fixture.insert(Sample.steps, "d", ["name": "later"])], hasMore: true)
        #expect(try fixture.value(all, Sample.steps, "d", "name") == nil)
        let note = Column("note", number: 9, type: Sample.text)
        _ = try fixture.replica.adopt(schema: Self.schema(steps: Self.steps + [note]), dataModel: nil)
        #expect(fixture.replica.heldShape(all.id)?.offset == .beforeAll)
        #expect(fixture.replica.heldShape(names.id)?.offset != .beforeAll)
        // What was in view stays in view until the new life is whole.
        #expect(try fixture.value(all, Sample.steps, "a", "x") == "1")
        let rows = ["a", "d"].map { fixture.insert(Sample.steps, $0, ["name": "n", "x": "2", "note": "new"]) }
        try fixture.answer(all, rows, isReset: true)
        #expect(try fixture.value(all, Sample.steps, "d", "note") == "new")
        #expect(try fixture.value(all, Sample.steps, "b", "x") == nil)
    }

    /// After a restore, versions begin again where the restored database stands.
    @Test func aRowOfAnotherHistoryHasThatHistorysVersion() throws {
        let (fixture, all, names) = try fixture()
        try fixture.answer(all, [fixture.update(Sample.steps, "a", ["x": "2"], version: 9)])
        let older = fixture.insert(Sample.steps, "a", ["name": "restored"], version: 2)
        try fixture.answer(names, [older], isReset: true, epoch: Epoch(systemIdentifier: "8", timeline: 1))
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        let sent = try fixture.replica.batchToSend(limit: 10).batch.operations
        #expect(sent.map(\.operation.base) == [2])
    }
}
