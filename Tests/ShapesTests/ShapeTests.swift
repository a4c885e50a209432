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
        TableSchema(
            name: TableName(name: "labels"),
            columns: ["pipeline_id", "user_id"].enumerated().map {
                Column($1, number: $0 + 1, type: ColumnType("int4"))
            },
            primaryKey: ["pipeline_id", "user_id"],
            foreignKeys: [("pipeline_id", "pipelines"), ("user_id", "users")].map { column, table in
                ForeignKey(
                    "labels_\(column)", columns: [column], references: TableName(table), referencedColumns: ["id"])
            }),
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
        #expect(shape.nodes[1].links == [Shape.Link(childColumns: [1], parentColumns: [0])])
        #expect(shape.nodes[2].links == [Shape.Link(childColumns: [0], parentColumns: [2])])
        #expect(shape.nodes[3].links == [Shape.Link(childColumns: [0], parentColumns: [3])])
        #expect(shape.tables.map(\.name) == ["pipelines", "comments", "users", "steps"])
        #expect(shape.nodes(of: TableName(name: "users")) == [2, 3])
    }

    @Test func takesATablesOwnNameForItsChildrenAndTheColumnForItsParent() throws {
        let shape = try shape("steps", include("steps"), include("parent"))
        #expect(shape.nodes[1].links == [Shape.Link(childColumns: [2], parentColumns: [0])])
        #expect(shape.nodes[2].links == [Shape.Link(childColumns: [0], parentColumns: [2])])
    }

    @Test func asksForOnWhereSeveralForeignKeysLeadThere() throws {
        #expect(
            refusal("steps", include("connections"))?.message
                == "several foreign keys connect public.steps and `connections`: say which with `on`, one of connections.from_step_id, connections.to_step_id"
        )
        #expect(refusal("steps", include("connections"))?.field == "include.connections.on")
        #expect(refusal("comments", include("users"))?.code == .badInclude)
        let shape = try shape("steps", include("connections", on: "to_step_id"))
        #expect(shape.nodes[1].links == [Shape.Link(childColumns: [3], parentColumns: [0])])
        // Both tables refer to each other.
        #expect(refusal("users", include("teams"))?.message.contains("teams.owner_id, users.team_id") == true)
        #expect(try self.shape("users", include("teams", on: "team_id")).nodes[1].links.first?.parentColumns == [1])
        #expect(
            try self.shape("users", include("teams", on: "teams.owner_id")).nodes[1].links.first?.parentColumns == [0])
        #expect(refusal("steps", include("connections", on: "n"))?.message.contains("use one of") == true)
    }

    @Test func saysWhatCanBeIncluded() {
        #expect(
            refusal("pipelines", include("teams"))?.message
                == "no foreign key connects public.pipelines and `teams`; what can be included there: comments, connections, labels, steps"
        )
        #expect(refusal("nowhere", include("users"))?.code == .unknownTable)
    }

    /// Comments refer to both as well, but are more than a pair.
    @Test func goesThroughTheJunctionTable() throws {
        let shape = try shape("pipelines", include("users"))
        #expect(shape.nodes.map(\.path) == ["", "labels", "users"])
        #expect(shape.nodes.map(\.parent) == [nil, 0, 1])
        #expect(shape.nodes[1].links == [Shape.Link(childColumns: [0], parentColumns: [0])])
        #expect(shape.nodes[2].links == [Shape.Link(childColumns: [0], parentColumns: [1])])
    }

    @Test func ranksBehindAJunctionForEachRowBeforeIt() throws {
        let node = ShapeDefinition.Node(orderBy: [ShapeDefinition.Order("team_id")], limit: 3)
        let definition = try ShapeDefinition(
            rootTable: TableName("pipelines"),
            root: ShapeDefinition.Node(limit: 2, include: [ShapeDefinition.Include("users", node)]))
        let shape = try Shape(resolving: definition, in: Self.schema)
        #expect(shape.nodes.map { $0.window?.limit } == [2, nil, 3])
        #expect(shape.nodes[0].window?.group == nil && shape.nodes[2].window?.group == 0)
        // The order ends in the key.
        #expect(shape.nodes[2].window?.order.columns == [1, 0])
    }

    @Test func joinsByTheConditionWhereItNamesTheParent() throws {
        func links(_ condition: String, child: String = "connections", parent: String = "steps") throws -> Shape.Node {
            let include = ShapeDefinition.Include(
                Text(child), ShapeDefinition.Node(condition: Text(condition)))
            return try shape(parent, include).nodes[1]
        }
        let from = Shape.Link(childColumns: [2], parentColumns: [0])
        let to = Shape.Link(childColumns: [3], parentColumns: [0])
        let either = try links("from_step_id = steps.id OR steps.id = connections.to_step_id")
        #expect(either.links == [from, to] && either.predicate == nil)
        let some = try links("(from_step_id = steps.id OR to_step_id = steps.id) AND id > 5")
        #expect(some.links == [from, to] && some.predicate?.columnsUsed == [0])
        let both = try links("from_step_id = steps.id AND pipeline_id = steps.pipeline_id")
        #expect(both.links == [Shape.Link(childColumns: [2, 1], parentColumns: [0, 1])])
        let own = try links("parent_id = parent.id AND n = 1", child: "steps")
        #expect(own.links == [Shape.Link(childColumns: [2], parentColumns: [0])] && own.predicate != nil)
        #expect(
            refusal("steps", ShapeDefinition.Include("connections", .init(condition: "from_step_id > steps.id"))) != nil
        )
    }

    /// 1 and 1.0 are equal, and are written differently.
    @Test func refusesToJoinWhatHasSeveralTexts() throws {
        func table(_ name: String, _ type: String) -> TableSchema {
            TableSchema(
                name: TableName(name: name),
                columns: [
                    Column("id", number: 1, type: ColumnType("int4")), Column("n", number: 2, type: ColumnType(type)),
                ], primaryKey: ["id"])
        }
        func refusal(_ left: String, _ right: String) throws -> ShapeError? {
            let schema = DatabaseSchema(tables: [table("p", left), table("c", right)])
            let include = ShapeDefinition.Include("c", ShapeDefinition.Node(condition: "n = p.n"))
            let definition = try ShapeDefinition(
                rootTable: TableName("p"), root: ShapeDefinition.Node(include: [include]))
            do throws(ShapeError) {
                _ = try Shape(resolving: definition, in: schema)
                return nil
            } catch {
                return error
            }
        }
        for type in ["numeric", "float8", "bpchar", "interval", "jsonb"] {
            #expect(try refusal(type, type)?.code == .notSupported, "\(type)")
        }
        #expect(try refusal("int4", "text")?.field == "include.c.where")
        for (left, right) in [("int4", "int8"), ("text", "varchar"), ("uuid", "uuid"), ("timestamptz", "timestamptz")] {
            #expect(try refusal(left, right) == nil, "\(left)")
        }
    }

    @Test func refusesToOrderByWhatIsNoColumn() {
        let include = ShapeDefinition.Include(
            "steps", ShapeDefinition.Node(orderBy: [ShapeDefinition.Order("zz")], limit: 1))
        #expect(refusal("pipelines", include)?.code == .unknownColumn)
        #expect(refusal("pipelines", include)?.field == "include.steps.order_by")
    }

    @Test func alwaysSelectsTheKey() throws {
        let node = ShapeDefinition.Node(select: ["n", "pipeline_id"])
        let definition = try ShapeDefinition(rootTable: TableName(name: "steps"), root: node)
        #expect(try Shape(resolving: definition, in: Self.schema).nodes[0].selected == [0, 1, 3])
        let wrong = try ShapeDefinition(
            rootTable: TableName(name: "steps"), root: ShapeDefinition.Node(select: ["zz", "n"]))
        #expect(
            throws: ShapeError(
                .unknownColumn, "The following columns are not found on the table: zz", field: "select",
                table: TableName(name: "steps"))
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
                .unknownColumn, "The following columns are not found on the table: invalid", field: "columns",
                table: table)
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
        let missing = #expect(throws: ShapeError.self) {
            try Shape(
                resolving: try ShapeDefinition(
                    rootTable: TableName(name: "pipelines"),
                    root: ShapeDefinition.Node(
                        include: [ShapeDefinition.Include("steps", ShapeDefinition.Node(condition: "n = $1"))])),
                in: Self.schema)
        }
        #expect(missing?.code == .badParameters && missing?.offset == 4)
        #expect(missing?.description == "include.steps.where: At location 4: parameter $1 was not provided")
    }
}
