import Replica
import Testing

/// What a person is told of a shape that cannot be.
@Suite struct ShapeAdviceTests {
    private func message(_ definition: String) throws -> String {
        let fixture = try Fixture()
        let error = #expect(throws: ReplicaError.self) { try fixture.hold(definition) }
        #expect(error?.code == .invalidShape)
        #expect(fixture.replica.heldShapes.isEmpty)
        #expect(try fixture.replica.advice(on: Sample.definition(definition)) == error?.message)
        return error?.message ?? ""
    }

    @Test func anUnknownTableNamesThoseThatThereAre() throws {
        let text = try message(#"{"root_table": "nosuch"}"#)
        #expect(text.hasPrefix("There is no table nosuch here"))
        #expect(text.hasSuffix("Tables: comments, connections, pipelines, steps, users."), "\(text)")
    }

    @Test func anUnknownColumnNamesThoseOfItsTable() throws {
        let text = try message(#"{"root_table": "steps", "select": ["id", "nome"]}"#)
        #expect(text.contains("nome. Columns of steps: id, pipeline_id, name, x."), "\(text)")
        let child = try message(#"{"root_table": "pipelines", "include": {"steps": {"select": ["nome"]}}}"#)
        #expect(child.contains("Columns of steps: id, pipeline_id, name, x."), "\(child)")
    }

    @Test func theTableIsTheOneThatWasLookedIn() throws {
        let inner = try message(#"{"root_table": "steps", "where": "pipeline_id IN (SELECT nome FROM pipelines)"}"#)
        #expect(inner.contains("Columns of pipelines: id, name, "), "\(inner)")
        let reference = try message(
            #"{"root_table": "comments", "include": {"user": {"select": ["nome"]}}}"#)
        #expect(reference.contains("Columns of users: id, "), "\(reference)")
    }

    @Test func textWithoutQuotesIsTakenForAColumnAndThatIsSaid() throws {
        let text = try message(#"{"root_table": "steps", "where": "name = report"}"#)
        #expect(text.contains("unknown reference report. Columns of steps: id, pipeline_id, name, x."), "\(text)")
        #expect(text.hasSuffix("Text stands in single quotes: name = 'report'."), "\(text)")
    }

    @Test(
        arguments: [
            (#""where": "name = ""#, "where: At character 8: syntax error at end of input"),
            (#""where": "name = ) é""#, "where: At character 8: syntax error at or near \")\""),
            (#""where": "name = 'é' AND x = 'y'""#, "where: At character 20: invalid syntax for type int4: y"),
            (#""where": "x = 'é' 7""#, "where: At character 9: syntax error at or near \"7\""),
            (#""where": "1 / 0 = x""#, "where: division by zero"),
            (#""where": "true", "params": ["1"]"#, "where: parameter value for $1 was not used"),
            (
                #""include": {"comments": {"include": {"public.users": {"where": "name ="}}}}"#,
                "include.comments.include.public.users.where: At character 7: syntax error at end of input"
            ),
        ])
    func placesInConditionsCountTheirOwnCharacters(members: String, expected: String) throws {
        #expect(try message("{\"root_table\": \"steps\", \(members)}") == expected)
    }

    @Test func otherFaultsAreToldAsTheyAre() throws {
        let text = try message(#"{"root_table": "steps", "where": "name = "}"#)
        #expect(!text.contains("Columns of") && !text.contains("quotes:"), "\(text)")
        let fixture = try Fixture()
        #expect(try fixture.replica.advice(on: Sample.definition(#"{"root_table": "steps"}"#)) == nil)
    }
}
