import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

/// One change among 1, 1 000 and 100 000 shapes costs the same.
struct ShapeCountCostTests {
    private static let items = TableName(name: "items")
    private static let notes = TableName(name: "notes")
    private static let members = TableName(name: "members")

    private static let schema = DatabaseSchema(tables: [
        TableSchema(
            name: items,
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("bucket", number: 2, type: ColumnType("int4")),
                Column("team_id", number: 3, type: ColumnType("int4")),
                Column("due_at", number: 4, type: ColumnType("timestamptz")),
                // No condition and no rule asks for it.
                Column("name", number: 5, type: ColumnType("text")),
            ],
            primaryKey: ["id"]),
        TableSchema(
            name: notes,
            columns: [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("item_id", number: 2, type: ColumnType("int4")),
            ],
            primaryKey: ["id"],
            foreignKeys: [ForeignKey("f", columns: ["item_id"], references: items, referencedColumns: ["id"])]),
        TableSchema(
            name: members,
            columns: [
                Column("team_id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("user_id", number: 2, type: ColumnType("int4"), isNotNull: true),
            ],
            primaryKey: ["team_id", "user_id"]),
    ])

    /// One item for each kind of shape, in the bucket and the team of its number, with a note on it.
    private static let source: MemorySource = {
        var source = MemorySource()
        for id in 1...kinds.count {
            let text = Value(String(id))
            source.tables[items, default: [:]][key(id)] = Row([text, text, text, "2000-01-01 00:01:00+00", "x"])
            source.tables[notes, default: [:]][key(id)] = Row([text, text])
        }
        return source
    }()

    private enum Change: Sendable { case item, note, member(user: Int) }

    private struct Kind: Sendable {
        let name: String
        var condition: String?
        /// A read rule of `items`, for the person of the shape's number.
        var rule: String?
        var include: [ShapeDefinition.Include] = []
        let change: Change
        /// Beside the one shape that is asked.
        let work: @Sendable (inout ShapeWork) -> Void
    }

    private static let kinds: [Kind] = [
        Kind(name: "column = value", condition: "bucket = $1", change: .item) { $0.conditionsEvaluated = 2 },
        Kind(name: "IN list in AND", condition: "id > 0 AND bucket IN ($1, -1 - $1)", change: .item) {
            $0.conditionsEvaluated = 2
        },
        Kind(name: "OR of one column", condition: "bucket = $1 OR bucket = -1 - $1", change: .item) {
            $0.conditionsEvaluated = 2
        },
        Kind(name: "NOW()", condition: "bucket = $1 AND due_at > NOW()", change: .item) { $0.conditionsEvaluated = 2 },
        Kind(
            name: "included child", condition: "bucket = $1", include: [ShapeDefinition.Include("notes")], change: .note
        ) {
            $0.lookups = 2
            $0.rowsFound = 1
            $0.conditionsEvaluated = 1
        },
        Kind(
            name: "shared sub-select",
            condition: "bucket = $1 AND team_id IN (SELECT team_id FROM members WHERE user_id = -7)",
            change: .member(user: -7)
        ) {
            $0.lookups = 2
            $0.rowsFound = 2
            $0.rowsRead = 2
            $0.conditionsEvaluated = 2
        },
        Kind(
            name: "sub-select of its own",
            condition: "team_id IN (SELECT team_id FROM members WHERE user_id = $1)", change: .member(user: 7)
        ) {
            $0.lookups = 2
            $0.rowsFound = 2
            $0.rowsRead = 2
            $0.conditionsEvaluated = 2
        },
        Kind(
            name: "read rule", rule: "team_id IN (SELECT team_id FROM members WHERE user_id = auth.user_id)",
            change: .member(user: 8)
        ) {
            // Once for the shape, and once for the rule.
            $0.lookups = 4
            $0.rowsFound = 4
            $0.rowsRead = 3
            $0.conditionsEvaluated = 2
        },
    ]

    private static func key(_ id: Int...) -> RowKey { RowKey(values: id.map { Value(String($0)) }) }

    private static func change(_ kind: Int) -> RowChange {
        let id = kind + 1
        switch kinds[kind].change {
        case .item:
            let row = source.row(key(id), of: items)
            var moved = row
            moved?[4] = "y"
            return RowChange(table: items, key: key(id), old: row, new: moved)
        case .note: return RowChange(table: notes, key: key(id), old: source.row(key(id), of: notes), new: nil)
        case .member(let user):
            let row = Row([Value(String(id)), Value(String(user))])
            return RowChange(table: members, key: key(id, user), old: nil, new: row)
        }
    }

    /// The kinds by turns: of each, the first shape is the one whose item is there.
    private static func add(_ number: Int, to live: inout LiveShapes) throws {
        let kind = kinds[(number - 1) % kinds.count]
        let person = Text(String(number))
        let definition = try ShapeDefinition(
            rootTable: items,
            root: ShapeDefinition.Node(condition: kind.condition.map { Text($0) }, include: kind.include),
            parameters: kind.condition == nil ? [] : [person])
        let rule = try kind.rule.map { try ReadRule(parsing: Text($0)) }
        let access = ReadAccess(
            rules: ReadRules(rule.map { [items: $0] } ?? [:], areNeeded: false), claims: ["user_id": person])
        try live.add(Int64(number), Shape(resolving: definition, in: schema, access: access), source: source)
    }

    private func check(_ live: LiveShapes, _ kind: Int, _ size: Int) throws {
        let change = Self.change(kind)
        let after = DeltaSource(base: Self.source, changes: [change])
        let step = try live.step([change], time: 1, before: Self.source, after: after)
        var expected = ShapeWork()
        expected.shapesAsked = 1
        Self.kinds[kind].work(&expected)
        #expect(step.work == expected, "\(Self.kinds[kind].name) among \(size) shapes")
        #expect(step.touched.map(\.id) == [Int64(kind + 1)])
    }

    @Test func costsTheSameAmongAnyNumberOfShapes() throws {
        for kind in Self.kinds.indices {
            var alone = LiveShapes(schema: Self.schema, now: 0)
            try Self.add(kind + 1, to: &alone)
            try check(alone, kind, 1)
        }
        var live = LiveShapes(schema: Self.schema, now: 0)
        for size in [1_000, 100_000] {
            for number in live.metrics.shapes + 1...size { try Self.add(number, to: &live) }
            for kind in Self.kinds.indices { try check(live, kind, size) }
        }
        #expect(live.metrics.shapes == 100_000 && live.metrics.scanned == 0)
    }

    @Test func countsTheShapesThatAreAskedWhateverChanges() throws {
        var live = LiveShapes(schema: Self.schema, now: 0)
        for (id, condition) in ["bucket > 1", "bucket = 1", "team_id <> 3"].enumerated() {
            let shape = try Shape(
                resolving: ShapeDefinition(table: Self.items, where: condition), in: Self.schema)
            try live.add(Int64(id), shape, source: Self.source)
        }
        #expect(live.metrics.shapes == 3 && live.metrics.scanned == 2)
        live.remove(0)
        #expect(live.metrics.shapes == 2 && live.metrics.scanned == 1)
    }
}
