import Replica
import Shapes
import SyncModel
import Testing

/// Windows with own writes in them, which the service does not know of yet.
@Suite struct LocalWindowTests {
    private let first = #"{"root_table": "steps", "order_by": "x", "limit": 3}"#
    private let ofEach = """
        {"root_table": "pipelines", "include": {"steps": {"order_by": "x DESC", "limit": 2, "include": {
            "connections": {"on": "from_step_id"}}}}}
        """

    private func step(_ fixture: Fixture, _ id: String, _ x: String, of pipeline: String = "p") -> ShapeMessage {
        fixture.insert(Sample.steps, id, ["pipeline_id": Value(pipeline), "name": "n", "x": Value(x)], version: 7)
    }

    private func newStep(_ id: String, _ x: String, of pipeline: String = "p") -> Submission {
        Sample.insert(Sample.steps, id, ["pipeline_id": Value(pipeline), "name": "n", "x": Value(x)])
    }

    private func isComplete(_ fixture: Fixture, _ shape: HeldShape) throws -> Bool {
        try fixture.replica.read(shape: shape.id, limit: 1).isComplete
    }

    /// a, b, c at 2, 4, 6: the window is full.
    private func full() throws -> (Fixture, HeldShape) {
        let fixture = try Fixture()
        let shape = try fixture.hold(first)
        try fixture.answer(shape, [step(fixture, "a", "2"), step(fixture, "b", "4"), step(fixture, "c", "6")])
        return (fixture, shape)
    }

    @Test func anOwnRowThatRanksInsidePushesTheLastOut() throws {
        let (fixture, shape) = try full()
        let effects = try fixture.submit(newStep("new", "3"))
        #expect(effects.shapes.first?.changes.map(\.kind) == [.delete, .insert])
        #expect(effects.shapes.first?.isComplete == true)
        #expect(try fixture.ids(shape) == ["steps a", "steps b", "steps new"])
        #expect(fixture.replica.heldShape(shape.id)?.rowCount == 3)
        // It was held all the time: it is there at once where the own row is taken back.
        let back = try fixture.replica.cancel(OperationID("op1"), withDependents: false).effects
        #expect(back.shapes.first?.changes.map(\.kind) == [.insert, .delete])
        #expect(try fixture.ids(shape) == ["steps a", "steps b", "steps c"])
    }

    @Test func anOwnRowThatRanksBeyondTheLastIsNotShown() throws {
        let (fixture, shape) = try full()
        #expect(try fixture.submit(newStep("new", "9")).shapes.isEmpty)
        #expect(try fixture.ids(shape) == ["steps a", "steps b", "steps c"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func anOwnRowIsShownInAWindowThatIsNotFull() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(first)
        try fixture.answer(shape, [step(fixture, "a", "2")])
        try fixture.submit(newStep("new", "9"))
        #expect(try fixture.ids(shape) == ["steps a", "steps new"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func anOwnDeleteLeavesTheWindowShortUntilTheServiceHasRefilledIt() throws {
        let (fixture, shape) = try full()
        let effects = try fixture.submit(Sample.delete(Sample.steps, "b"))
        #expect(effects.shapes.first?.changes.map(\.kind) == [.delete])
        #expect(effects.shapes.first?.isComplete == false)
        #expect(try fixture.ids(shape) == ["steps a", "steps c"])
        #expect(try !isComplete(fixture, shape))
        try fixture.send()
        #expect(try !isComplete(fixture, shape))
        let refill = try fixture.answer(
            shape, [fixture.delete(Sample.steps, "b"), step(fixture, "d", "8")], confirmed: 1)
        #expect(refill.shapes.first?.changes.map(\.kind) == [.insert])
        #expect(refill.shapes.first?.isComplete == true)
        #expect(try fixture.ids(shape) == ["steps a", "steps c", "steps d"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func aWindowThatStaysShortIsCompleteOnceTheServiceHasNoMore() throws {
        let (fixture, shape) = try full()
        try fixture.submit(Sample.delete(Sample.steps, "b"))
        try fixture.send()
        let answer = try fixture.answer(shape, [fixture.delete(Sample.steps, "b")], confirmed: 1)
        // No row changes for a reader, but that none is missing does.
        #expect(answer.shapes.map(\.changes) == [[]])
        #expect(answer.shapes.first?.isComplete == true)
        #expect(try isComplete(fixture, shape))
    }

