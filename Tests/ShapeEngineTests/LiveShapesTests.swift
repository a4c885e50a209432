import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

struct LiveShapesTests {
    private static let items = TableName(name: "items")
    private static let key = RowKey(values: ["1"])

    private static let schema = DatabaseSchema(tables: [
        TableSchema(
            name: items,
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("due_at", number: 2, type: ColumnType("timestamptz")),
            ],
            primaryKey: ["id"])
    ])

    @Test func aShapeThatGoesBeforeTheStepStandsLeavesNothingToWaitFor() throws {
        var live = LiveShapes(schema: Self.schema, now: 0)
        let source = MemorySource(tables: [Self.items: [Self.key: Row(["1", "2000-01-02 00:00:00+00"])]])
        let definition = try ShapeDefinition(
            rootTable: Self.items, root: ShapeDefinition.Node(condition: "due_at > NOW()"))
        try live.add(7, Shape(resolving: definition, in: Self.schema), source: source)
        #expect(live.nextDue != nil)
        var later = source
        later.tables[Self.items]?[Self.key] = Row(["1", "2000-01-03 00:00:00+00"])
        let changes = source.changes(to: later)
        let step = try live.step(
            changes, time: 1, before: source, after: DeltaSource(base: source, changes: changes))
        live.remove(7)
        live.commit(step)
        #expect(live.nextDue == nil)
    }

    private struct Failure: Error {}

    /// Whose rows of a table cannot be read.
    private struct FailingSource: RowSource {
        func row(_ key: RowKey, of table: TableName) throws -> Row? { throw Failure() }

        func rows(of table: TableName, where columns: [Int], equal values: [Value]) throws -> [(key: RowKey, row: Row)]
        {
            throw Failure()
        }

        func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
            try body(LiveShapesTests.key, Row(["1", "2000-01-02 00:00:00+00"]))
            throw Failure()
        }
    }

    @Test func aShapeThatCouldNotBeAddedLeavesNothingBehind() throws {
        var live = LiveShapes(schema: Self.schema, now: 0)
        let definition = try ShapeDefinition(
            rootTable: Self.items, root: ShapeDefinition.Node(condition: "due_at > NOW()"))
        let shape = try Shape(resolving: definition, in: Self.schema)
        #expect(throws: Failure.self) { try live.add(7, shape, source: FailingSource()) }
        #expect(live.nextDue == nil && live.metrics.shapes == 0)
        try live.add(7, shape, source: MemorySource())
        #expect(live.nextDue == nil)
    }
}
