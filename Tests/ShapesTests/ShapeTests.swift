import SyncModel
import Testing

@testable import Shapes

struct ShapeTests {
    private static func table(_ name: String, _ columns: [String], _ keys: [(String, String)] = []) -> TableSchema {
        TableSchema(
            name: TableName(name: name),
            columns: (["id"] + columns).enumerated().map { Column($1, number: $0 + 1, type: ColumnType("int4")) },
            primaryKey: ["id"],
            foreignKeys: keys.map { column, table in
                ForeignKey(
                    "\(name)_\(column)", columns: [column], references: TableName(table), referencedColumns: ["id"])
            })
    }

    private static let schema = DatabaseSchema(tables: [
        table("pipelines", ["n"]),
        table("steps", ["pipeline_id", "parent_id", "n"], [("pipeline_id", "pipelines"), ("parent_id", "steps")]),
        table(
            "connections", ["pipeline_id", "from_step_id", "to_step_id"],
            [("pipeline_id", "pipelines"), ("from_step_id", "steps"), ("to_step_id", "steps")]),
        table(
            "comments", ["pipeline_id", "user_id", "reviewer_id"],
            [("pipeline_id", "pipelines"), ("user_id", "users"), ("reviewer_id", "users")]),
        table("users", ["team_id"], [("team_id", "teams")]),
        table("teams", ["owner_id"], [("owner_id", "users")]),
    ])

    private func shape(_ root: String, _ includes: ShapeDefinition.Include...) throws -> Shape {
        let definition = try ShapeDefinition(
            rootTable: TableName(root), root: ShapeDefinition.Node(include: includes))
        return try Shape(resolving: definition, in: Self.schema)
    }

    private func refusal(_ root: String, _ include: ShapeDefinition.Include) -> ShapeError? {
        do {
            _ = try shape(root, include)
            return nil
        } catch {
            return error as? ShapeError
        }
    }

    private func include(_ name: Text, on: Text? = nil, _ children: ShapeDefinition.Include...)
        -> ShapeDefinition.Include
    {
        ShapeDefinition.Include(name, on: on, ShapeDefinition.Node(include: children))
    }

    @Test func followsForeignKeysBothWays() throws {
        let shape = try shape("pipelines", include("comments", include("user"), include("reviewer")), include("steps"))
        #expect(shape.nodes.map(\.path) == ["", "comments", "comments/user", "comments/reviewer", "steps"])
        #expect(shape.nodes.map(\.parent) == [nil, 0, 1, 1, 0])
        #expect(shape.nodes[0].children == [1, 4] && shape.nodes[1].children == [2, 3])
        #expect(shape.nodes[1].link == Shape.Link(childColumns: [1], parentColumns: [0]))
        #expect(shape.nodes[2].link == Shape.Link(childColumns: [0], parentColumns: [2]))
        #expect(shape.nodes[3].link == Shape.Link(childColumns: [0], parentColumns: [3]))
        #expect(shape.tables.map(\.name) == ["pipelines", "comments", "users", "steps"])
        #expect(shape.nodes(of: TableName(name: "users")) == [2, 3])
    }

    @Test func takesATablesOwnNameForItsChildrenAndTheColumnForItsParent() throws {
        let shape = try shape("steps", include("steps"), include("parent"))
        #expect(shape.nodes[1].link == Shape.Link(childColumns: [2], parentColumns: [0]))
        #expect(shape.nodes[2].link == Shape.Link(childColumns: [0], parentColumns: [2]))
    }

    @Test func asksForOnWhereSeveralForeignKeysLeadThere() throws {
        #expect(
            refusal("steps", include("connections"))?.message
                == "several foreign keys connect public.steps and `connections`: say which with `on`, one of connections.from_step_id, connections.to_step_id"
        )
        #expect(refusal("steps", include("connections"))?.field == "include.connections.on")
        #expect(refusal("comments", include("users"))?.code == .badInclude)
        let shape = try shape("steps", include("connections", on: "to_step_id"))
        #expect(shape.nodes[1].link == Shape.Link(childColumns: [3], parentColumns: [0]))
        // Both tables refer to each other.
        #expect(refusal("users", include("teams"))?.message.contains("teams.owner_id, users.team_id") == true)
        #expect(try self.shape("users", include("teams", on: "team_id")).nodes[1].link?.parentColumns == [1])
        #expect(try self.shape("users", include("teams", on: "teams.owner_id")).nodes[1].link?.parentColumns == [0])
        #expect(refusal("steps", include("connections", on: "n"))?.message.contains("use one of") == true)
    }

    @Test func saysWhatCanBeIncluded() {
        #expect(
            refusal("pipelines", include("users"))?.message
                == "no foreign key connects public.pipelines and `users`; what can be included there: comments, connections, steps"
        )
        #expect(refusal("nowhere", include("users"))?.code == .unknownTable)
    }

    @Test func alwaysSelectsTheKey() throws {
        let node = ShapeDefinition.Node(select: ["n", "pipeline_id"])
        let definition = try ShapeDefinition(rootTable: TableName(name: "steps"), root: node)
        #expect(try Shape(resolving: definition, in: Self.schema).nodes[0].selected == [0, 1, 3])
        let wrong = try ShapeDefinition(
            rootTable: TableName(name: "steps"), root: ShapeDefinition.Node(select: ["zz", "n"]))
        #expect(
            throws: ShapeError(.unknownColumn, "The following columns are not found on the table: zz", field: "select")
        ) {
            try Shape(resolving: wrong, in: Self.schema)
        }
    }

    @Test func checksElectricsColumnsInItsWords() throws {
        let table = TableName(name: "steps")
        #expect(
            throws: ShapeError(
                .badDefinition, "The list of columns must include all primary key columns, missing: id",
                field: "columns")
        ) {
            try ShapeDefinition(table: table, columns: ["n"]).validateColumns(in: Self.schema)
        }
        #expect(
            throws: ShapeError(
                .unknownColumn, "The following columns are not found on the table: invalid", field: "columns")
        ) {
            try ShapeDefinition(table: table, columns: ["id", "invalid"]).validateColumns(in: Self.schema)
        }
    }

    @Test func sharesParametersOverTheTreeAndNamesUnusedOnes() throws {
        func definition(_ parameters: [Text]) throws -> ShapeDefinition {
            try ShapeDefinition(
                rootTable: TableName(name: "pipelines"),
                root: ShapeDefinition.Node(
                    condition: "n = $2",
                    include: [ShapeDefinition.Include("steps", ShapeDefinition.Node(condition: "n = $1"))]),
                parameters: parameters)
        }
        let shape = try Shape(resolving: definition(["1", "2"]), in: Self.schema)
        #expect(shape.nodes[0].predicate?.equalities.map(\.value) == ["2"])
        #expect(shape.nodes[1].predicate?.equalities.map(\.value) == ["1"])
        #expect(
            throws: ShapeError(.badParameters, "At location 0: parameter value for $3 was not used", field: "where")
        ) {
            try Shape(resolving: definition(["1", "2", "3"]), in: Self.schema)
        }
        #expect(
            throws: ShapeError(
                .badParameters, "At location 4: parameter $1 was not provided", field: "include.steps.where")
        ) {
            try Shape(
                resolving: try ShapeDefinition(
                    rootTable: TableName(name: "pipelines"),
                    root: ShapeDefinition.Node(
                        include: [ShapeDefinition.Include("steps", ShapeDefinition.Node(condition: "n = $1"))])),
                in: Self.schema)
        }
    }
}
