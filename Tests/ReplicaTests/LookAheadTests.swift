import Replica
import Shapes
import SyncModel
import Testing

/// Rows that are held beside a window, so that an own delete leaves no gap.
@Suite struct LookAheadTests {
    private let first = #"{"root_table": "steps", "order_by": "x", "limit": 2}"#

    private func step(_ fixture: Fixture, _ id: String, _ x: String) -> ShapeMessage {
        fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": "n", "x": Value(x)], version: 7)
    }

    /// What the service is asked for, and nobody holds.
    private func ahead(_ fixture: Fixture) -> HeldShape? {
        let held = Set(fixture.replica.heldShapes.map(\.id))
        return fixture.replica.shapesByUrgency.last { !held.contains($0.id) }
    }

    /// a and b of a to f, and c and d beside them.
    private func full() throws -> (Fixture, HeldShape) {
        let fixture = try Fixture()
        let shape = try fixture.hold(first)
        let rows = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")].map { step(fixture, $0, $1) }
        try fixture.answer(shape, Array(rows.prefix(2)))
        try fixture.answer(try #require(ahead(fixture)), rows)
        return (fixture, shape)
    }

    private func isComplete(_ fixture: Fixture, _ shape: HeldShape) throws -> Bool {
        try fixture.replica.read(shape: shape.id, limit: 1).isComplete
    }

    @Test func asManyMoreAreAskedForAsTheWindowTakesAndTenAtMost() throws {
        let fixture = try Fixture()
        for (limit, wider) in [(1, 2), (10, 20), (11, 21), (500, 510)] {
            let shape = try fixture.hold(#"{"root_table": "steps", "limit": \#(limit)}"#)
            #expect(ahead(fixture)?.definition.root.limit == wider)
            #expect(fixture.replica.heldShapes.map(\.id) == [shape.id])
            _ = try fixture.replica.forget(shape: shape.id)
            #expect(fixture.replica.shapesByUrgency.isEmpty)
        }
    }

    @Test func onlyForWindowsThatTheDeviceRanks() throws {
        let fixture = try Fixture()
        _ = try fixture.hold(#"{"root_table": "steps"}"#)
        // Ordered by a column that is not held.
        _ = try fixture.hold(#"{"root_table": "steps", "select": ["name"], "order_by": "x", "limit": 2}"#)
        #expect(ahead(fixture) == nil)
    }

    @Test func theNextRowsAreHeldAndNotShown() throws {
        let (fixture, shape) = try full()
        #expect(try fixture.ids(shape) == ["steps a", "steps b"])
        #expect(fixture.replica.heldShape(shape.id)?.rowCount == 2)
        #expect(fixture.replica.heldShapes.count == 1)
        let other = try #require(ahead(fixture))
        #expect(fixture.replica.heldShape(other.id) == nil)
        #expect(throws: ReplicaError.self) { try fixture.replica.forget(shape: other.id) }
        // What comes in there is nobody's news.
        let moved = try fixture.answer(other, [fixture.update(Sample.steps, "c", ["name": "m"], version: 9)])
        #expect(moved.shapes.isEmpty && moved.statuses.isEmpty)
    }

    @Test func deletedRowsAreFollowedByThemUntilTheServiceMayKnowOfOthers() throws {
        let (fixture, shape) = try full()
        let effects = try fixture.submit(Sample.delete(Sample.steps, "a"))
        #expect(effects.shapes.first?.changes.map(\.kind) == [.delete, .insert])
        #expect(effects.shapes.first?.isComplete == true)
        try fixture.submit(Sample.delete(Sample.steps, "c"))
        #expect(try fixture.ids(shape) == ["steps b", "steps d"])
        #expect(try isComplete(fixture, shape))
        // e and f are beyond what the service has told.
        try fixture.submit(Sample.delete(Sample.steps, "d"))
        #expect(try fixture.ids(shape) == ["steps b"])
        #expect(try !isComplete(fixture, shape))
        _ = try fixture.replica.cancel(OperationID("op1"), withDependents: false)
        #expect(try fixture.ids(shape) == ["steps a", "steps b"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func theServicesRefillChangesNothingThatIsShown() throws {
        let (fixture, shape) = try full()
        try fixture.submit(Sample.delete(Sample.steps, "a"))
        try fixture.send()
        let answer = try fixture.answer(
            shape, [fixture.delete(Sample.steps, "a"), step(fixture, "c", "3")], confirmed: 1)
        let told = answer.shapes.flatMap(\.changes)
        #expect(told.allSatisfy { $0.kind == .update && $0.fields.isEmpty }, "\(told)")
        #expect(try fixture.ids(shape) == ["steps b", "steps c"])
        #expect(try isComplete(fixture, shape))
    }

    @Test func theyGiveWayToShapesThatSomebodyAsksFor() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxShapes: 3))
        let one = try fixture.hold(first)
        _ = try fixture.hold(#"{"root_table": "steps"}"#)
        #expect(fixture.replica.shapesByUrgency.count == 3)
        let two = try fixture.hold(#"{"root_table": "steps", "order_by": "name", "limit": 2}"#)
        #expect(fixture.replica.shapesByUrgency.map(\.id) == fixture.replica.heldShapes.map(\.id))
        _ = try fixture.replica.forget(shape: two.id)
        #expect(ahead(fixture)?.definition.root.limit == 4)
        _ = try fixture.replica.forget(shape: one.id)
        #expect(fixture.replica.shapesByUrgency.count == 1)
    }

    @Test func theyGoWithAShapeThatEndsAndComeBackWithIt() throws {
        let (fixture, shape) = try full()
        try fixture.answer(shape, ended: Reason(code: "gone", message: "it is gone"))
        #expect(fixture.replica.shapesByUrgency.map(\.id) == [shape.id])
        #expect(try fixture.hold(first).id == shape.id)
        #expect(ahead(fixture)?.definition.root.limit == 4)
    }

    @Test func oneThatTheServiceDoesNotServeIsNotAskedForAgain() throws {
        let (fixture, shape) = try full()
        try fixture.answer(try #require(ahead(fixture)), ended: Reason(code: "too_many", message: "too many"))
        #expect(try fixture.ids(shape) == ["steps a", "steps b"])
        guard case .ended = ahead(fixture)?.status else {
            Issue.record("it has not ended")
            return
        }
        // As if there had never been any.
        try fixture.submit(Sample.delete(Sample.steps, "a"))
        #expect(try !isComplete(fixture, shape))
    }
}
