import PipelineFiles
import SyncModel
import Testing

@Suite struct TeamChoiceTests {
    private let one = "0b000000-0000-4000-8000-000000000001"
    private let two = "0b000000-0000-4000-8000-000000000002"
    private let users: [ColumnMap] = [
        ["id": "u1", "email": "ana@example.org", "name": "Ana"],
        ["id": "u2", "email": "ben@example.org", "name": "Ben"],
    ]

    private func choose(team: String? = nil, user: String = "ana", members: [ColumnMap] = []) throws
        -> TeamChoice
    {
        try TeamChoice(
            team: team, user: user, users: users, members: members,
            teams: [["id": Value(one), "name": "One"], ["id": Value(two), "name": "Two"]])
    }

    @Test(arguments: ["ana", "Ana", "ana@example.org", "ANA@example.org", "u1"])
    func findsThePerson(user: String) throws {
        #expect(try choose(team: one, user: user).userID == "u1")
    }

    @Test func takesTheOnlyTeamOfThePerson() throws {
        let choice = try choose(members: [
            ["team_id": Value(two), "user_id": "u1"], ["team_id": Value(one), "user_id": "u2"],
        ])
        #expect(choice.teamID == two)
    }

    @Test func listsTheChoices() throws {
        let error = try #require(throws: PipelineFileError.self) { try choose() }
        #expect(error.reason.contains(one) && error.reason.contains("Two"))
        #expect(throws: PipelineFileError.self) { try choose(team: "Three") }
        #expect(try choose(team: "Two").teamID == two)
        #expect(try choose(team: one.uppercased(), user: "nobody") == choose(team: one, user: "nobody"))
        #expect(try choose(team: one, user: "nobody").userID == nil)
    }
}

@Suite struct PipelineCatalogueTests {
    private func pipeline(file: String, name: Value) throws -> (
        id: String, row: (table: TableName, columns: ColumnMap)
    ) {
        let id = try #require(PipelineReader.pipelineID(teamID: SampleFiles.team, fileName: file))
        let columns: ColumnMap = ["id": Value(id), "team_id": Value(SampleFiles.team), "name": name]
        return (id, (TableName(name: "pipelines"), columns))
    }

    @Test func findsByIdNameAndFile() throws {
        let a = try pipeline(file: "a.yaml", name: "same")
        let b = try pipeline(file: "b.yaml", name: "same")
        let c = try pipeline(file: "c.yaml", name: "Other name")
        let catalogue = PipelineCatalogue([a.row, b.row, c.row])
        #expect(catalogue.all.count == 3)
        #expect(try catalogue.find(b.id.uppercased(), teamID: nil)?.id == b.id)
        #expect(try catalogue.find("Other name", teamID: nil)?.id == c.id)
        #expect(try catalogue.find("some/folder/a.yaml", teamID: nil)?.id == a.id)
        #expect(try catalogue.find("d.yaml", teamID: nil) == nil)
        let error = try #require(throws: PipelineFileError.self) { try catalogue.find("same", teamID: nil) }
        #expect(error.reason.contains(a.id) && error.reason.contains(b.id))

        var names = ExportNames(existing: ["b.yaml", "other_name.yaml", "README"])
        #expect(names.name(for: catalogue[a.id], wanted: "x/a.yaml") == "a.yaml")
        #expect(names.name(for: catalogue[b.id], wanted: nil) == "b.yaml")
        // The folder has a file of that name which is another pipeline's.
        #expect(names.name(for: catalogue[c.id], wanted: nil) == "other_name-\(c.id.prefix(8)).yaml")
        #expect(names.name(for: catalogue[c.id], wanted: nil) == "\(c.id).yaml")
    }
}
