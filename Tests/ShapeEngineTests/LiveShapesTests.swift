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

    // MARK: - A claim before IN

    private static let lists = TableName(name: "lists")
    private static let people = TableName(name: "people")
    private static let shared = DatabaseSchema(tables: [
        TableSchema(
            name: lists, columns: [Column("id", number: 1, type: ColumnType("int4"), isNotNull: true)],
            primaryKey: ["id"]),
        TableSchema(
            name: people,
            columns: [
                Column("list_id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("person", number: 2, type: ColumnType("int4"), isNotNull: true),
            ], primaryKey: ["list_id", "person"]),
    ])

    /// Whether a permission goes where, after the list, this row of `people` comes or goes.
    private func isRevoked(_ rule: String, person: Value, comes: Bool) throws -> Bool {
        let key = RowKey(values: ["1", person])
        var source = MemorySource(tables: [
            Self.lists: [Self.key: Row(["1"])],
            Self.people: comes ? [:] : [key: Row(["1", person])],
        ])
        let access = ReadAccess(
            rules: ReadRules([Self.lists: try ReadRule(parsing: Text(rule))], areNeeded: false),
            claims: ["user_id": "7"])
        let definition = try ShapeDefinition(rootTable: Self.lists, root: ShapeDefinition.Node())
        var live = LiveShapes(schema: Self.shared, now: 0)
        try live.add(1, Shape(resolving: definition, in: Self.shared, access: access), source: source)
        func commit(_ change: (inout MemorySource) -> Void) throws -> [Bool] {
            var later = source
            change(&later)
            let changes = source.changes(to: later)
            let after = DeltaSource(base: source, changes: changes)
            let step = try live.step(changes, time: 1, before: source, after: after)
            live.commit(step)
            source = later
            return step.touched.map { $0.changes.isRevoked }
        }
        let deleted = try commit { $0.tables[Self.lists] = [:] }
        #expect(!deleted.contains(true))
        return try commit { $0.tables[Self.people] = comes ? [key: Row(["1", person])] : [:] }.contains(true)
    }

    @Test func aMembershipThatAClaimIsLookedForInIsTheOneOfThatPerson() throws {
        let rule = "auth.user_id IN (SELECT person FROM people WHERE list_id = lists.id)"
        #expect(try isRevoked(rule, person: "7", comes: false))
        #expect(try !isRevoked(rule, person: "8", comes: false))
        #expect(try isRevoked("(auth.user_id, id) IN (SELECT person, list_id FROM people)", person: "7", comes: false))
        #expect(try !isRevoked("(auth.user_id, id) IN (SELECT person, list_id FROM people)", person: "8", comes: false))
    }

    @Test func aBanThatAClaimIsLookedForInIsTheOneOfThatPerson() throws {
        let rule = "auth.user_id NOT IN (SELECT person FROM people WHERE list_id = lists.id)"
        #expect(try isRevoked(rule, person: "7", comes: true))
        #expect(try !isRevoked(rule, person: "8", comes: true))
    }

    // MARK: - Ways up

    private static let graph = DatabaseSchema(tables: [
        TableSchema(
            name: TableName(name: "t"),
            columns: (0..<5).map { Column("c\($0)", number: $0 + 1, type: ColumnType("int4"), isNotNull: $0 == 0) },
            primaryKey: ["c0"])
    ])

    /// Each level multiplies the ways that lead up to the root.
    @Test func aShapeWithMoreWaysUpThanAreWorthFollowingIsAskedAboutEveryChange() throws {
        let ways = (1..<5).flatMap { own in (1..<5).map { "c\(own) = parent.c\($0)" } }.joined(separator: " OR ")
        var node = ShapeDefinition.Node(condition: Text(ways))
        for _ in 0..<2 {
            node = ShapeDefinition.Node(condition: Text(ways), include: [ShapeDefinition.Include("t", node)])
        }
        let definition = try ShapeDefinition(
            rootTable: TableName(name: "t"),
            root: ShapeDefinition.Node(condition: "c0 = 1", include: [ShapeDefinition.Include("t", node)]))
        let shape = try Shape(resolving: definition, in: Self.graph)
        #expect(shape.nodes.map { $0.links.count } == [0, 16, 16, 16])
        var source = MemorySource()
        let table = TableName(name: "t")
        source.tables[table] = [Self.key: Row(["1", "1", "1", "1", "1"])]
        var live = LiveShapes(schema: Self.graph, now: 0)
        try live.add(1, shape, source: source)
        #expect(live.metrics.scanned == 1)
        var later = source
        let key = RowKey(values: ["2"])
        later.tables[table]?[key] = Row(["2", "1", "2", "3", "4"])
        let changes = source.changes(to: later)
        let step = try live.step(changes, time: 1, before: source, after: DeltaSource(base: source, changes: changes))
        #expect(step.touched.map { $0.changes.changes.count } == [1])
        live.commit(step)
        live.remove(1)
        #expect(live.metrics.scanned == 0)
    }
}
