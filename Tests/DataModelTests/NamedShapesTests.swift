import DataModel
import Foundation
import JSONText
import Shapes
import SyncModel
import Testing

@Suite struct NamedShapesTests {
    private static let team = "0b000000-0000-4000-8000-000000000001"

    private let schema = DatabaseSchema(tables: [
        TableSchema(
            name: TableName("pipelines"),
            columns: [
                Column("id", number: 1, type: ColumnType("uuid")),
                Column("team_id", number: 2, type: ColumnType("uuid")),
                Column("name", number: 3, type: ColumnType("text")),
                Column("number", number: 4, type: ColumnType("int4")),
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
    ])

    private let model = """
        version: 1
        tables:
          pipelines: {children: [steps]}
        shapes:
          list:
            description: A team's.
            parameters: {team_id: uuid}
            root_table: pipelines
            where: {team_id: $team_id}
            limit: 3
          all: {root_table: pipelines, include_all: true}
          numbered:
            parameters: {n: integer}
            root_table: pipelines
            where: number > $n
        views:
          editor:
            parameters: {team: uuid, n: int4}
            shapes:
              - list: {team_id: $team}
              - all
              - numbered: {n: $n}
              - numbered: {n: 7}
        """

    private func read(_ text: String) throws -> DataModel { try DataModel(yaml: text, file: "m") }

    @Test func readsShapesAndViews() throws {
        let model = try read(model)
        try model.validate(against: schema)
        #expect(model.shapes.map(\.name) == ["list", "all", "numbered"])
        #expect(model.shapes[0].about == "A team's.")
        #expect(model.shapes[0].parameters.list == "team_id (uuid)")
        #expect(model.views.map(\.name) == ["editor"])
        #expect(model.views[0].parts.map(\.shape) == ["list", "all", "numbered", "numbered"])
    }

    @Test func namesBecomePlainDefinitions() throws {
        let model = try read(model)
        let list = try model.definition(
            ["name": "list", "parameters": ["team_id": .string(Self.team)]], in: schema)
        #expect(
            list.canonical
                == #"{"root_table":"public.pipelines","where":"\"team_id\" = ($1::uuid)","limit":3,"params":["\#(Self.team)"]}"#
        )
        let all = try model.definition(["name": "all"], in: schema)
        #expect(all.canonical == #"{"root_table":"public.pipelines","include":{"steps":true}}"#)
        let plain = try model.definition(["root_table": "pipelines", "include_all": true], in: schema)
        #expect(plain == all)
    }

    @Test func aViewIsItsShapesEachOnce() throws {
        let model = try read(model)
        let definitions = try model.definitions(
            ofView: "editor", arguments: ["team": .string(Self.team), "n": 7], in: schema)
        #expect(definitions.map { $0.shape } == ["list", "all", "numbered"])
        #expect(definitions[2].definition.parameters == ["7"])
        let other = try model.definitions(
            ofView: "editor", arguments: ["team": .string(Self.team), "n": "8"], in: schema)
        #expect(other.map { $0.definition.parameters } == [[Text(Self.team)], [], ["8"], ["7"]])
    }

    @Test func whatIsNotThereIsToldWithWhatIs() throws {
        let model = try read(model)
        func refusal(_ json: JSON) -> String? {
            do throws(ShapeError) {
                _ = try model.definition(json, in: schema)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(
            refusal(["name": "lists"])
                == "name: there is no shape `lists`; the data model has: list, all, numbered")
        #expect(refusal(["name": "list"]) == "parameters: the shape `list` needs the parameter `team_id` (uuid)")
        #expect(refusal(["name": 7]) == "name: `name` is the name of a shape")
        #expect(refusal(["name": "all", "parameters": []]) == "parameters: `parameters` of a named shape is an object")
        #expect(
            refusal(["name": "all", "limit": 3])
                == "limit: beside `name` there is only `parameters`: `limit` is the shape's own")
        #expect(
            refusal(["name": "all", "parameters": ["x": 1]])
                == "parameters: the shape `all` has no parameter `x`; its parameters: none")
        let view = #expect(throws: ShapeError.self) {
            try model.definitions(ofView: "start", arguments: [:], in: schema)
        }
        #expect(view?.message == "there is no view `start`; the data model has: editor")
        let empty = try read("version: 1")
        let none = #expect(throws: ShapeError.self) { try empty.definition(["name": "x"], in: schema) }
        #expect(none?.message == "there is no shape `x`; the data model has: none")
    }

