import DataModel
import SyncModel
import Testing

@Suite struct DataModelTests {
    private let schema = DatabaseSchema(tables: [
        TableSchema(
            name: TableName(name: "steps"),
            columns: [
                Column("id", number: 1, type: ColumnType("uuid")),
                Column("name", number: 2, type: ColumnType("text")),
            ],
            primaryKey: ["id"])
    ])

    @Test func readsTheSettingsOfTables() throws {
        let text = """
            version: 1
            tables:
              steps:
                on_concurrent_delete: update_wins
                on_missing_parent: reject
                columns: {name: last_writer_wins}
              app.runs:
            """
        let model = try DataModel(yaml: text, file: "model.yaml")
        #expect(model.tables.map(\.name.description) == ["app.runs", "public.steps"])
        #expect(model[TableName(name: "steps")].line == 3)
        #expect(model[TableName(name: "steps")].columns.map(\.line) == [6])
        #expect(model[TableName(name: "steps")].rule(of: "name") == .lastWriterWins)
        #expect(model[TableName(name: "other")].onConcurrentDelete == .updateWins)
        #expect(model.text == text)
    }

    @Test(arguments: [
        ("", "m:1: `version: 1` is missing"),
        ("version: 2", "m:1: version: this service reads version 1"),
        (
            "version: 1\ntabels: {}",
            "m:2: there is no member `tabels` here; known: version, tables, shapes, views, permissions"
        ),
        ("version: 1\noperations: {}", "m:2: not supported yet: operations"),
        ("version: 1\ntables:\n  steps: 3", "m:3: steps: members (`name: value`) are needed here"),
        (
            "version: 1\ntables:\n  steps:\n    on_concurrent_delete: delete_wins",
            "m:4: on_concurrent_delete: not supported yet: delete_wins; supported: update_wins"
        ),
        (
            "version: 1\ntables:\n  steps:\n    columns:\n      name: counter",
            "m:5: name: not supported yet: counter; supported: last_writer_wins"
        ),
        (
            "version: 1\ntables:\n  steps:\n    columns: {name: first_wins}",
            "m:4: name: there is no rule `first_wins`; supported: last_writer_wins"
        ),
        ("version: 1\ntables:\n  steps: {}\n  public.steps: {}", "m:4: public.steps is described in line 3 already"),
    ])
    func namesFileAndLineOfWhatItRefuses(text: String, message: String) throws {
        let error = #expect(throws: DataModelError.self) { try DataModel(yaml: text, file: "m") }
        #expect(error?.description == message)
    }

    @Test(arguments: ["version: [1", "a: b: c", "\t- x", "version: 1\nversion: 1", "- 1\n- 2", "*nothing", "\u{0}"])
    func refusesWhatIsNoDataModel(text: String) throws {
        let error = #expect(throws: DataModelError.self) { try DataModel(yaml: text, file: "m") }
        #expect((error?.line ?? 0) >= 1)
    }

    @Test func refusesAFileThatIsTooLarge() throws {
        let text = "version: 1\n" + String(repeating: "# x\n", count: 300_000)
        let error = #expect(throws: DataModelError.self) { try DataModel(yaml: text, file: "m") }
        #expect(error?.message.contains("at most 1048576") == true)
    }

    @Test func isCheckedAgainstTheDatabase() throws {
        try DataModel(yaml: "version: 1\ntables: {steps: {columns: {name: last_writer_wins}}}", file: "m")
            .validate(against: schema)
        let table = try DataModel(yaml: "version: 1\ntables:\n  stepz: {}", file: "m")
        #expect(
            throws: DataModelError(
                file: "m", line: 3, message: "the database publishes no table public.stepz; it publishes: public.steps")
        ) { try table.validate(against: schema) }
        let column = try DataModel(
            yaml: "version: 1\ntables:\n  steps:\n    columns:\n      nam: last_writer_wins", file: "m")
        #expect(
            throws: DataModelError(
                file: "m", line: 5, message: "public.steps has no column nam; its columns: id, name")
        ) { try column.validate(against: schema) }
    }
}
