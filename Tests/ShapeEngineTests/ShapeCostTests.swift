import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

/// What a change costs is what it touches, not what the shape holds.
struct ShapeCostTests {
    private static let parent = TableSchema(
        name: TableName(name: "parents"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("open", number: 2, type: ColumnType("bool")),
            Column("title", number: 3, type: ColumnType("text")),
        ],
        primaryKey: ["id"])
    private static let child = TableSchema(
        name: TableName(name: "children"),
        columns: [
            Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
            Column("parent_id", number: 2, type: ColumnType("int4")),
            Column("n", number: 3, type: ColumnType("int4")),
        ],
        primaryKey: ["id"],
        foreignKeys: [ForeignKey("f", columns: ["parent_id"], references: parent.name, referencedColumns: ["id"])])

    private static let schema = DatabaseSchema(tables: [parent, child])

    private let shape: Shape
    private let source: MemorySource

    init() throws {
        let definition = try ShapeDefinition(
            rootTable: Self.parent.name,
            root: ShapeDefinition.Node(condition: "open", include: [ShapeDefinition.Include("children")]))
        shape = try Shape(resolving: definition, in: Self.schema)
        var source = MemorySource()
        for id in 0..<20 {
            source.tables[Self.parent.name, default: [:]][key(id)] = Row([Value(String(id)), id < 10 ? "t" : "f", "x"])
            for index in 0..<10 {
                source.tables[Self.child.name, default: [:]][key(id * 10 + index)] = Row([
                    Value(String(id * 10 + index)), Value(String(id)), "0",
                ])
            }
        }
        self.source = source
    }

    private func step(_ change: RowChange) throws -> LiveShapes.Step {
        var live = LiveShapes(schema: Self.schema, now: 0)
        try live.add(1, shape, source: source)
        let after = DeltaSource(base: source, changes: [change])
        return try live.step([change], time: 0, before: source, after: after)
    }

    private func changes(_ change: RowChange) throws -> ShapeChanges {
        try #require(try step(change).touched.first).changes
    }

    @Test func readsOneParentForAChangedChild() throws {
        let old = try #require(source.row(key(5), of: Self.child.name))
        var new = old
        new[2] = "1"
        let result = try changes(RowChange(table: Self.child.name, key: key(5), old: old, new: new))
        #expect(result.changes.map(\.kind) == [.update])
        #expect(result.work.lookups == 2 && result.work.rowsFound == 2 && result.work.rowsRead == 0)
    }

    @Test func looksAtNoChildOfAParentWhoseTitleChanges() throws {
        let old = try #require(source.row(key(5), of: Self.parent.name))
        var new = old
        new[2] = "y"
        let result = try changes(RowChange(table: Self.parent.name, key: key(5), old: old, new: new))
        #expect(result.changes.map(\.kind) == [.update])
        #expect(result.work.lookups == 0 && result.work.conditionsEvaluated == 2)
    }

    @Test func bringsInTheChildrenOfAParentThatComesIn() throws {
        let old = try #require(source.row(key(15), of: Self.parent.name))
        var new = old
        new[1] = "t"
        let result = try changes(RowChange(table: Self.parent.name, key: key(15), old: old, new: new))
        #expect(result.changes.map(\.kind) == Array(repeating: .insert, count: 11))
        #expect(result.changes.map(\.table) == [Self.parent.name] + Array(repeating: Self.child.name, count: 10))
        #expect(result.work.rowsRead <= 20)
        #expect(result.work.lookups <= 21)
    }

    @Test func doesNothingForARowOutside() throws {
        let row = try #require(source.row(key(15), of: Self.parent.name))
        let step = try step(RowChange(table: Self.parent.name, key: key(15), old: row, new: nil))
        #expect(step.touched.isEmpty && step.work == ShapeWork())
    }

    @Test func leavesARowOutWhoseConditionFailsAndNamesIt() throws {
        let definition = try ShapeDefinition(table: Self.child.name, where: "- n > 0")
        let shape = try Shape(resolving: definition, in: Self.schema)
        let row = Row(["7", "1", "-2147483648"])
        let change = RowChange(table: Self.child.name, key: key(7), old: nil, new: row)
        var live = LiveShapes(schema: Self.schema, now: 0)
        try live.add(1, shape, source: MemorySource())
        let after = DeltaSource(base: MemorySource(), changes: [change])
        let step = try live.step([change], time: 0, before: MemorySource(), after: after)
        let result = try #require(step.touched.first).changes
        live.commit(step)
        #expect(result.changes.isEmpty && live.metrics.failures == 1 && live.metrics.scanned == 1)
        #expect(
            result.failures == [FailureChange(table: Self.child.name, key: key(7), message: "integer out of range")])
    }
}

private func key(_ id: Int) -> RowKey { RowKey(values: [Value(String(id))]) }
