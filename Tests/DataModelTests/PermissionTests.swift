import DataModel
import Shapes
import SyncModel
import Testing

@Suite struct PermissionTests {
    private let schema = DatabaseSchema(tables: [
        TableSchema(
            name: TableName(name: "teams"),
            columns: [
                Column("id", number: 1, type: ColumnType("uuid")),
                Column("name", number: 2, type: ColumnType("text")),
            ],
            primaryKey: ["id"])
    ])

    @Test func readsTheRulesOfTables() throws {
        let text = """
            version: 1
            permissions:
              teams: {read: "name = auth.user_id"}
              app.runs:
                read: everyone
            """
        let model = try DataModel(yaml: text, file: "m")
        #expect(model.permissions.map(\.table.description) == ["public.teams", "app.runs"])
        #expect(model.permissions.map(\.read.text) == ["name = auth.user_id", "everyone"])
        #expect(model.permissions.map(\.read.isEveryone) == [false, true])
        let rules = model.readRules(areNeeded: true)
        #expect(rules.areNeeded && rules[TableName("teams")]?.text == "name = auth.user_id")
        #expect(rules[TableName("steps")] == nil)
    }

    @Test(arguments: [
        ("permissions: 3", "m:2: permissions: members (`name: value`) are needed here"),
        ("permissions:\n  teams: {}", "m:3: teams: `read` is missing: a condition, or `everyone`"),
        ("permissions:\n  teams: {write: everyone}", "m:3: not supported yet: write"),
        ("permissions:\n  teams: {raed: everyone}", "m:3: there is no member `raed` here; known: read"),
        ("permissions:\n  teams:\n    read: [a]", "m:4: teams: read: a condition is needed, or `everyone`"),
        (
            "permissions:\n  teams:\n    read: \"name = (\"",
            "m:4: the read rule of teams: At location 23: syntax error at end of input"
        ),
        (
            "permissions:\n  teams: {read: everyone}\n  public.teams: {read: everyone}",
            "m:4: public.teams has rules in line 3 already"
        ),
    ])
    func namesFileAndLineOfWhatItRefuses(text: String, message: String) throws {
        let error = #expect(throws: DataModelError.self) { try DataModel(yaml: "version: 1\n" + text, file: "m") }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        (
            "teamz: {read: everyone}",
            "m:3: the database publishes no table public.teamz; it publishes: public.teams"
        ),
        (
            "teams:\n    read: \"owner = auth.user_id\"",
            "m:4: the read rule of public.teams: At location 0: unknown reference owner"
        ),
        (
            "teams: {read: \"id = 3\"}",
            "m:3: the read rule of public.teams: At location 3: operator does not exist: uuid = integer; "
                + "cast both sides to one type, as in `value::text`"
        ),
    ])
    func isCheckedAgainstTheDatabase(text: String, message: String) throws {
        let model = try DataModel(yaml: "version: 1\npermissions:\n  " + text, file: "m")
        let error = #expect(throws: DataModelError.self) { try model.validate(against: schema) }
        #expect(error?.description == message)
    }

    @Test func aDatabaseThatPublishesNothingIsToldAsThat() throws {
        let model = try DataModel(yaml: "version: 1\npermissions:\n  teams: {read: everyone}", file: "m")
        let error = #expect(throws: DataModelError.self) { try model.validate(against: DatabaseSchema(tables: [])) }
        #expect(error?.description == "m:3: the database publishes no table public.teams; it publishes: none")
    }
}