    @Test func anOwnUpdateMovesARowAndWhatIsBeyondTheLastIsInDoubt() throws {
        let (fixture, shape) = try full()
        // Still among the first three.
        #expect(try fixture.submit(Sample.update(Sample.steps, "a", ["x": "5"])).shapes.first?.isComplete == true)
        // Whether the service has a row between 6 and 9 is not known.
        let effects = try fixture.submit(Sample.update(Sample.steps, "a", ["x": "9"]))
        #expect(effects.shapes.first?.isComplete == false)
        #expect(try fixture.ids(shape) == ["steps a", "steps b", "steps c"])
        try fixture.submit(newStep("new", "1"))
        #expect(try fixture.ids(shape) == ["steps b", "steps c", "steps new"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func aRowThatIsHeldForAnotherShapeFillsAWindow() throws {
        let (fixture, shape) = try full()
        let all = try fixture.hold(#"{"root_table": "steps"}"#)
        let rows = [step(fixture, "a", "2"), step(fixture, "b", "4"), step(fixture, "c", "6"), step(fixture, "d", "8")]
        try fixture.answer(all, rows)
        #expect(try fixture.ids(shape) == ["steps a", "steps b", "steps c"])
        try fixture.submit(Sample.delete(Sample.steps, "b"))
        #expect(try fixture.ids(shape) == ["steps a", "steps c", "steps d"])
        #expect(try !isComplete(fixture, shape))
    }

    @Test func eachParentHasItsOwnWindowAndChildrenGoWithTheirRow() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(ofEach)
        try fixture.answer(
            shape,
            [
                fixture.insert(Sample.pipelines, "p", ["name": "n"]),
                fixture.insert(Sample.pipelines, "q", ["name": "n"]),
                step(fixture, "a", "9"), step(fixture, "b", "7"), step(fixture, "c", "5", of: "q"),
                fixture.insert(Sample.connections, "k", ["from_step_id": "b", "to_step_id": "a"]),
            ])
        try fixture.submit(newStep("new", "8"))
        #expect(try fixture.ids(shape) == ["pipelines p", "pipelines q", "steps a", "steps c", "steps new"])
        // The row comes back, and what is below it, where it moves into the other window.
        try fixture.submit(Sample.update(Sample.steps, "b", ["pipeline_id": "q"]))
        #expect(
            try fixture.ids(shape)
                == ["connections k", "pipelines p", "pipelines q", "steps a", "steps b", "steps c", "steps new"])
        #expect(try isComplete(fixture, shape))
        try fixture.submit(Sample.delete(Sample.steps, "a"))
        #expect(try fixture.ids(shape) == ["pipelines p", "pipelines q", "steps b", "steps c", "steps new"])
        #expect(try !isComplete(fixture, shape))
        // A window of a row that goes is none.
        try fixture.submit(Sample.delete(Sample.pipelines, "p"))
        #expect(try fixture.ids(shape) == ["pipelines q", "steps b", "steps c"])
        #expect(try isComplete(fixture, shape))
    }

    /// b is in the shape below k alone, and nothing that the service said of it tells that it has no window.
    @Test func aRowThatIsInTheShapeAtAnotherNodeHasNoWindow() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(
            """
            {"root_table": "steps", "where": "pipeline_id IN (SELECT id FROM pipelines WHERE status = 'active')",
             "include": {"connections": {"on": "from_step_id", "order_by": "id", "limit": 1, "include": {"to_step": true}}}}
            """)
        let all = try fixture.hold(#"{"root_table": "connections"}"#)
        let first = fixture.insert(Sample.connections, "k", ["from_step_id": "a", "to_step_id": "b"])
        try fixture.answer(shape, [step(fixture, "a", "1"), step(fixture, "b", "2", of: "q"), first])
        let other = fixture.insert(Sample.connections, "l", ["from_step_id": "b", "to_step_id": "c"])
        try fixture.answer(all, [first, other])
        try fixture.submit(Sample.update(Sample.connections, "l", ["to_step_id": "a"]))
        #expect(try fixture.ids(shape) == ["connections k", "steps a", "steps b"])
        try fixture.send()
        try fixture.answer(all, [fixture.update(Sample.connections, "l", ["to_step_id": "a"])], confirmed: 1)
        #expect(try fixture.ids(shape) == ["connections k", "steps a", "steps b"])
    }

    @Test func whatTheDatabaseFillsInCannotBeRanked() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "pipelines", "order_by": "created_at DESC", "limit": 2}"#)
        try fixture.answer(shape, [fixture.insert(Sample.pipelines, "p", ["name": "n", "created_at": "1"])])
        try fixture.submit(Sample.insert(Sample.pipelines, "new", ["name": "n"]))
        #expect(try fixture.ids(shape) == ["pipelines p"])
        #expect(try !isComplete(fixture, shape))
    }
}
