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

    /// Nested, flat with a condition, flat with few columns, and joined by either end, so that shapes overlap.
    static let definitions = [
        """
        {"root_table": "pipelines", "where": "status = 'active'", "include": {
            "steps": {"include": {"connections": {"on": "from_step_id"}}}, "comments": {"include": {"user": true}}}}
        """,
        #"{"root_table": "steps", "where": "x > 4"}"#,
        #"{"root_table": "comments", "select": ["id", "content"]}"#,
        #"{"root_table": "connections"}"#,
        """
        {"root_table": "steps", "where": "x < 7", "include": {
            "connections": {"where": "from_step_id = steps.id OR to_step_id = steps.id"}}}
        """,
    ]

    /// Windows of the root, with a condition, and for each parent, beside shapes that hold more of the same rows.
    static let windows = [
        """
        {"root_table": "pipelines", "order_by": "status, name DESC", "limit": 3, "include": {
            "steps": {"order_by": "x DESC NULLS LAST, name", "limit": 2, "include": {
                "connections": {"on": "from_step_id"}}}}}
        """,
        #"{"root_table": "steps", "where": "x > 2", "order_by": "x, name DESC", "limit": 3}"#,
        #"{"root_table": "pipelines", "where": "status = 'active'", "order_by": "name", "limit": 2}"#,
        """
        {"root_table": "pipelines", "where": "status = 'active'", "include": {
            "comments": {"order_by": "content DESC", "limit": 2}}}
        """,
        definitions[0], definitions[1], definitions[3],
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
