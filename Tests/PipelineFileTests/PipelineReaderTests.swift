import PipelineFiles
import SyncModel
import Testing

@Suite struct PipelineReaderTests {
    private func read(_ text: String, file: String = "a.yaml", current: [StepRow] = []) throws -> PipelineRows {
        var reader = try PipelineReader(teamID: SampleFiles.team, fileName: file, current: current)
        return try reader.read(text)
    }

    private func bundled(_ name: String) throws -> PipelineRows {
        let file = try #require(SampleFiles.bundled.first { $0.name == name })
        return try read(file.text, file: name)
    }

    @Test func splitsAFileIntoColumnsAndConfig() throws {
        let rows = try bundled("support_triage.yaml")
        #expect(rows.pipeline.name == "support_triage")
        #expect(rows.pipeline.yamlVersion == "1.2")
        #expect(rows.pipeline.tags == ["support", "mail"])
        #expect(rows.pipeline.config == ["checkpoint_enabled": true])
        #expect(rows.pipeline.defaults?["output_dir"] == "./outputs/triage")
        #expect(rows.steps.map(\.name) == ["collect_mail", "classify", "draft_answers"])
        #expect(rows.steps.map(\.orderIndex) == [0, 1, 2])
        #expect(rows.steps[0].config == ["operation": "read", "source": "./inbox/{{date}}.json"])
        let names = Dictionary(uniqueKeysWithValues: rows.steps.map { ($0.id, $0.name) })
        #expect(
            rows.connections.map { [names[$0.from], names[$0.to]] } == [
                ["collect_mail", "classify"], ["classify", "draft_answers"],
                ["collect_mail", "draft_answers"],
            ])
    }

    @Test func makesRowsOfNestedStepsAndFindsReferencesAcrossLevels() throws {
        let rows = try bundled("release_notes.yaml")
        #expect(
            rows.steps.map(\.name) == ["list_changes", "revise", "write", "review", "next_round", "publish"])
        let revise = rows.steps[1].id
        #expect(rows.steps.map(\.parentID) == [nil, nil, revise, revise, revise, nil])
        #expect(rows.steps.map(\.orderIndex) == [0, 1, 0, 1, 2, 2])
        #expect(rows.steps.map(\.enabled) == [true, true, true, true, true, false])
        #expect(rows.connections.count == 3)
    }

    @Test func findsReferencesInsideTasksOnceAndLeavesUnknownNamesInTheConfig() throws {
        let rows = try bundled("paper_digest.yaml")
        #expect(rows.connections.count == 2)
        #expect(rows.pipeline.config[PipelineRow.documentKey]?["shared_options"] != nil)
        let tasks = try #require(rows.steps[1].config["parallel_tasks"]?.list)
        #expect(tasks[1]["claude_options"]?["max_turns"] == 8)
        #expect(tasks[1]["claude_options"]?["output_format"] == "json")
    }

    @Test func takesTheNearestStepBeforeOfSeveralWithOneName() throws {
        let rows = try read(
            """
            workflow:
              name: n
              steps:
                - {name: a, type: t}
                - {name: a, type: t}
                - {name: b, type: t, prompt: [{type: previous_response, step: a}]}
                - {name: a, type: t}
            """)
        #expect(Set(rows.steps.map(\.id)).count == 4)
        #expect(rows.connections.map(\.from) == [rows.steps[1].id])
    }

    @Test func makesTheIdFromTeamAndFileName() throws {
        let text = "workflow: {name: n, steps: [{name: a, type: t}]}"
        let one = try read(text, file: "one.yaml")
        // uuid.uuid5(uuid.UUID(team), 'one.yaml') of another implementation.
        #expect(one.pipeline.id == "a212c1d1-98d3-59ef-9f4f-02ea601c6494")
        let two = try read(text, file: "two.yaml")
        #expect(one.pipeline.id != two.pipeline.id)
        #expect(one.steps[0].id != two.steps[0].id)
        #expect(try read(text, file: "one.yaml") == one)
    }

    @Test func keepsIdsOfStepsThatWereRenamedBefore() throws {
        let before = try read("workflow: {name: n, steps: [{name: a, type: t}, {name: b, type: t}]}")
        var renamed = before.steps
        renamed[0].name = "c"
        // The exported file, with a new step under the old name.
        let after = try read(
            "workflow: {name: n, steps: [{name: c, type: t}, {name: b, type: t}, {name: a, type: t}]}",
            current: renamed)
        #expect(after.steps[0].id == before.steps[0].id)
        #expect(after.steps[1].id == before.steps[1].id)
        #expect(Set(after.steps.map(\.id)).count == 3)
        // The old file again: the step is renamed back.
        let back = try read(
            "workflow: {name: n, steps: [{name: a, type: t}, {name: b, type: t}]}", current: renamed)
        #expect(back.steps.map(\.id) == before.steps.map(\.id))
    }

    @Test(arguments: [
        ("", 1, "empty"),
        ("just text", 1, "no mapping"),
        ("name: n\nsteps: []\n", 1, "`workflow` is missing (found: name, steps)"),
        ("a: 1\nworkflow: [1]\n", 2, "`workflow` is no mapping"),
        ("workflow:\n  name: n\n", 1, "no list of `steps`"),
        ("workflow:\n  name: n\n  steps: {a: 1}\n", 3, "`steps` is no list"),
        ("workflow:\n  steps: []\n", 1, "no `name`"),
        ("workflow:\n  name: n\n  steps:\n    - type: t\n", 4, "no `name`"),
        ("workflow:\n  name: n\n  steps:\n    - name: a\n", 4, "`a` has no `type`"),
        ("workflow:\n  name: n\n  steps:\n    - {name: a, type: t}\n    - text\n", 5, "no mapping"),
        ("workflow:\n  name: n\n  steps:\n  - {name: a, type: t, steps: [{type: x}]}\n", 4, "no `name`"),
        ("workflow:\n  name: n\n  steps: [\n", 4, "broken YAML"),
        ("workflow:\n  name: n\n  name: m\n  steps: []\n", 2, "twice"),
        ("workflow:\n  name: n\n  1: x\n  steps: []\n", 3, "put 1 in quotes"),
        ("workflow:\n  name: n\n  x: .inf\n  steps: []\n", 3, "cannot be stored as JSON"),
        ("workflow:\n  name: n\n  x: !mine y\n  steps: []\n", 3, "tag !mine"),
        ("workflow:\n  name: n\n  x: \"a\\0b\"\n  steps: []\n", 3, "NUL"),
        ("workflow:\n  name: n\n  x: *nowhere\n  steps: []\n", 3, "undefined alias"),
        ("workflow:\n  name: n\n  $document: 1\n  steps: []\n", 3, "reserved"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
    ])
    func reportsWhatIsNoPipeline(text: String, line: Int, reason: String) throws {
        let error = try #require(throws: PipelineFileError.self) { try read(text) }
        let problem = FileProblem(file: "f.yaml", error)
        #expect(problem.line == line, "\(problem)")
        #expect(problem.reason.contains(reason), "\(problem)")
    }

    @Test func refusesAnExplosionOfAliases() throws {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...8 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = try #require(throws: PipelineFileError.self) {
            try read(text + "workflow: {name: n, steps: []}\n")
        }
        #expect(error.reason.contains("values"))
    }

    @Test func refusesDeepNesting() throws {
        for depth in [102, 900, 5000] {
            let value = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(throws: PipelineFileError.self) { try DataTree(yaml: value) }
            #expect(throws: PipelineFileError.self) { try DataTree(json: value) }
        }
    }

    @Test func refusesATeamThatIsNoUUID() {
        #expect(throws: PipelineFileError.self) { try PipelineReader(teamID: "team", fileName: "f") }
    }

    @Test func keepsSettingsThatOnlyLookLikeSteps() throws {
        let text =
            "workflow: {name: n, steps: [{name: a, type: t, steps: [x, y]}, {name: b, type: t, steps: []}]}"
        let rows = try read(text)
        #expect(rows.steps.count == 2)
        #expect(rows.steps[0].config["steps"] == ["x", "y"])
        #expect(rows.document == (try DataTree(yaml: text)))
    }
}
