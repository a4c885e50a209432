import Replica
import Shapes
import SyncModel
import Testing

/// Rows that are in a shape for each other's sake, or for their own, while the device cannot decide all of it.
@Suite struct LocalMembershipTests {
    private let all = #"{"root_table": "steps"}"#
    /// Its rows join themselves.
    private let alike = """
        {"root_table": "steps", "where": "name IN (SELECT name FROM users)",
         "include": {"steps": {"where": "x = parent.x"}}}
        """

    private func step(_ fixture: Fixture, _ id: String, _ x: String) -> ShapeMessage {
        fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": "n", "x": Value(x)], version: 7)
    }

    /// a and b are in both shapes, and a is changed here, when the service says that all of them left the second.
    private func fixture() throws -> (fixture: Fixture, all: HeldShape, alike: HeldShape) {
        let fixture = try Fixture()
        let (all, alike) = (try fixture.hold(all), try fixture.hold(alike))
        let rows = ["a", "b"].map { step(fixture, $0, "1") }
        try fixture.answer(all, rows, isReset: true)
        try fixture.answer(alike, rows, isReset: true)
        #expect(try fixture.ids(alike) == ["steps a", "steps b"])
        try fixture.submit(Sample.update(Sample.steps, "a", ["x": "2"]))
        return (fixture, all, alike)
    }

    @Test func aRowThatJoinsItselfLeavesWhenTheServiceSaysSo() throws {
        let (fixture, all, alike) = try fixture()
        try fixture.answer(alike, ["a", "b"].map { fixture.delete(Sample.steps, $0) })
        try fixture.send()
        try fixture.answer(all, [fixture.update(Sample.steps, "a", ["x": "2"])], confirmed: 1)
        #expect(try fixture.ids(alike) == [])
        #expect(try fixture.ids(all) == ["steps a", "steps b"])
        #expect(fixture.replica.heldShape(alike.id)?.rowCount == 0)
    }

    @Test func rowsStayWithOneThatLeavesAndComesBackInOneSubmission() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(
            #"{"root_table": "pipelines", "where": "status = 'active'", "include": {"steps": true}}"#)
        let pipeline = fixture.insert(Sample.pipelines, "p", ["name": "n", "status": "active"])
        try fixture.answer(shape, [pipeline, step(fixture, "a", "1")])
        try fixture.submit(
            Sample.update(Sample.pipelines, "p", ["status": "draft"]),
            Sample.update(Sample.pipelines, "p", ["status": "active"]))
        #expect(try fixture.ids(shape) == ["pipelines p", "steps a"])
    }

    @Test func rowsThatJoinEachOtherLeaveWithTheChangeThatBroughtThem() throws {
        let (fixture, all, alike) = try fixture()
        // Not in the second shape, until a comes to them.
        try fixture.answer(all, ["c", "d"].map { step(fixture, $0, "2") })
        #expect(try fixture.ids(alike) == ["steps a", "steps b", "steps c", "steps d"])
        try fixture.send(.rejected)
        #expect(try fixture.states() == ["op1 parked"])
        #expect(try fixture.ids(alike) == ["steps a", "steps b"])
        #expect(try fixture.ids(all) == ["steps a", "steps b", "steps c", "steps d"])
    }
}
