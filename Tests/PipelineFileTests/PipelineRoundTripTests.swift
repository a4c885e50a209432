import PipelineFiles
import SyncModel
import Testing

/// A file, imported and exported, is the same data.
@Suite struct PipelineRoundTripTests {
    @Test(arguments: SampleFiles.bundled) func keepsEveryBundledFile(_ file: SampleFiles.File) throws {
        try check(file)
    }

    @Test func findsTheBundledFiles() {
        #expect(SampleFiles.bundled.count == 5)
    }

    @Test(.enabled(if: !SampleFiles.real.isEmpty, "set SATCHEL_SHARED to read the real files"))
    func keepsFortyRealFilesAndReportsFour() throws {
        var kept = 0
        var problems: [FileProblem] = []
        for file in SampleFiles.real {
            do {
                try check(file)
                kept += 1
            } catch let error as PipelineFileError {
                problems.append(FileProblem(file: file.name, error))
            }
        }
        #expect(kept == 40)
        #expect(
            problems.map(\.file) == [
                "blog_generator.yaml", "examples_meta_simple_genesis_test.yaml",
                "examples_schema_validation_example.yaml", "generated_pipeline.yaml",
            ])
        for problem in problems { #expect(problem.reason.contains("`workflow` is missing")) }
    }

    /// Through the columns' text forms, as the rows travel.
    private func check(_ file: SampleFiles.File) throws {
        var reader = try PipelineReader(teamID: SampleFiles.team, fileName: file.name)
        let rows = try reader.read(file.text)
        let travelled = try travel(rows)
        #expect(travelled == rows)
        let exported = try DataTree(yaml: travelled.yaml())
        #expect(exported == (try DataTree(yaml: file.text)))
        #expect(Set(rows.steps.map(\.id)).count == rows.steps.count)
        #expect(Set(rows.connections.map(\.id)).count == rows.connections.count)
        let second = try travelled.operations(current: rows.current, createdBy: nil)
        #expect(second == [], "importing twice changes nothing")
    }

    private func travel(_ rows: PipelineRows) throws -> PipelineRows {
        try #require(try rows.current.rows())
    }
}

extension PipelineRows {
    /// The rows as a daemon answers them.
    var current: CurrentPipeline {
        var pipeline = columnValues(self.pipeline.columns, id: self.pipeline.id)
        pipeline["team_id"] = Value(self.pipeline.teamID)
        return CurrentPipeline(
            pipeline: pipeline,
            steps: steps.map { step in
                var columns = columnValues(step.columns, id: step.id)
                columns["pipeline_id"] = Value(step.pipelineID)
                return columns
            },
            connections: connections.map { connection in
                var columns = columnValues(connection.columns, id: connection.id)
                columns["pipeline_id"] = Value(connection.pipelineID)
                return columns
            })
    }

    private func columnValues(_ columns: [(name: String, value: Value)], id: String) -> ColumnMap {
        var values: ColumnMap = ["id": Value(id)]
        for column in columns { values[column.name] = column.value }
        return values
    }
}
