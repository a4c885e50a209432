import Foundation
import JSONText
import Shapes
import SyncModel
import Testing

@testable import Replica

@Suite struct UnusedShapesTests {
    private func definition(_ name: String) throws -> ShapeDefinition {
        try Sample.definition(#"{"root_table": "users", "where": {"name": "\#(name)"}}"#)
    }

    @discardableResult
    private func hold(_ fixture: Fixture, _ name: String, inUse: Set<String>? = []) throws -> HeldShape {
        try fixture.replica.hold(definition(name), inUse: inUse.map { inUse in { inUse } }).shape
    }

    @Test func theLeastRecentlyUsedMakesRoom() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxShapes: 3))
        let (a, b) = (try hold(fixture, "a"), try hold(fixture, "b"))
        let c = try hold(fixture, "c")
        try hold(fixture, "a")
        fixture.replica.noteUse(ofShape: b.id)
        let d = try hold(fixture, "d")
        #expect(fixture.replica.heldShapes.map(\.id) == [a.id, b.id, d.id])
        let e = try hold(fixture, "e", inUse: [a.id, b.id])
        #expect(fixture.replica.heldShapes.map(\.id) == [a.id, b.id, e.id])
        #expect(fixture.replica.heldShape(c.id) == nil)
    }

    @Test func whereAllAreInUseNothingGoes() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxShapes: 2))
        let (a, b) = (try hold(fixture, "a"), try hold(fixture, "b"))
        let error = #expect(throws: ReplicaError.self) { try hold(fixture, "c", inUse: [a.id, b.id]) }
        #expect(error?.code == .tooLarge && error?.message.contains("all of them are in use") == true)
        #expect(throws: ReplicaError.self) { try hold(fixture, "c", inUse: nil) }
        #expect(fixture.replica.heldShapes.map(\.id) == [a.id, b.id])
        // What cannot be held takes nobody's room.
        #expect(throws: ReplicaError.self) {
            try fixture.replica.hold(Sample.definition(#"{"root_table": "phantoms"}"#), inUse: { [] })
        }
        #expect(fixture.replica.heldShapes.map(\.id) == [a.id, b.id])
    }

    @Test func shapesOfViewsStay() throws {
        let fixture = try Fixture(limits: ReplicaLimits(maxShapes: 3))
        let view = EnteredView(name: "v", parameters: [:])
        let shown = try fixture.replica.enter(view, [definition("a"), definition("b")], inUse: []).shapes
        let c = try hold(fixture, "c")
        try hold(fixture, "d")
        #expect(fixture.replica.heldShape(c.id) == nil && fixture.replica.heldShapes.count == 3)
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes.count == 1)
        #expect(fixture.replica.heldShapes.map(\.id) == shown.map(\.id))
        // A view takes the room of what nobody uses, but not that of its own shapes.
        try hold(fixture, "e")
        #expect(throws: ReplicaError.self) {
            try fixture.replica.enter(view, [definition("c"), definition("d")], inUse: Set(shown.map(\.id)))
        }
        let wider = try fixture.replica.enter(view, [definition("a"), definition("b"), definition("c")], inUse: [])
        #expect(fixture.replica.heldShapes.map(\.id) == wider.shapes.map(\.id))
    }

    @Test func theOnlyShapeOfARowWithOwnOperationsStays() throws {
        let fixture = try Fixture()
        let all = try fixture.hold(#"{"root_table": "users"}"#)
        let ana = try hold(fixture, "Ana", inUse: nil)
        let ben = try hold(fixture, "Ben", inUse: nil)
        try fixture.answer(all, [fixture.insert(Sample.users, "1", ["name": "Ana"])])
        try fixture.answer(ana, [fixture.insert(Sample.users, "1", ["name": "Ana"])])
        try fixture.answer(ben, [fixture.insert(Sample.users, "2", ["name": "Ben"])])
        try fixture.submit(Sample.delete(Sample.users, "1"), Sample.insert(Sample.users, "3", ["name": "Carl"]))
        // The least recent has the row of `Carl` alone; `Ana` then is not the only one for hers, and `Ben` has none.
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes == [ana.id, ben.id])
        #expect(fixture.replica.heldShapes.map(\.id) == [all.id])
        try fixture.send()
        try fixture.answer(all, [fixture.insert(Sample.users, "3", ["name": "Carl"])], confirmed: 2)
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes == [all.id])
    }

    @Test func theLastOfTwoShapesOfARowWithOwnOperationsStays() throws {
        let fixture = try Fixture()
        let all = try fixture.hold(#"{"root_table": "users"}"#)
        let ana = try hold(fixture, "Ana", inUse: nil)
        for shape in [all, ana] { try fixture.answer(shape, [fixture.insert(Sample.users, "1", ["name": "Ana"])]) }
        try fixture.submit(Sample.delete(Sample.users, "1"))
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes == [all.id])
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes == [])
        #expect(fixture.replica.heldShapes.map(\.id) == [ana.id])
        #expect(try fixture.states() == ["op1 queued"])
    }

    @Test func parkedOperationsKeepTheirShape() throws {
        let fixture = try Fixture()
        let ana = try hold(fixture, "Ana", inUse: nil)
        try fixture.answer(ana, [fixture.insert(Sample.users, "1", ["name": "Ana"])])
        try fixture.submit(Sample.update(Sample.users, "1", ["name": "Ana"]))
        try fixture.send(.rejected)
        #expect(try fixture.states() == ["op1 parked"])
        #expect(try fixture.replica.forgetUnused(inUse: []).shapes == [])
    }

    @Test func theOrderOfUseSurvivesARestart() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "replica-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func open() throws -> Replica {
            try Replica(
                location: .file(path: directory.path + "/replica.sqlite", instance: "i"), newReplicaID: ReplicaID("r"))
        }
        var replica = try open()
        let shapes = try ["a", "b", "c"].map { try replica.hold(definition($0)).shape.id }
        _ = try replica.hold(definition("a"))
        let last = try replica.hold(definition("d")).shape.id
        replica = try open()
        #expect(try replica.forgetUnused(inUse: [last]).shapes == [shapes[1], shapes[2], shapes[0]])
        replica = try open()
        #expect(try replica.forgetUnused(inUse: []).shapes == [last])
    }

    @Test(arguments: ["", "{", "7", #"["a", [1]]"#])
    func anOrderThatIsNotOfItsFormIsNone(text: String) {
        #expect(ShapeRecency(text: text) == ShapeRecency())
        #expect(ShapeRecency(text: text).sorted([3, 1, 2]) == [3, 1, 2])
        #expect(ShapeRecency(text: "[2, 7, 3, 2]").sorted([3, 1, 2]) == [1, 3, 2])
    }
}
