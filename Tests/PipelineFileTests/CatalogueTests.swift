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
        let error = try #require(throws: TeamFailure.self) { try choose() }
        #expect(error.reason.contains(one) && error.reason.contains("Two"))
        #expect(throws: TeamFailure.unknown("no team is named two: there are One, Two (names are case-sensitive)")) {
            try choose(team: "two")
        }
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
    }
}

@Suite struct ExportNamesTests {
    private func pipeline(_ file: String, _ name: Value) throws -> CurrentPipeline {
        let id = try #require(PipelineReader.pipelineID(teamID: SampleFiles.team, fileName: file))
        return CurrentPipeline(pipeline: ["id": Value(id), "team_id": Value(SampleFiles.team), "name": name])
    }

    @Test func takesTheNameOfTheFileWhereItIsKnown() throws {
        let (a, b) = (try pipeline("a.yaml", "same"), try pipeline("b.yaml", "same"))
        let c = try pipeline("c.yaml", "Other name")
        let existing = ["b.yaml", "other_name.yaml", "README"].map { ExportNames.ExistingFile(name: $0) }
        var names = ExportNames(existing: existing, known: [a, b, c])
        #expect(names.name(for: a, wanted: "x/a.yaml") == ExportNames.Name(file: "a.yaml", tellsPipeline: true))
        #expect(names.name(for: b, wanted: nil) == ExportNames.Name(file: "b.yaml", tellsPipeline: true))
        // The folder has a file of that name which is another pipeline's.
        let suffixed = ExportNames.Name(file: "other_name-\(c.id.prefix(8)).yaml", tellsPipeline: false)
        #expect(names.name(for: c, wanted: nil) == suffixed)
        #expect(names.name(for: c, wanted: nil).file == "\(c.id).yaml")
    }

    @Test func givesNoPipelineTheFileNameOfAnother() throws {
        let (real, same) = (try pipeline("good1.yaml", "good1"), try pipeline("samename.yaml", "good1"))
        for order in [[real, same], [same, real]] {
            var names = ExportNames(existing: [], known: order)
            var files: [String: ExportNames.Name] = [:]
            for pipeline in order { files[pipeline.id] = names.name(for: pipeline, wanted: nil) }
            #expect(files[real.id] == ExportNames.Name(file: "good1.yaml", tellsPipeline: true))
            let other = ExportNames.Name(file: "good1-\(same.id.prefix(8)).yaml", tellsPipeline: false)
            #expect(files[same.id] == other)
        }
        // Nor where that one is not exported.
        var names = ExportNames(existing: [], known: [real, same])
        #expect(names.name(for: same, wanted: nil).file == "good1-\(same.id.prefix(8)).yaml")
    }

    @Test func knowsTheFilesThatAnExportMarked() throws {
        let (real, same) = (try pipeline("good1.yaml", "good1"), try pipeline("samename.yaml", "good1"))
        let existing = [
            ExportNames.ExistingFile(name: "good1.yaml"),
            ExportNames.ExistingFile(name: "mine.yaml", marked: same.id),
        ]
        var names = ExportNames(existing: existing, known: [real, same])
        #expect(names.name(for: same, wanted: nil) == ExportNames.Name(file: "mine.yaml", tellsPipeline: false))
    }

    @Test func keepsLettersOfAnyScript() throws {
        for (name, file) in [("Übersicht/2", "übersicht_2.yaml"), ("数据 清洗", "数据_清洗.yaml"), ("..", "__.yaml")] {
            let pipeline = try pipeline("x.yaml", Value(name))
            var names = ExportNames(existing: [], known: [pipeline])
            #expect(names.name(for: pipeline, wanted: nil) == ExportNames.Name(file: file, tellsPipeline: false))
        }
        let raw = try pipeline("Über uns.yml", "Über uns")
        var names = ExportNames(existing: [], known: [raw])
        #expect(names.name(for: raw, wanted: nil) == ExportNames.Name(file: "Über uns.yml", tellsPipeline: true))
        let long = try pipeline("x.yaml", Value(String(repeating: "数", count: 300)))
        #expect(names.name(for: long, wanted: nil).file.utf8.count <= 200)
    }

    @Test func findsTheMarkAmongTheFirstCommentLines() {
        let id = "7c71d8e6-0000-4000-8000-000000000001"
        let mark = PipelineMark.line(id)
        #expect(PipelineMark.id(in: mark + "workflow: {}\n") == id)
        #expect(PipelineMark.id(in: "\u{feff}# mine\r\n\r\n" + mark) == id)
        #expect(PipelineMark.id(in: "workflow: {}\n" + mark) == nil)
        #expect(PipelineMark.id(in: "# satchel-pipeline: nobody\n") == nil)
        #expect(PipelineMark.id(in: "") == nil)
    }
}
