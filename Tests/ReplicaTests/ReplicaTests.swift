import Replica
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

    @Test func whatFailsIsSaidAsLongAsTheRowsAreInView() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(steps)
        let first = ConditionFailure(
            table: Sample.steps, key: RowKey(values: [.text("x")]), message: "division by zero")
        let failures = ShapeFailures(count: 2, first: first, tag: "tag")
        func held() -> ShapeFailures? { fixture.replica.heldShape(shape.id)?.failures }
        try fixture.answer(shape, [step(fixture, "a")], failures: failures)
        #expect(held() == failures)
        try fixture.answer(shape, [step(fixture, "a")], isReset: true, hasMore: true)
        #expect(held() == failures)
        try fixture.answer(shape)
        #expect(held() == failures)
        try fixture.answer(shape, failures: ShapeFailures.none)
        #expect(held() == ShapeFailures.none)
        try fixture.answer(shape, failures: failures)
        try fixture.answer(shape, ended: Reason(code: "bad_request", message: "no more"))
        #expect(held() == ShapeFailures.none)
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
