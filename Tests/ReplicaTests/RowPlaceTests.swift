import Replica
import Shapes
import SyncModel
import Testing

/// In which order rows of a shape are to be shown.
@Suite struct RowPlaceTests {
    private func ids(_ fixture: Fixture, _ shape: HeldShape, limit: Int = 2) throws -> [String] {
        var rows: [ViewRow] = []
        var cursor: String?
        repeat {
            let page = try fixture.replica.read(shape: shape.id, after: cursor, limit: limit, withPlaces: true)
            rows += page.rows
            cursor = page.next
        } while cursor != nil
        let places = try rows.map { row in (try #require(row.place), row) }
        return places.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map {
            String($0.1.key.description.dropFirst().dropLast())
        }
    }

    private func steps(_ fixture: Fixture, _ definition: String) throws -> HeldShape {
        let shape = try fixture.hold(definition)
        let values: [(String, String, Value)] = [
            ("1", "b", "10"), ("2", "a", "9"), ("3", "b", .null), ("4", "a", "-1"),
        ]
        try fixture.answer(
            shape,
            values.map { id, name, x in
                fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": Value(name), "x": x])
            })
        return shape
    }

    @Test(
        arguments: [
            (#""order_by": "x""#, ["4", "2", "1", "3"]), (#""order_by": "x DESC""#, ["3", "1", "2", "4"]),
            (#""order_by": "x DESC NULLS LAST""#, ["1", "2", "4", "3"]),
            (#""order_by": ["name DESC", "x"]"#, ["1", "3", "4", "2"]), (#""where": "true""#, ["1", "2", "3", "4"]),
            (#""order_by": "x DESC", "limit": 4"#, ["3", "1", "2", "4"]),
        ])
    func rowsOfTheRootCompareAsItsOrderSays(member: String, expected: [String]) throws {
        let fixture = try Fixture()
        let shape = try steps(fixture, "{\"root_table\": \"steps\", \(member)}")
        #expect(try ids(fixture, shape) == expected)
    }

    @Test func ownChangesHaveTheirPlaces() throws {
        let fixture = try Fixture()
        let shape = try steps(fixture, #"{"root_table": "steps", "order_by": "x"}"#)
        try fixture.submit(
            Sample.update(Sample.steps, "3", ["x": "8"]), Sample.delete(Sample.steps, "4"),
            Sample.insert(Sample.steps, "0", ["pipeline_id": "p", "name": "n", "x": "100"]))
        #expect(try ids(fixture, shape) == ["3", "2", "1", "0"])
    }

    @Test func anOrderByColumnsThatAreNotHeldIsThatOfTheKey() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "steps", "select": ["name"], "order_by": "x DESC"}"#)
        try fixture.answer(shape, ["2", "1"].map { fixture.insert(Sample.steps, $0, ["name": "n"]) })
        #expect(try ids(fixture, shape) == ["1", "2"])
    }

    @Test func withoutBeingAskedNoRowHasAPlace() throws {
        let fixture = try Fixture()
        let shape = try steps(fixture, #"{"root_table": "steps", "order_by": "x"}"#)
        #expect(try fixture.replica.read(shape: shape.id, limit: 9).rows.allSatisfy { $0.place == nil })
    }

    @Test func rowsOfAFirstSyncHavePlacesToo() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "steps", "order_by": "x DESC"}"#)
        let rows = [("1", "9"), ("2", "10")].map { id, x in
            fixture.insert(Sample.steps, id, ["pipeline_id": "p", "name": "n", "x": Value(x)])
        }
        try fixture.replica.store(
            ShapeBatch(
                shape: shape.id, handle: ShapeHandle("h"), offset: LogOffset(tx: 0, op: 1), isReset: true,
                messages: rows, hasMore: true))
        let page = try fixture.replica.read(shape: shape.id, limit: 9, isPartial: true, withPlaces: true)
        let (first, second) = (try #require(page.rows.first?.place), try #require(page.rows.last?.place))
        #expect(page.rows.count == 2 && second.lexicographicallyPrecedes(first))
    }
}
