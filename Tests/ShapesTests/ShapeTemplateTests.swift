import JSONText
import SyncModel
import Testing

@testable import Shapes

@Suite struct ShapeTemplateTests {
    private let schema = DatabaseSchema(tables: [
        TableSchema(
            name: TableName("pipelines"),
            columns: [
                Column("id", number: 1, type: ColumnType("uuid")), Column("name", number: 2, type: ColumnType("text")),
                Column("state", number: 3, type: ColumnType("pipeline_state", labels: ["draft", "live"])),
            ], primaryKey: ["id"]),
        TableSchema(
            name: TableName("steps"),
            columns: [
                Column("id", number: 1, type: ColumnType("uuid")),
                Column("pipeline_id", number: 2, type: ColumnType("uuid")),
            ], primaryKey: ["id"],
            foreignKeys: [
                ForeignKey(
                    "a", columns: ["pipeline_id"], references: TableName("pipelines"),
                    referencedColumns: ["id"])
            ]),
        TableSchema(
            name: TableName("notes"),
            columns: [
                Column("id", number: 1, type: ColumnType("int4")),
                Column("step_id", number: 2, type: ColumnType("uuid")),
            ], primaryKey: ["id"],
            foreignKeys: [
                ForeignKey(
                    "b", columns: ["step_id"], references: TableName("steps"), referencedColumns: ["id"])
            ]),
    ])
    private static let id = "0c000000-0000-4000-8000-000000000002"

    private var children: ChildTables {
        ChildTables(
            declared: [TableName("pipelines"): [TableName("steps")], TableName("steps"): [TableName("notes")]],
            schema: schema)
    }

