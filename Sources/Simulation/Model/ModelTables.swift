import SyncModel

/// The tables of a model database, with what the catalogue does not tell: defaults, checks, order of creation.
package struct ModelTables: Sendable {
    /// A column's integer values stay below a bound.
    package struct Check: Hashable, Sendable {
        package let column: String
        package let below: Int

        package init(_ column: String, below: Int) {
            self.column = column
            self.below = below
        }
    }

    /// In the order of creation, in which PostgreSQL fires the triggers of foreign keys.
    package let tables: [TableSchema]
    package let schema: DatabaseSchema
    let defaults: [TableName: [String: Value]]
    let checks: [TableName: [Check]]

    package init(
        _ tables: [TableSchema], defaults: [TableName: [String: Value]] = [:], checks: [TableName: [Check]] = [:]
    ) {
        self.tables = tables
        schema = DatabaseSchema(tables: tables)
        self.defaults = defaults
        self.checks = checks
    }
}

extension ModelTables {
    package static let pipelines = TableName(name: "pipelines")
    package static let steps = TableName(name: "steps")
    package static let connections = TableName(name: "connections")
    package static let comments = TableName(name: "comments")
    package static let people = TableName(name: "people")
    package static let members = TableName(name: "members")

    /// The sample's core: every kind of reference, a unique pair, a junction, a default, a check.
    package static let sample = ModelTables(
        [
            table(pipelines, ["id!", "name!", "status=", "note"]),
            table(steps, ["id!", "pipeline_id!", "name!", "x"], [("pipeline_id", pipelines, .cascade)]),
            table(
                connections, ["id!", "from_step_id!", "to_step_id!"],
                [("from_step_id", steps, .cascade), ("to_step_id", steps, .cascade)],
                uniques: [["from_step_id", "to_step_id"]]),
            table(
                comments, ["id!", "pipeline_id!", "step_id", "content!", "until"],
                [("pipeline_id", pipelines, .cascade), ("step_id", steps, .setNull)]),
            table(people, ["id!", "name!"]),
            table(
                members, ["id!", "pipeline_id!", "person_id!"],
                [("pipeline_id", pipelines, .cascade), ("person_id", people, .cascade)],
                uniques: [["pipeline_id", "person_id"]]),
        ],
        defaults: [pipelines: ["status": "draft"]], checks: [steps: [Check("x", below: 1000)]])

    /// `sample` in SQL.
    package static let sampleSQL = """
        CREATE TABLE pipelines (id text PRIMARY KEY, name text NOT NULL, status text NOT NULL DEFAULT 'draft', note text);
        CREATE TABLE steps (
            id text PRIMARY KEY, pipeline_id text NOT NULL REFERENCES pipelines ON DELETE CASCADE, name text NOT NULL,
            x int CHECK (x < 1000));
        CREATE TABLE connections (
            id text PRIMARY KEY, from_step_id text NOT NULL REFERENCES steps ON DELETE CASCADE,
            to_step_id text NOT NULL REFERENCES steps ON DELETE CASCADE, UNIQUE (from_step_id, to_step_id));
        CREATE TABLE comments (
            id text PRIMARY KEY, pipeline_id text NOT NULL REFERENCES pipelines ON DELETE CASCADE,
            step_id text REFERENCES steps ON DELETE SET NULL, content text NOT NULL, until timestamptz);
        CREATE TABLE people (id text PRIMARY KEY, name text NOT NULL);
        CREATE TABLE members (
            id text PRIMARY KEY, pipeline_id text NOT NULL REFERENCES pipelines ON DELETE CASCADE,
            person_id text NOT NULL REFERENCES people ON DELETE CASCADE, UNIQUE (pipeline_id, person_id));
        """

    private static let types = ["x": "int4", "until": "timestamptz"]

    /// `!` marks NOT NULL, `=` NOT NULL with a default.
    private static func table(
        _ name: TableName, _ columns: [String], _ references: [(String, TableName, ReferentialAction)] = [],
        uniques: [[String]] = []
    ) -> TableSchema {
        TableSchema(
            name: name,
            columns: columns.enumerated().map { number, mark in
                let isMarked = mark.hasSuffix("!") || mark.hasSuffix("=")
                let column = isMarked ? String(mark.dropLast()) : mark
                return Column(
                    column, number: number + 1, type: ColumnType(types[column] ?? "text"),
                    isNotNull: isMarked, hasDefault: mark.hasSuffix("="))
            },
            primaryKey: ["id"],
            foreignKeys: references.map { column, parent, action in
                ForeignKey(
                    "\(name.name)_\(column)_fkey", columns: [column], references: parent, referencedColumns: ["id"],
                    onDelete: action)
            }, uniques: uniques)
    }
}