    /// Each line is put at the end of the model above, or of a bare one.
    @Test(arguments: [
        ("shapes: {a: {root_table: p, wher: x}}", "m:2: shape a: wher: `wher` is not a member of a shape"),
        (
            "shapes:\n  a:\n    root_table: p\n    include:\n      b:\n        limit: 0",
            "m:7: shape a: include.b.limit: "
        ),
        (
            "shapes:\n  a:\n    parameters: {x: uuid}\n    root_table: p",
            "m:4: shape a: parameters.x: the parameter `x` is"
        ),
        ("shapes:\n  a:\n    root_table: p\n    where: id = $x", "m:5: shape a: where: there is no parameter `x`"),
        ("shapes:\n  a:\n    parameters: {x: 7d}\n    root_table: p", "m:4: a: the parameter `x` needs a type"),
        ("shapes:\n  a:\n    parameters: {1x: uuid}\n    root_table: p", "m:4: a: a parameter is named with letters"),
        ("shapes:\n  a b: {root_table: p}", "m:3: a shape is named with"),
        ("shapes: {a: {params: [1]}}", "m:2: params: a shape of the data model has `parameters`"),
        ("shapes: [a]", "m:2: shapes: members"),
        ("shapes: {a: {where: x}}", "m:2: shape a: root_table: `root_table` is missing"),
        ("views: {a: {}}", "m:2: view a: it needs 1 to 1000 `shapes`"),
        ("views: {a: {shapes: b}}", "m:2: view a: `shapes` is a list"),
        ("views: {a: {shape: [b]}}", "m:2: there is no member `shape` here; known: description, parameters, shapes"),
        ("views:\n  a:\n    shapes:\n      - b", "m:5: view a: there is no shape `b`; declared under `shapes`: none"),
        ("tables: {p: {children: steps}}", "m:2: children: a list of tables is needed"),
        ("tables:\n  p:\n    children:\n      - a\n      - public.a", "m:6: children: public.a is named twice"),
    ])
    func namesFileAndLineOfWhatItRefuses(text: String, message: String) throws {
        let error = #expect(throws: DataModelError.self) { try read("version: 1\n" + text) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("- list", "view v: list needs the parameter `team_id` (uuid)"),
        ("- list: {team: $team}", "view v: list has no parameter `team`; its parameters: team_id (uuid)"),
        ("- list: {team_id: $tem}", "view v: there is no parameter `tem`; its own: team (uuid)"),
        ("- numbered: {n: $team}", "view v: `team` is uuid, and `n` is integer"),
        ("- {all: {}, list: {}}", "view v: each shape is an item of its own"),
        ("- all", "view v: the parameter `team` is not used"),
    ])
    func viewsFitTheirShapes(item: String, message: String) throws {
        let text = model + "\n  v:\n    parameters: {team: uuid}\n    shapes:\n      \(item)"
        let error = #expect(throws: DataModelError.self) { try read(text) }
        #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        (
            "shapes:\n  a:\n    root_table: pipelins",
            "m:4: shape a: root_table: Table public.pipelins does not exist, or is not published"
        ),
        (
            "shapes:\n  a:\n    parameters: {x: int4}\n    root_table: pipelines\n    where: id = $x",
            "m:6: shape a: where: operator does not exist: uuid = integer; "
                + "cast both sides to one type, as in `value::text`; its parameters: x (int4)"
        ),
        (
            "shapes:\n  a:\n    root_table: pipelines\n    include:\n      steps:\n        where: colour = 'red'",
            "m:7: shape a: include.steps.where: unknown reference colour"
        ),
        (
            "shapes:\n  a:\n    parameters:\n      x: colours\n    root_table: pipelines\n    where: name = $x",
            "m:5: a: the parameter `x` is of type colours"
        ),
        (
            "shapes:\n  a:\n    root_table: steps\n    include_all: true",
            "m:5: shape a: include_all: the data model declares no `children` of public.steps"
        ),
        ("tables:\n  steps:\n    children:\n      - pipelines", "m:5: public.pipelines is no child of public.steps"),
        ("tables:\n  steps:\n    children:\n      - runs", "m:5: the database publishes no table public.runs"),
    ])
    func isCheckedAgainstTheDatabase(text: String, message: String) throws {
        let model = try read("version: 1\n" + text)
        let error = #expect(throws: DataModelError.self) { try model.validate(against: schema) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test func valuesInAViewAreCheckedToo() throws {
        let model = try read(model + "\n  v:\n    shapes:\n      - numbered: {n: seven}")
        let error = #expect(throws: DataModelError.self) { try model.validate(against: schema) }
        #expect(
            error?.description
                == "m:26: view v: the parameter `n` is integer, and `seven` is no value of that type")
    }

    /// What a YAML reader makes of scalars is not what a condition means.
    @Test func textStaysAsItIsWritten() throws {
        let model = try read(
            """
            version: 1
            shapes:
              a: {root_table: pipelines, where: {name: [1.50, "7", 007, yes, 'true', no], team_id: null}}
            """)
        let definition = try model.definition(["name": "a"], in: schema)
        #expect(definition.parameters == ["1.50", "7", "007", "yes", "true", "no"])
        #expect(definition.root.condition?.string.hasSuffix("\"team_id\" IS NULL") == true)
    }

    @Test func whatIsTooDeepOrTooMuchIsRefused() throws {
        let deep = String(repeating: "{include: {a: ", count: 40) + "true" + String(repeating: "}}", count: 40)
        #expect(throws: DataModelError.self) {
            try read("version: 1\nshapes: {a: {root_table: p, include: {b: \(deep)}}}")
        }
        let bomb = (1...9).map { level in
            "x\(level): &x\(level) [\(Array(repeating: "*x\(level - 1)", count: 9).joined(separator: ","))]"
        }
        let text = "version: 1\nshapes:\n  a:\n    x0: &x0 [1]\n    " + bomb.joined(separator: "\n    ")
        #expect(throws: DataModelError.self) { try read(text) }
        let brackets = String(repeating: "[", count: 200_000)
        #expect(throws: DataModelError.self) { try read("version: 1\nshapes: \(brackets)") }
    }

    @Test func theSampleHasItsShapesAndViews() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Scripts/sample/model.yaml").path
        let model = try DataModel(yaml: String(contentsOfFile: path, encoding: .utf8), file: path)
        #expect(model.shapes.map(\.name) == ["pipeline_workspace", "pipeline_list", "dashboard"])
        #expect(model.views.map(\.name) == ["pipeline_editor", "pipeline_list", "dashboard"])
        #expect(model.views.map(\.parameters.list) == ["pipeline_id (uuid)", "team_id (uuid)", "none"])
    }
}
