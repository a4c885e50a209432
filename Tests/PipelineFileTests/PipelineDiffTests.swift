import PipelineFiles
import SyncModel
import Testing

@Suite struct PipelineDiffTests {
    private static let text = """
        workflow:
          name: n
          steps:
            - {name: a, type: t, value: 1}
            - name: loop
              type: while_loop
              steps:
                - {name: b, type: t, prompt: [{type: previous_response, step: a}]}
            - {name: c, type: t}
        """

    private func read(_ text: String, current: CurrentPipeline? = nil) throws -> PipelineRows {
        let steps = try current?.rows()?.steps ?? []
        var reader = try PipelineReader(teamID: SampleFiles.team, fileName: "n.yaml", current: steps)
        return try reader.read(text)
    }

    private func summary(_ operations: [ImportOperation], _ rows: PipelineRows) -> [String] {
        let names = Dictionary(uniqueKeysWithValues: rows.steps.map { ($0.id, $0.name.string) })
        return operations.map { "\($0.action) \($0.table) \(names[$0.id] ?? "")" }
    }

    @Test func insertsParentsBeforeChildren() throws {
        let rows = try read(Self.text)
        let operations = try rows.operations(current: CurrentPipeline(), createdBy: "u")
        #expect(
            summary(operations, rows) == [
                "upsert pipelines ", "upsert steps a", "upsert steps loop", "upsert steps b",
                "upsert steps c",
                "upsert connections ",
            ])
        #expect(operations[0].set.contains { $0.name == "created_by" && $0.value == "u" })
        #expect(operations[3].set.contains { $0.name == "position_x" && $0.value == "240" })
    }

    @Test func submitsOnlyTheColumnsThatChanged() throws {
        let before = try read(Self.text)
        var current = before.current
        // As PostgreSQL writes it, and with columns that no file determines.
        current.steps[0]["config"] = #"{ "value" : 1 }"#
        current.steps[0]["position_x"] = "512"
        let after = try read(Self.text.replacing("value: 1", with: "value: 2"), current: current)
        let operations = try after.operations(current: current, createdBy: "someone else")
        #expect(summary(operations, after) == ["update steps a"])
        #expect(operations[0].set == [ImportOperation.Column("config", #"{"value":2}"#)])
    }

    /// Also of one that was written with every element quoted.
    @Test(arguments: ["{support,\"e mail\"}", "{\"support\",\"e mail\"}"] as [Value])
    func submitsNothingForTagsThatAreTheSame(stored: Value) throws {
        let text = "workflow: {name: n, tags: [support, e mail], steps: [{name: a, type: t}]}"
        let rows = try read(text)
        var current = rows.current
        current.pipeline?["tags"] = stored
        #expect(try rows.operations(current: current, createdBy: nil) == [])
        let fewer = try read(text.replacing(", e mail", with: ""), current: current)
        let operations = try fewer.operations(current: current, createdBy: nil)
        #expect(operations.map(\.set) == [[ImportOperation.Column("tags", "{support}")]])
    }

    @Test func deletesWhatVanishedChildrenFirst() throws {
        let before = try read(Self.text)
        var current = before.current
        // Drawn by hand: the file knows nothing of it.
        var drawn = current.connections[0]
        drawn["id"] = "0d000000-0000-4000-8000-000000000009"
        drawn["from_step_id"] = Value(before.steps[3].id)
        drawn["to_step_id"] = Value(before.steps[0].id)
        current.connections.append(drawn)
        let after = try read(
            "workflow: {name: n, steps: [{name: a, type: t, value: 1}, {name: c, type: t}]}", current: current
        )
        let operations = try after.operations(current: current, createdBy: nil)
        #expect(
            summary(operations, before) == [
                "update steps c", "delete connections ", "delete steps b", "delete steps loop",
            ])
    }

    @Test func leavesAConnectionThatSomebodyDrewBetweenTheSameSteps() throws {
        let rows = try read(Self.text)
        var current = rows.current
        current.connections[0]["id"] = "0d000000-0000-4000-8000-000000000009"
        #expect(try rows.operations(current: current, createdBy: nil) == [])
    }
}

@Suite struct PipelineWriterTests {
    @Test func reflectsEditsAndNothingElse() throws {
        let text = """
            workflow:
              name: n
              steps:
                - {name: a, type: t, value: 1}
                - {name: b, type: t, prompt: [{type: previous_response, step: a}]}
            """
        var reader = try PipelineReader(teamID: SampleFiles.team, fileName: "n.yaml")
        var rows = try reader.read(text)
        rows.steps[0].name = "renamed"
        rows.steps[1].config["value"] = "edited"
        rows.steps[1].enabled = false
        rows.steps.append(
            StepRow(id: "0", pipelineID: rows.pipeline.id, orderIndex: 2, name: "added", type: "t"))
        rows.steps.append(
            StepRow(
                id: "1", pipelineID: rows.pipeline.id, parentID: "0", orderIndex: 0, name: "inner", type: "t")
        )
        rows.steps.reverse()
        let expected = """
            workflow:
              name: n
              steps:
                - {name: renamed, type: t, value: 1}
                - name: b
                  type: t
                  enabled: false
                  value: edited
                  prompt: [{type: previous_response, step: a}]
                - {name: added, type: t, steps: [{name: inner, type: t}]}
            """
        #expect(try DataTree(yaml: rows.yaml()) == DataTree(yaml: expected))
    }

    @Test func leavesOutNoStepWhoseParentsAreMissingOrInARing() throws {
        let pipeline = PipelineRow(id: "p", teamID: "t", name: "n")
        let steps = [("a", "b"), ("b", "a"), ("c", "gone"), ("d", "a"), ("e", "e")].map { id, parent in
            StepRow(id: id, pipelineID: "p", parentID: parent, orderIndex: 0, name: Text(id), type: "t")
        }
        let document = PipelineRows(pipeline: pipeline, steps: steps).document
        let top = try #require(document["workflow"]?["steps"]?.list)
        #expect(top.map { $0["name"] } == ["a", "b", "c", "e"])
        #expect(top[0]["steps"]?.list?.map { $0["name"] } == ["d"])
    }
}
