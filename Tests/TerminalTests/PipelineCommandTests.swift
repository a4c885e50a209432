import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import PipelineFiles
import SyncModel
import Testing

/// `satchel pipeline` against a fake daemon on a real socket.
@Suite(.serialized) struct PipelineCommandTests {
    @Test func importsNothingBeforeTheFirstSyncAndSaysSo() throws {
        var state = CommandFixture.state()
        state.shapeStatus = .initial
        state.tables = ["users": [:], "team_members": [:], "teams": [:]]
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let imported = try run(["pipeline", "import", CommandFixture.samples])
            #expect(imported.status == 1)
            #expect(imported.errors.contains("Waiting for the first sync of users, team_members, teams: this device"))
            #expect(imported.errors.contains("not on this device yet"))
        }
    }

    @Test func saysThatNoPipelinesHaveComeYet() throws {
        var state = CommandFixture.state()
        state.shapeStatus = .initial
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let list = try run(["pipeline", "list"])
            #expect(list.status == 1 && list.output.isEmpty)
            #expect(list.errors.hasPrefix("satchel: The pipelines have not come to this device yet"))
            let json = try JSON(parsing: run(["pipeline", "list", "--json"]).output)
            #expect(json == ["pipelines": [], "complete": false])
            for arguments in [
                ["show", "hello"], ["diff", "\(CommandFixture.samples)/hello.yaml"], ["export", "hello"],
            ] {
                let none = try run(["pipeline"] + arguments)
                #expect(none.status == 1 && none.errors.contains("The pipelines have not come"), "\(none.errors)")
            }
        }
    }

    @Test func importsTwiceAndExportsTheSameData() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let first = try run(["pipeline", "import", CommandFixture.samples])
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.lines.last == "5 imported, 0 updated, 0 unchanged, 0 reported")
            #expect(daemon.with { $0.tables["pipelines"]?.count } == 5)
            let creator = daemon.with { $0.tables["pipelines"]?.values.first?["created_by"] }
            #expect(creator == Value(CommandFixture.ana))
            let submits = daemon.with { $0.submits.count }

            let second = try JSON(parsing: run(["pipeline", "import", CommandFixture.samples, "--json"]).output)
            #expect(second["imported"]?.array?.allSatisfy { $0["operations"] == 0 } == true)
            #expect(daemon.with { $0.submits.count } == submits)

            let folder = daemon.folder.appending(path: "out")
            let files = try FileManager.default.contentsOfDirectory(atPath: CommandFixture.samples).sorted()
            let paths = files.map { "\(CommandFixture.samples)/\($0)" }
            let exported = try run(["pipeline", "export", "--output", folder.path] + paths)
            #expect(exported.status == 0, "\(exported.errors)")
            for file in files {
                let original = try String(contentsOfFile: "\(CommandFixture.samples)/\(file)", encoding: .utf8)
                let copy = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                #expect(try DataTree(yaml: copy) == DataTree(yaml: original), "\(file)")
            }
            // Into the same folder again, all of them: the names are recognised.
            #expect(try run(["pipeline", "export", "--all", "--output", folder.path]).status == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == files)
            let one = try run(["pipeline", "export", "hello"])
            #expect(try DataTree(yaml: one.output)["workflow"]?["name"] == "hello")
            #expect(try run(["pipeline", "list"]).lines.count == 6)
        }
    }

    /// Two pipelines of one name; the file name of one is that name.
    @Test func whatIsExportedGoesBackIntoItsOwnPipeline() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let made = daemon.folder.appending(path: "made")
            try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
            for (file, step) in [("good1", "a"), ("samename", "b"), ("third", "c")] {
                let text = "workflow: {name: good1, steps: [{name: \(step), type: claude}]}\n"
                try Data(text.utf8).write(to: made.appending(path: "\(file).yaml"))
            }
            #expect(try run(["pipeline", "import", made.path]).status == 0)
            let folder = daemon.folder.appending(path: "out").path
            for _ in 1...2 {
                let exported = try run(["pipeline", "export", "--all", "--output", folder])
                #expect(exported.lines.count == 3, "\(exported.output)")
                let back = try run(["pipeline", "import", folder])
                #expect(back.lines.last == "0 imported, 0 updated, 3 unchanged, 0 reported", "\(back.output)")
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files.count == 3 && files.last == "good1.yaml")
            #expect(daemon.with { $0.tables["pipelines"]?.count } == 3)
            for file in files {
                #expect(try run(["pipeline", "diff", "\(folder)/\(file)"]).status == 0)
            }
            try FileManager.default.copyItem(atPath: "\(folder)/\(files[0])", toPath: "\(folder)/copy.yaml")
            let twice = try run(["pipeline", "import", folder])
            #expect(twice.errors.contains("is the same pipeline: rename one, or take its comment line out"))
        }
    }

    /// Of a team that does not have the pipeline, the comment line of an export tells nothing.
    @Test func aFileWhosePipelineIsGoneGoesByItsName() throws {
        let gone = "7c71d8e6-0000-4000-8000-000000000001"
        try CommandFixture.withDaemon { (daemon, run) throws in
            let file = daemon.folder.appending(path: "x.yaml")
            let text = "\(PipelineMark.line(gone))workflow: {name: n, steps: [{name: a, type: claude}]}\n"
            try Data(text.utf8).write(to: file)
            let own = PipelineReader.pipelineID(teamID: CommandFixture.team, fileName: "x.yaml")
            for outcome in ["imported", "unchanged"] {
                let json = try JSON(parsing: run(["pipeline", "import", file.path, "--json"]).output)
                #expect(json["imported"]?[0]?["pipeline"]?.string == own)
                #expect(json["imported"]?[0]?["outcome"]?.string == outcome)
            }
            // Whether the team has it is not known before its pipelines have come.
            daemon.with { $0.shapeStatus = .initial }
            let early = try run(["pipeline", "import", file.path, "--team", CommandFixture.team])
            #expect(early.status == 2 && early.errors.contains("names a pipeline by id"), "\(early.errors)")
        }
    }

    @Test func saysOfEachFileWhetherItChangedAnything() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let file = "\(CommandFixture.samples)/hello.yaml"
            let first = try run(["pipeline", "import", file])
            let id = try #require(daemon.with { $0.tables["pipelines"]?.keys.first })
            #expect(
                first.lines == [
                    "\(file): imported · 1 step · \(id)", "1 imported, 0 updated, 0 unchanged, 0 reported",
                ])
            let second = try run(["pipeline", "import", file])
            #expect(
                second.lines == [
                    "\(file): unchanged · 1 step · \(id)", "0 imported, 0 updated, 1 unchanged, 0 reported",
                ])
            #expect(second.status == 0)
            daemon.with { $0.tables["pipelines"]?[id]?["name"] = "renamed" }
            let third = try run(["pipeline", "import", file])
            #expect(
                third.lines == [
                    "\(file): updated (1 operation) · 1 step · \(id)",
                    "0 imported, 1 updated, 0 unchanged, 0 reported",
                ])
            let json = try JSON(parsing: run(["pipeline", "import", CommandFixture.samples, "--json"]).output)
            let outcomes = json["imported"]?.array?.compactMap { $0["outcome"]?.string } ?? []
            #expect(outcomes.sorted() == ["imported", "imported", "imported", "imported", "unchanged"])
        }
    }

    @Test func waitsForRoomWhenTheQueueIsFull() throws {
        var state = CommandFixture.state()
        state.queueLimit = 7
        try CommandFixture.withDaemon(state) { (daemon, run) throws in
            let imported = try run(["pipeline", "import", CommandFixture.samples])
            #expect(imported.status == 0)
            #expect(imported.lines.last == "5 imported, 0 updated, 0 unchanged, 0 reported")
            #expect(imported.errors.contains("The queue is full"))
            let (steps, refusals, largest) = daemon.with {
                ($0.tables["steps"]?.count, $0.refusals, $0.submits.max())
            }
            #expect(steps == 20)
            #expect(refusals > 0)
            #expect((largest ?? 8) <= 7)
        }
    }

    @Test func reportsFilesThatAreNoPipelinesAndGoesOn() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let bad = daemon.folder.appending(path: "bad.yaml")
            try Data("a: 1\nworkflow:\n  name: n\n".utf8).write(to: bad)
            let mixed = try run([
                "pipeline", "import", bad.path, "\(CommandFixture.samples)/hello.yaml", "/nowhere/x.yaml",
            ])
            #expect(mixed.status == 0)
            #expect(
                mixed.lines.last
                    == "1 imported, 0 updated, 0 unchanged, 2 reported; 2 of 3 files were not imported, as said above")
            #expect(mixed.errors.contains("\(bad.path):2: `workflow` has no list of `steps`"))
            let binary = daemon.folder.appending(path: "binary.yaml")
            try Data([0xff, 0x00]).write(to: binary)
            let unread = try run(["pipeline", "import", binary.path])
            #expect(unread.errors.contains("\(binary.path):1: the file is not UTF-8\n"), "\(unread.errors)")
            let none = try run(["pipeline", "import", bad.path])
            #expect(none.status == 2 && none.lines.last == "0 imported, 0 updated, 0 unchanged, 1 reported")
        }
    }

    @Test func saysWhichFoldersItDoesNotLookInto() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let folder = daemon.folder.appending(path: "files")
            let inner = folder.appending(path: "old.yaml").path
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
            let empty = try run(["pipeline", "import", folder.path])
            #expect(empty.status == 3 && empty.errors.contains("has no .yaml files"))
            try FileManager.default.copyItem(
                atPath: "\(CommandFixture.samples)/hello.yaml", toPath: "\(folder.path)/hello.yaml")
            let imported = try run(["pipeline", "import", folder.path])
            #expect(imported.status == 0 && imported.lines.last == "1 imported, 0 updated, 0 unchanged, 0 reported")
            #expect(imported.errors.contains("not looked into, name them to import theirs: \(inner)"))
        }
    }

    @Test func saysWhatIsWrongWithAFileBeforeItLooksForAPipeline() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let empty = daemon.folder.appending(path: "empty.yaml").path
            try Data().write(to: URL(filePath: empty))
            let diff = try run(["pipeline", "diff", empty])
            #expect(diff.status == 2 && diff.errors == "satchel: \(empty):1: the file is empty.\n")
        }
    }

    @Test func takesTheBeginningOfAnID() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            _ = try run(["pipeline", "import", "\(CommandFixture.samples)/hello.yaml"])
            let id = try #require(daemon.with { $0.tables["pipelines"]?.keys.first })
            for name in [id.prefix(8), id.prefix(8) + "…", id.prefix(4)] {
                #expect(try run(["pipeline", "show", String(name)]).lines.first == "hello  \(id)", "\(name)")
            }
            #expect(try run(["pipeline", "export", String(id.prefix(8))]).status == 0)
            #expect(try run(["pipeline", "show", String(id.prefix(3))]).status == 3)
            let other = String(id.prefix(8)) + "-0000-4000-8000-000000000001"
            daemon.with { state in
                var row = state.tables["pipelines"]?[id] ?? [:]
                row["id"] = Value(other)
                state.tables["pipelines"]?[other] = row
            }
            let several = try run(["pipeline", "show", String(id.prefix(8))])
            #expect(several.status == 2)
            #expect(several.errors.contains("2 pipelines begin with \(id.prefix(8)), give more of the id: "))
            #expect(several.errors.contains(other))
        }
    }

    @Test func saysThatADatabaseHasNoPipelines() throws {
        var state = CommandFixture.state()
        state.missingTables = ["users"]
        try CommandFixture.withDaemon(state) { (_, run) throws in
            for command in [["list"], ["show", "hello"], ["import", "\(CommandFixture.samples)/hello.yaml"]] {
                let told = try run(["pipeline"] + command)
                #expect(told.status == 2, "\(command)")
                #expect(
                    told.errors.contains("are for databases with the sample's tables (pipelines, steps, …): root_table")
                )
            }
        }
    }

    @Test func saysWhatBecameOfEachFileOfAnExport() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            _ = try run(["pipeline", "import", "\(CommandFixture.samples)/hello.yaml"])
            let folder = daemon.folder.appending(path: "out").path
            let file = "\(folder)/hello.yaml"
            let export = ["pipeline", "export", "hello", "--output", folder]
            #expect(try run(export).output == "\(file): written\n")
            #expect(try run(export).output == "\(file): unchanged\n")
            try Data("# mine\n".utf8).write(to: URL(filePath: file))
            let json = try JSON(parsing: run(export + ["--json"]).output)
            #expect(json["exported"]?[0]?["outcome"] == "overwritten")
            try Data("# mine\n".utf8).write(to: URL(filePath: file))
            #expect(try run(export).output == "\(file): overwritten\n")
            #expect(!(try String(contentsOfFile: file, encoding: .utf8).contains("mine")))
        }
    }

    @Test func importsAFileThatIsNamedTwiceOnce() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let (samples, file) = (CommandFixture.samples, "\(CommandFixture.samples)/hello.yaml")
            let imported = try run(["pipeline", "import", samples, samples + "/", file, "\(samples)/./hello.yaml"])
            #expect(imported.status == 0 && imported.errors.isEmpty, "\(imported.errors)")
            #expect(imported.lines.last == "5 imported, 0 updated, 0 unchanged, 0 reported")
            // Another name is another pipeline, also of a link.
            let link = daemon.folder.appending(path: "link.yaml").path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
            #expect(
                try run(["pipeline", "import", file, link]).lines.last?.hasPrefix("1 imported, 0 updated, 1") == true)
        }
    }

    @Test func asksForTheTeamWhereThereAreSeveral() throws {
        var state = CommandFixture.state()
        state.tables["teams"]?["0b000000-0000-4000-8000-000000000002"] = [
            "id": "0b000000-0000-4000-8000-000000000002", "name": "Others",
        ]
        state.tables["team_members"] = [:]
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let file = "\(CommandFixture.samples)/hello.yaml"
            let refused = try run(["pipeline", "import", file])
            #expect(refused.status == 2)
            #expect(refused.errors.contains("Others"))
            let unknown = try run(["pipeline", "import", file, "--team", "others"])
            #expect(unknown.status == 3)
            #expect(
                unknown.errors
                    == "satchel: no team is named others: there are Others, Pipelines (names are case-sensitive).\n")
            #expect(try run(["pipeline", "list", "--team", "Nope"]).status == 3)
            #expect(try run(["pipeline", "import", file, "--team", "Others"]).status == 0)
        }
    }

    @Test func showsAPipelineWithItsComments() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            _ = try run(["pipeline", "import", "\(CommandFixture.samples)/release_notes.yaml"])
            daemon.with { state in
                let step = state.tables["steps"]?.first { $0.value["name"] == "write" }
                state.tables["comments"]?["c"] = [
                    "id": "c", "pipeline_id": step?.value["pipeline_id"] ?? .null,
                    "step_id": Value(step?.key),
                    "user_id": Value(CommandFixture.ana), "content": "Shorter?", "resolved": "f", "created_at": "2026",
                ]
            }
            let shown = try run(["pipeline", "show", "release_notes"])
            #expect(shown.status == 0, "\(shown.errors)")
            #expect(shown.lines.contains("    write  claude  ← list_changes"))
            #expect(shown.lines.contains("  publish  file_ops  disabled  ← write"))
            #expect(shown.lines.contains("  · Ana on write: Shorter?"))
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["SATCHEL_SHARED"] != nil, "set SATCHEL_SHARED"))
    func importsFortyRealFilesAndReportsFour() throws {
        let shared = ProcessInfo.processInfo.environment["SATCHEL_SHARED"] ?? ""
        try CommandFixture.withDaemon { (daemon, run) throws in
            let imported = try run(["pipeline", "import", "\(shared)/data/pipelines"])
            #expect(imported.status == 0)
            #expect(
                imported.lines.last
                    == "40 imported, 0 updated, 0 unchanged, 4 reported; 4 of 44 files were not imported, as said above"
            )
            #expect(daemon.with { $0.tables["pipelines"]?.count } == 40)
        }
    }
}
