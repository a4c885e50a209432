import Foundation
import JSONText
import Merge
import Replica
import Shapes
import SyncModel

/// A small schema with every kind of reference that the replica acts on.
enum Sample {
    static let users = TableName(name: "users")
    static let pipelines = TableName(name: "pipelines")
    static let steps = TableName(name: "steps")
    static let connections = TableName(name: "connections")
    static let comments = TableName(name: "comments")
    static let text = ColumnType("text")

    static let schema = DatabaseSchema(tables: [
        table(users, ["id!", "name!"]),
        table(pipelines, ["id!", "name!", "status", "created_at="]),
        table(steps, ["id!", "pipeline_id!", "name!", "x"], [("pipeline_id", pipelines, .cascade)]),
        table(
            connections, ["id!", "from_step_id!", "to_step_id!"],
            [("from_step_id", steps, .cascade), ("to_step_id", steps, .cascade)]),
        table(
            comments, ["id!", "pipeline_id!", "step_id", "user_id", "content!"],
            [("pipeline_id", pipelines, .cascade), ("step_id", steps, .setNull), ("user_id", users, .setNull)]),
    ])

    /// `!` marks NOT NULL, `=` NOT NULL with a default.
    static func table(
        _ name: TableName, _ columns: [String], _ references: [(String, TableName, ReferentialAction)] = []
    ) -> TableSchema {
        TableSchema(
            name: name,
            columns: columns.enumerated().map { number, column in
                Column(
                    column.trimmingCharacters(in: ["!", "="]), number: number + 1,
                    type: column.hasPrefix("x") ? ColumnType("int4") : text,
                    isNotNull: column.hasSuffix("!") || column.hasSuffix("="), hasDefault: column.hasSuffix("="))
            },
            primaryKey: ["id"],
            foreignKeys: references.map { column, parent, action in
                ForeignKey(
                    "\(name.name)_\(column)", columns: [column], references: parent, referencedColumns: ["id"],
                    onDelete: action)
            })
    }

    static func definition(_ json: String) throws -> ShapeDefinition {
        try ShapeDefinition(json: JSON(parsing: json))
    }

    /// Nested, flat with a condition, and flat with few columns, so that shapes overlap.
    static let definitions = [
        """
        {"root_table": "pipelines", "where": "status = 'active'", "include": {
            "steps": {"include": {"connections": {"on": "from_step_id"}}}, "comments": {"include": {"user": true}}}}
        """,
        #"{"root_table": "steps", "where": "x > 4"}"#,
        #"{"root_table": "comments", "select": ["id", "content"]}"#,
        #"{"root_table": "connections"}"#,
    ]

    static func key(_ id: String) -> RowKey { RowKey(values: [.text(Text(id))]) }

    static func row(_ table: TableName, _ values: Value...) -> Row { Row(values) }

    static let epoch = Epoch(systemIdentifier: "7301", timeline: 1)

    static func insert(
        _ table: TableName, _ id: String, _ set: [String: Value], operation: String? = nil
    ) -> Submission {
        Submission(
            id: operation.map { OperationID($0) }, table: table, action: .insert, key: ["id": Text(id)], set: set)
    }

    static func update(
        _ table: TableName, _ id: String, _ set: [String: Value], operation: String? = nil
    ) -> Submission {
        Submission(
            id: operation.map { OperationID($0) }, table: table, action: .update, key: ["id": Text(id)], set: set)
    }

    static func delete(_ table: TableName, _ id: String, operation: String? = nil) -> Submission {
        Submission(id: operation.map { OperationID($0) }, table: table, action: .delete, key: ["id": Text(id)])
    }
}

/// Seeded, so that a failing run can be had again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        // Mixed first: neighbouring seeds would otherwise give the same numbers, one place apart.
        state = seed
        state = next() &* 0xd129_0b26_88e5_a6c7
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self) }
}
