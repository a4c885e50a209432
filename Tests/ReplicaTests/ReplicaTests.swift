import Foundation
@testable import Replica
import Shapes
import SyncModel
import Testing

@Suite struct ReplicaTests {
    private let steps = #"{"root_table": "steps"}"#
    private let tree = """
        {"root_table": "pipelines", "where": "status = 'active'",
         "include": {"steps": {"include": {"connections": {"on": "from_step_id"}}}}}
        """

    private func step(_ fixture: Fixture, _ id: String, _ name: String = "fetch", x: String = "1") -> ShapeMessage {
        fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": Value(name), "x": Value(x)], version: 7)
    }

    @Test func showsNothingOfAShapeBeforeItIsWhole() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        #expect(try fixture.answer(shape, [step(fixture, "a")], hasMore: true).shapes.isEmpty)
        #expect(try fixture.ids(shape) == [])
        let effects = try fixture.answer(shape, [step(fixture, "b")])
        #expect(effects.shapes.first?.changes.map(\.kind) == [.insert, .insert])
        #expect(effects.statuses == [shape.id])
        #expect(try fixture.ids(shape) == ["steps a", "steps b"])
        #expect(fixture.replica.heldShape(shape.id)?.status == .live)
    }

    @Test func aResetShowsOnlyTheDifferences() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a"), step(fixture, "b"), step(fixture, "c")])
        let part = try fixture.answer(shape, [step(fixture, "a")], isReset: true, hasMore: true)
        #expect(part.shapes.isEmpty)
        #expect(try fixture.ids(shape).count == 3)
        let effects = try fixture.answer(shape, [step(fixture, "b", "load"), step(fixture, "d")])
        #expect(effects.shapes.first?.changes.map(\.kind) == [.update, .delete, .insert])
        #expect(effects.shapes.first?.changes.first?.fields == [ShapeMessage.Field("name", "load")])
    }

    @Test func anOwnWriteNeverDisappearsBetweenVerdictAndEcho() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a")])
        let submitted = try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        #expect(submitted.shapes.first?.changes.first?.fields == [ShapeMessage.Field("name", "mine")])
        #expect(try fixture.replica.operations(limit: 1).first?.operation.base == 7)
        try fixture.send()
        #expect(try fixture.answer(shape).shapes.isEmpty)
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        let echo = try fixture.answer(
            shape, [fixture.update(Sample.steps, "a", ["name": "mine"], version: 8)], confirmed: 1)
        #expect(echo.shapes.first?.changes.map(\.fields) == [[]])
        #expect(echo.shapes.first?.changes.first?.isPending == false)
        #expect(try fixture.states() == ["op1 confirmed"])
    }

    @Test func anEchoMayComeBeforeTheVerdict() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a")])
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        _ = try fixture.replica.batchToSend(limit: 10)
        try fixture.answer(shape, [fixture.update(Sample.steps, "a", ["name": "theirs"])], confirmed: 1)
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "theirs")
        #expect(try fixture.states() == ["op1 sending"])
        try fixture.send()
        #expect(try fixture.states() == ["op1 confirmed"])
    }

    @Test func anUpdateKeepsARowThatOthersDeletedInView() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a")])
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        try fixture.answer(shape, [fixture.delete(Sample.steps, "a")])
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(shape, Sample.steps, "a", "x") == "1")
        try fixture.send(.rejected)
        #expect(try fixture.ids(shape) == [])
        #expect(try fixture.replica.counts.parked == 1)
    }

    /// The device never held the row: it had made it, and others deleted it, before its shape told of either.
    @Test func anUpdateKeepsAnOwnRowThatOthersDeletedWhileItsShapeBeganAnew() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "b")])
        try fixture.submit(Sample.insert(Sample.steps, "a", ["pipeline_id": "p", "name": "made", "x": "5"]))
        try fixture.submit(Sample.update(Sample.steps, "a", ["x": "6"]))
        try fixture.send(limit: 2)
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        let effects = try fixture.answer(shape, [step(fixture, "b")], isReset: true, confirmed: 2)
        let changes = effects.shapes.flatMap(\.changes)
        #expect(changes.isEmpty)
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(shape, Sample.steps, "a", "x") == "6")
        // Once more: what is kept outlives another confirmation.
        try fixture.submit(Sample.update(Sample.steps, "a", ["x": "7"]))
        try fixture.send(limit: 1)
        try fixture.answer(shape, confirmed: 3)
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(shape, Sample.steps, "a", "x") == "7")
        try fixture.send(.rejected)
        #expect(try fixture.ids(shape) == ["steps b"])
    }

    @Test func whatAConfirmedDeleteTookIsNotKeptForALaterInsert() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a")])
        try fixture.submit(Sample.delete(Sample.steps, "a"))
        try fixture.send()
        try fixture.submit(Sample.insert(Sample.steps, "a", ["pipeline_id": "p", "name": "again"]))
        try fixture.answer(shape, [fixture.delete(Sample.steps, "a")], confirmed: 1)
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "again")
        #expect(try fixture.value(shape, Sample.steps, "a", "x") == .null)
    }

    @Test func aLocalDeleteTakesItsCascadeAndGivesItBack() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(tree)
        try fixture.answer(
            shape,
            [
                fixture.insert(Sample.pipelines, "p", ["name": "n", "status": "active", "created_at": "now"]),
                step(fixture, "a"), step(fixture, "b"),
                fixture.insert(Sample.connections, "c", ["from_step_id": "a", "to_step_id": "b"]),
            ])
        let effects = try fixture.submit(Sample.delete(Sample.steps, "b"))
        #expect(effects.shapes.first?.changes.map(\.table) == [Sample.connections, Sample.steps])
        #expect(try fixture.ids(shape) == ["pipelines p", "steps a"])
        try fixture.send(.rejected)
        #expect(try fixture.ids(shape) == ["connections c", "pipelines p", "steps a", "steps b"])
    }

    @Test func childrenFollowAParentThatLeavesTheShape() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(tree)
        try fixture.answer(
            shape,
            [
                fixture.insert(Sample.pipelines, "p", ["name": "n", "status": "active", "created_at": "now"]),
                step(fixture, "a"),
            ])
        try fixture.submit(Sample.update(Sample.pipelines, "p", ["status": "draft"]))
        #expect(try fixture.ids(shape) == [])
        try fixture.submit(
            Sample.insert(Sample.steps, "b", ["pipeline_id": "p", "name": "late"]),
            Sample.update(Sample.pipelines, "p", ["status": "active"]))
        #expect(try fixture.ids(shape) == ["pipelines p", "steps a", "steps b"])
    }

    @Test func whatTheDeviceCannotDecideStaysAsTheServiceSaid() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "steps", "where": "x > 4", "select": ["id", "name"]}"#)
        try fixture.answer(shape, [fixture.insert(Sample.steps, "a", ["name": "n"])])
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        try fixture.submit(Sample.update(Sample.steps, "a", ["x": "1"]))
        #expect(try fixture.ids(shape) == [])
    }

    @Test func aColumnGoesWithTheLastShapeThatShowsIt() throws {
        let fixture = try Fixture()
        let wide = try fixture.hold(steps)
        try fixture.answer(wide, [step(fixture, "a")])
        let narrow = try fixture.hold(#"{"root_table": "steps", "select": ["id", "name"]}"#)
        try fixture.answer(narrow, [fixture.insert(Sample.steps, "a", ["name": "fetch"])])
        _ = try fixture.replica.forget(shape: wide.id)
        let row = try fixture.replica.row(shape: narrow.id, table: Sample.steps, key: Sample.key("a"))
        #expect(row?.fields.map(\.column) == ["id", "name"])
        _ = try fixture.replica.forget(shape: narrow.id)
        #expect(throws: ReplicaError.self) { try fixture.replica.read(shape: narrow.id, limit: 1) }
    }

    @Test func aShapeThatEndsTakesItsRowsAndSaysWhy() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        try fixture.answer(shape, [step(fixture, "a")])
        let reason = Reason(code: "bad_request", message: "no such column")
        let effects = try fixture.answer(shape, ended: reason)
        #expect(effects.shapes.first?.changes.map(\.kind) == [.delete])
        #expect(fixture.replica.heldShape(shape.id)?.status == .ended(reason))
        #expect(try fixture.hold(steps).status == .initial)
    }

    /// A message of the transaction.
    private func at(_ transaction: UInt64, _ message: ShapeMessage) -> ShapeMessage {
        ShapeMessage(
            kind: message.kind, table: message.table, key: message.key, fields: message.fields, clock: message.clock,
            origin: ShapeMessage.Origin(offset: LogOffset(tx: transaction, op: 0), xid: 1, isLast: true))
    }

    private func batch(_ fixture: Fixture, _ parts: [(HeldShape, [ShapeMessage])]) -> SyncBatch {
        SyncBatch(
            shapes: parts.map { shape, messages in
                ShapeBatch(
                    shape: shape.id, handle: ShapeHandle("h"), offset: LogOffset(tx: 99, op: 0), messages: messages)
            }, frontier: fixture.frontier())
    }

    @Test func eachSourceTransactionIsToldApartOverAllShapes() throws {
        let fixture = try Fixture()
        let all = try fixture.hold(#"{"root_table": "users"}"#)
        let some = try fixture.hold(#"{"root_table": "users", "where": {"name": "Ana"}}"#)
        try fixture.answer(all)
        try fixture.answer(some)
        let first = fixture.insert(Sample.users, "a", ["name": "Ana"])
        let renamed = fixture.update(Sample.users, "a", ["name": "Eva"])
        let second = fixture.insert(Sample.users, "b", ["name": "Ana"])
        let sequence = fixture.replica.sequence
        let effects = try fixture.replica.apply(
            batch(
                fixture,
                [
                    (all, [at(20, first), at(21, renamed), at(22, second)]),
                    (some, [at(20, first), at(21, fixture.delete(Sample.users, "a")), at(22, second)]),
                ]))
        #expect(effects.map(\.position) == [20, 21, 22])
        #expect(effects.map(\.sequence) == [sequence + 1, sequence + 2, sequence + 3])
        #expect(effects.allSatisfy { $0.shapes.map(\.shape) == [all.id, some.id] })
        #expect(
            effects.map { $0.shapes.map { $0.changes.map(\.kind) } } == [
                [[.insert], [.insert]], [[.update], [.delete]], [[.insert], [.insert]],
            ])
        #expect(fixture.replica.heldShape(all.id)?.rowCount == 2 && fixture.replica.heldShape(some.id)?.rowCount == 1)
    }

    @Test func storesTheCountOfRowsWhereOneCameAndWent() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        let inserted = fixture.insert(Sample.users, "b", ["name": "Ben"])
        let deleted = fixture.delete(Sample.users, "b")
        let effects = try fixture.replica.apply(batch(fixture, [(shape, [at(20, inserted), at(21, deleted)])]))
        #expect(effects.count == 2)
        #expect(try fixture.replica.inspect { try ShapeTable.all(in: $0.db).map(\.rowCount) } == [1])
    }

    /// Neither kept for later, when the column may have been dropped, nor a reason to load the shape again and again.
    @Test func whatNamesAColumnThatIsNotKnownAsksForTheSchema() throws {
        let fixture = try Fixture()
        let live = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(live, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        let behind = try fixture.hold(steps)
        try fixture.answer(behind, [step(fixture, "a")])
        func refused(_ shape: HeldShape, _ message: ShapeMessage, isReset: Bool) throws {
            let part = ShapeBatch(
                shape: shape.id, handle: ShapeHandle(isReset ? "h2" : "h"), offset: LogOffset(tx: 99, op: 0),
                isReset: isReset, messages: [message], hasMore: false)
            let rest = ShapeBatch(
                shape: behind.id, handle: ShapeHandle("h"), offset: LogOffset(tx: 98, op: 0), messages: [],
                hasMore: true)
            let parts = shape == behind ? [part] : [part, rest]
            let error = #expect(throws: ReplicaError.self) {
                _ = try fixture.replica.apply(
                    SyncBatch(shapes: parts, frontier: fixture.frontier(isComplete: false)))
            }
            #expect(error?.code == .schemaUnknown)
        }
        try refused(live, at(20, fixture.update(Sample.users, "a", ["extra": "1"])), isReset: false)
        try refused(behind, fixture.insert(Sample.steps, "b", ["extra": "1"]), isReset: true)
        #expect(fixture.replica.heldShapes.map(\.status) == [.live, .live])
    }

    @Test func ownOperationsStayOnTopOfEveryStepUntilTheyAreConfirmed() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "Ana"])])
        try fixture.submit(Sample.update(Sample.users, "a", ["name": "mine"]))
        let effects = try fixture.replica.apply(
            batch(
                fixture,
                [
                    (
                        shape,
                        [
                            at(20, fixture.update(Sample.users, "a", ["name": "theirs"], version: 5)),
                            at(21, fixture.insert(Sample.users, "b", ["name": "Eva"])),
                        ]
                    )
                ]))
        #expect(effects.map { $0.shapes.flatMap { $0.changes.map(\.kind) } } == [[.insert]])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "mine")
    }

    @Test func tooManyTransactionsForOneEventAreToldAsOneReset() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxChanges: 3))
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape)
        let messages = (1...5).map { at(UInt64($0), fixture.insert(Sample.users, "u\($0)", ["name": "n"])) }
        let effects = try fixture.replica.apply(batch(fixture, [(shape, messages)]))
        #expect(effects.map { $0.shapes.map(\.isReset) } == [[true]])
        #expect(fixture.replica.heldShape(shape.id)?.rowCount == 5)
    }

    @Test func aShapeWhoseNewLifeComesIntoViewIsNotShownHalfWayThroughTransactions() throws {
        let fixture = try Fixture()
        let users = try fixture.hold(#"{"root_table": "users"}"#)
        let pipelines = try fixture.hold(#"{"root_table": "pipelines"}"#)
        try fixture.answer(users)
        try fixture.answer(pipelines)
        var whole = batch(
            fixture,
            [
                (users, [1, 2].map { at($0, fixture.insert(Sample.users, "u\($0)", ["name": "n"])) }),
                (pipelines, [fixture.insert(Sample.pipelines, "p", ["name": "n"])]),
            ])
        whole.shapes[1].isReset = true
        let effects = try fixture.replica.apply(whole)
        #expect(effects.map { $0.shapes.map(\.shape) } == [[users.id, pipelines.id]])
        #expect(effects.map(\.position) == [whole.frontier.position])
    }

    @Test func changedColumnsBeginTheShapeAnew() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        let users = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [step(fixture, "a")])
        try fixture.answer(users, [fixture.insert(Sample.users, "u", ["name": "Ana"])])
        let changed = DatabaseSchema(
            tables: Sample.schema.tables.map { table in
                guard table.name == Sample.steps else { return table }
                return Sample.table(
                    Sample.steps, ["id!", "pipeline_id!", "name!", "note", "x"],
                    [("pipeline_id", Sample.pipelines, .cascade)])
            })
        try fixture.submit(Sample.update(Sample.steps, "a", ["name": "mine"]))
        let effects = try fixture.replica.adopt(schema: changed, dataModel: nil)
        #expect(effects.shapes.map(\.shape) == [shape.id, users.id])
        #expect(fixture.replica.heldShape(shape.id)?.status == .initial)
        #expect(fixture.replica.heldShape(shape.id)?.offset == .beforeAll)
        #expect(try fixture.ids(users) == ["users u"])
        let row = fixture.insert(
            Sample.steps, "a", ["pipeline_id": "p", "name": "fetch", "x": "1", "note": "new"], version: 9)
        try fixture.answer(shape, [row])
        #expect(try fixture.value(shape, Sample.steps, "a", "name") == "mine")
        #expect(try fixture.value(shape, Sample.steps, "a", "note") == "new")
    }

    @Test func oneIncomingChangeUnderManyPendingOperationsTouchesOneRow() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(tree)
        var messages = [fixture.insert(Sample.pipelines, "p", ["name": "n", "status": "active", "created_at": "now"])]
        for number in 0..<1200 { messages.append(step(fixture, "s\(number)")) }
        try fixture.answer(shape, messages)
        for number in 0..<1000 {
            try fixture.submit(Sample.update(Sample.steps, "s\(number)", ["name": "mine"]))
            #expect(fixture.replica.rebuiltRows == 1)
        }
        for id in ["s5", "s1100"] {
            try fixture.answer(shape, [fixture.update(Sample.steps, id, ["x": "9"], version: 9)])
            #expect(fixture.replica.rebuiltRows == 1, "\(id)")
        }
        try fixture.answer(shape, [fixture.update(Sample.pipelines, "p", ["name": "other"], version: 9)])
        #expect(fixture.replica.rebuiltRows == 1)
        try fixture.submit(Sample.update(Sample.pipelines, "p", ["name": "mine"]))
        #expect(fixture.replica.rebuiltRows == 1)
        try fixture.submit(Sample.update(Sample.pipelines, "p", ["status": "draft"]))
        #expect(fixture.replica.rebuiltRows == 1201)
    }
}

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