    private func parameter(_ name: String, _ type: String) throws -> ShapeParameter {
        ShapeParameter(name: name, type: try #require(ParameterType(type)))
    }

    private func template(_ json: String, _ parameters: [(String, String)]) throws -> ShapeTemplate {
        let body = try #require(try JSON(parsing: json).object)
        return try ShapeTemplate(body, parameters: try parameters.map { try parameter($0.0, $0.1) })
    }

    @Test(arguments: [
        (#"{"root_table": "pipelines", "where": "id = $id"}"#, #""where":"id = ($1::uuid)","params":["\#(id)"]"#),
        (
            #"{"root_table": "pipelines", "where": {"id": "$id", "name": "$$id", "state": ["draft", "live"]}}"#,
            #""where":"\"id\" = ($1::uuid) AND \"name\" = $2 AND \"state\" IN ($3, $4)","params":["\#(id)","$id","draft","live"]"#
        ),
        (
            #"{"root_table": "pipelines", "where": "name <> '$id' AND \"name\" <> 'x' /* $id */ AND id=$id"}"#,
            #""where":"name <> '$id' AND \"name\" <> 'x' /* $id */ AND id=($1::uuid)","params":["\#(id)"]"#
        ),
    ])
    func putsValuesInThePlaceOfNames(json: String, rest: String) throws {
        let template = try template(json, [("id", "uuid")])
        let definition = try template.definition([Text(Self.id)], children: children)
        #expect(definition.canonical == #"{"root_table":"public.pipelines",\#(rest)}"#)
        _ = try Shape(resolving: definition, in: schema)
        #expect(try ShapeDefinition(json: definition.json) == definition)
    }

    @Test func aNamedShapeIsFoundByItsColumnAsAPlainOneIs() throws {
        let json = #"{"root_table": "pipelines", "where": {"id": "$id"}}"#
        let definition = try template(json, [("id", "uuid")]).definition([Text(Self.id)], children: children)
        let shape = try Shape(resolving: definition, in: schema)
        let equalities = shape.nodes[0].predicate?.equalities ?? []
        #expect(equalities.map { $0.column } == [0])
        #expect(equalities.map { $0.value } == [Text(Self.id)])
    }

    @Test(arguments: [
        (#"{"root_table": "pipelines", "where": "id = $team"}"#, "where", "declared under `parameters`: id (uuid)"),
        (#"{"root_table": "pipelines", "where": {"id": "$team"}}"#, "where", "there is no parameter `team`"),
        (#"{"root_table": "pipelines", "where": "id = $1"}"#, "where", "parameters have names here"),
        (#"{"root_table": "pipelines"}"#, "parameters.id", "`id` is not used"),
        (#"{"root_table": "pipelines", "where": "name = '$id'"}"#, "parameters.id", "`id` is not used"),
        (#"{"where": "id = $id"}"#, "root_table", "is missing"),
        (#"{"root_table": "pipelines", "where": "id = $id", "limits": 3}"#, "limits", "is not a member"),
    ])
    func refusesNamesThatAreNotDeclaredOrNotUsed(json: String, field: String, message: String) throws {
        let error = #expect(throws: ShapeError.self) { try template(json, [("id", "uuid")]) }
        #expect(error?.field == field)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: ["uuid", "varchar(20)", "integer", "timestamp with time zone", "uuid[]", "pipeline_state"])
    func readsTypesAsACastNamesThem(text: String) throws {
        let type = try #require(ParameterType(text))
        #expect(type.isKnown(in: schema))
        #expect(ParameterType("public.thing.x") == nil)
    }

    @Test(arguments: ["", "uuid OR true", "uuid) OR (true", "uuid -- x", "uuid /* x */", "1", "'x'", "uuid;"])
    func takesNothingElseForAType(text: String) {
        #expect(ParameterType(text) == nil)
    }

    @Test func typesAreTheSameByWhatTheyMean() {
        #expect(ParameterType("integer") == ParameterType("int4"))
        #expect(ParameterType("varchar(3)") != ParameterType("varchar(4)"))
        #expect(ParameterType("uuid") != ParameterType("uuid[]"))
    }

    @Test func theSampleIsCheckedWithoutValues() throws {
        let wrong = try template(#"{"root_table": "pipelines", "where": "id = $id"}"#, [("id", "int4")])
        let error = #expect(throws: ShapeError.self) {
            try Shape(resolving: try wrong.sample(children: children), in: schema)
        }
        #expect(error?.code == .badCondition)
        let right = try template(
            #"{"root_table": "pipelines", "where": "state = $s AND name LIKE $n"}"#,
            [
                ("s", "pipeline_state"), ("n", "text"),
            ])
        _ = try Shape(resolving: try right.sample(children: children), in: schema)
    }

    @Test(arguments: [
        (#"{"id": "0c000000-0000-4000-8000-000000000002", "n": 7}"#, nil),
        (#"{"n": 7}"#, "the shape `x` needs the parameter `id` (uuid)"),
        (#"{"id": null, "n": 7}"#, "the shape `x` needs the parameter `id` (uuid)"),
        (#"{"id": "abc", "n": 7}"#, "the parameter `id` is uuid, and `abc` is no value of that type"),
        (
            #"{"id": "0c000000-0000-4000-8000-000000000002", "n": 1.5}"#,
            "the parameter `n` is int4, and `1.5` is no value of that type"
        ),
        (
            #"{"id": "0c000000-0000-4000-8000-000000000002", "n": {}}"#,
            "the parameter `n` is int4, given as text, a number or a boolean"
        ),
        (#"{"idd": "x"}"#, "the shape `x` has no parameter `idd`; its parameters: id (uuid), n (int4)"),
    ])
    func valuesAreCheckedOneByOne(json: String, message: String?) throws {
        let parameters = [try parameter("id", "uuid"), try parameter("n", "int4")]
        let arguments = try #require(try JSON(parsing: json).object)
        do throws(ShapeError) {
            let values = try parameters.values(of: arguments, for: "the shape `x`", in: schema)
            #expect(values == [Text(Self.id), "7"])
            #expect(message == nil)
        } catch {
            #expect(error.message == message)
            #expect(error.code == .badParameters)
        }
    }

    @Test func aListIsAnArray() throws {
        let names = try parameter("names", "text[]")
        #expect(try names.value(of: ["a", "b \"c\\", 7], in: schema) == #"{"a","b \"c\\","7"}"#)
        #expect(throws: ShapeError.self) { try names.value(of: ["a", nil], in: schema) }
        let ids = try template(#"{"root_table": "pipelines", "where": "id = ANY ($ids)"}"#, [("ids", "uuid[]")])
        let value = try ids.parameters[0].value(of: [.string(Self.id)], in: schema)
        let shape = try Shape(resolving: try ids.definition([value], children: children), in: schema)
        let row = Row([.text(Text(Self.id)), .text("x"), .text("live")])
        #expect(shape.nodes[0].predicate?.evaluate(row) == .true)
    }

    @Test(arguments: [
        (#"{"root_table": "pipelines", "include_all": true}"#, #""include":{"steps":true}"#),
        (
            #"{"root_table": "pipelines", "include_all": true, "include": {"steps": {"include_all": true}}}"#,
            #""include":{"steps":{"include":{"notes":true}}}"#
        ),
        (#"{"root_table": "pipelines", "include_all": true, "include": {"steps": false}}"#, ""),
        (#"{"root_table": "pipelines", "include_all": true, "include": {"public.steps": false}}"#, ""),
        (#"{"root_table": "pipelines", "include_all": false, "include": {}}"#, ""),
    ])
    func includeAllTakesTheDeclaredChildren(json: String, rest: String) throws {
        let definition = try ShapeDefinition(json: JSON(parsing: json), children: children)
        #expect(definition.canonical == #"{"root_table":"public.pipelines"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
    }

    @Test func includeAllNeedsADeclaration() throws {
        let json: JSON = [
            "root_table": "pipelines", "include": ["steps": ["include": ["notes": ["include_all": true]]]],
        ]
        let error = #expect(throws: ShapeError.self) { try ShapeDefinition(json: json, children: children) }
        #expect(error?.field == "include.steps.include.notes.include_all")
        #expect(error?.message.contains("`children` of public.notes") == true)
        let number = #expect(throws: ShapeError.self) {
            try ShapeDefinition(json: ["root_table": "pipelines", "include_all": 1], children: children)
        }
        #expect(number?.message == "`include_all` is `true` or `false`")
    }
}
