import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import PipelineFiles
import SyncModel
import TerminalText
import Testing

/// The built program against a fake daemon on a real socket.
@Suite(.serialized) struct CommandTests {
    @Test func showsTheStatus() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let shown = try run(["status"])
            #expect(shown.status == 0)
            #expect(shown.lines.first == "● All changes saved")
            let json = try JSON(parsing: run(["--json", "status"]).output)
            #expect(json["state"] == "synced")
            #expect(try Run(["--socket", daemon.path, "status"]).status == 0)
        }
    }

    @Test func saysWhatIsWrongAndLeavesWithTheRightCode() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            #expect(try run(["frob"]).status == 2)
            #expect(try run(["read"]).status == 2)
            #expect(try run(["read", "teams", "--param", "1"]).status == 2)
            #expect(try run(["call", "no/such"]).status == 2)
            #expect(try run(["call", "sync/status", "[1"]).status == 2)
            #expect(try run(["submit", "{\"table\": \"teams\"}"]).status == 2)
            #expect(try run(["queue", "show", "nothing"]).status == 3)
            #expect(try run(["pipeline", "show", "nothing"]).status == 3)
            #expect(try run(["--help"]).status == 0)
            let unknown = try run(["queue", "show", "nothing", "--json"])
            #expect(try JSON(parsing: unknown.output)["error"]?["data"]?["code"] == "unknown_operation")
        }
        let away = try Run(["--socket", "/nowhere/s", "status"])
        #expect(away.status == 4)
        #expect(away.errors.contains("satcheld run --socket /nowhere/s"))
        let long = try Run(["--socket", String(repeating: "x", count: 200), "status"])
        #expect(long.status == 2)
    }

    @Test func hasAStatusForNamesThatAreNotThere() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            for arguments in [
                ["read", "--shape", "nosuch"], ["watch", "--shape", "nosuch"], ["view", "enter", "nosuch"],
                ["shape", "explain", "teams", "1", "--shape", "nosuch"],
            ] {
                let missing = try run(arguments)
                #expect(missing.status == 3 && missing.errors.contains("the data model has"), "\(arguments)")
            }
            // Of a name that is there another value is wrong.
            #expect(try run(["read", "teams", "--where", "wrong"]).status == 2)
            let json = try JSON(parsing: run(["read", "--shape", "nosuch", "--json"]).output)
            #expect(json["error"]?["data"]?["code"] == "invalid_shape")
        }
    }

    @Test func explainsRows() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            let named = try run(["shape", "explain", "teams", "7", "--shape", "teams", "--param", "id=7"])
            #expect(named.lines.first == "✓ teams 7 is in the shape  (the service, at position 5)")
            let plain = try run(["shape", "explain", "teams", "id=7", "--where", "id = $1", "--param", "7"])
            #expect(plain.lines.first?.contains("no such row, or you may not read it") == true)
            let json = try JSON(parsing: run(["shape", "explain", "teams", "7", "--shape", "teams", "--json"]).output)
            #expect(json["source"] == "service" && json["explanation"]?["member"] == true)
            #expect(try run(["shape", "explain", "teams"]).status == 2)
            let mixed = try run(["shape", "explain", "teams", "7", "id=8", "--shape", "teams"])
            #expect(mixed.lines.first == "✓ teams 7 is in the shape  (the service, at position 5)")
            let parameter = try run(["shape", "explain", "teams", "id=8", "--shape", "teams"])
            #expect(parameter.status == 2)
            #expect(
                parameter.errors.contains("`id` is a parameter of the shape teams, so the row's key is missing"))
            let both = try run(["shape", "explain", "teams", "id=7", "--shape", "teams", "--param", "id=8"])
            #expect(both.lines.first == "✓ teams 7 is in the shape  (the service, at position 5)")
            #expect(try run(["shape", "explain", "teams", "7", "--shape", "teams", "--where", "x"]).status == 2)
            #expect(try run(["shape", "explain", "teams", "7", "--definition", "{"]).status == 2)
            #expect(try run(["shape", "explain", "teams", "7", "--wait", "0"]).status != 0)
        }
    }

    @Test func listsEntersAndLeavesViews() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            #expect(
                try run(["view", "list"]).lines == [
                    "views", "* team id=7 · A team's start.", "  empty", "shapes", "  teams id=<uuid>",
                ])
            #expect(try JSON(parsing: run(["view", "--json"]).output)["entered"]?["name"] == "team")
            #expect(try run(["view", "enter", "team", "id=7"]).lines == ["teams: live, 1 row"])
            let json = try JSON(parsing: run(["view", "enter", "team", "id=7", "--json"]).output)
            #expect(json == ["shapes": [["shape": "teams", "status": "live", "rows": 1]]])
            #expect(try run(["view", "enter", "start"]).errors.contains("the data model has: team"))
            #expect(try run(["view", "enter", "team", "7"]).status == 2)
            #expect(try run(["view", "leave"]).output == "team left\n")
            let none = try run(["view", "leave"])
            #expect(none.status == 0 && none.output.isEmpty && none.errors == "No view was entered.\n")
            let forgotten = try run(["view", "leave", "--forget"])
            #expect(forgotten.output == "s3 forgotten\ns2 forgotten\n" && forgotten.errors == "No view was entered.\n")
            let gone = try JSON(parsing: run(["view", "leave", "--forget", "--json"]).output)
            #expect(gone == ["shapes": ["s3", "s2"]])
            daemon.with { $0.unusedShapes = [] }
            #expect(
                try run(["view", "leave", "--forget"]).errors == "No view was entered, and views left nothing here.\n")
        }
    }

    @Test func aViewOfWhichAShapeIsNotServedIsAFailure() throws {
        var state = CommandFixture.state()
        state.shapeStatus = .ended
        let reason = Reason(code: "not_permitted", message: "teams has no read rule.")
        state.status.shapes = [
            SyncStatus.Shape(
                shape: "s1", definition: ["root_table": "teams"], status: .ended, rows: 0, reason: reason)
        ]
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let entered = try run(["view", "enter", "team", "id=7"])
            #expect(entered.status == 1)
            #expect(entered.errors.contains("does not serve teams: teams has no read rule."))
        }
        state.shapeStatus = .initial
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let entered = try run(["view", "enter", "team", "id=7"])
            #expect(entered.status == 1 && entered.output == "teams: initial, 0 rows\n")
            #expect(entered.errors.contains("--wait 5000"))
        }
    }

    @Test func tellsItsVersion() throws {
        let version = try Run(["--version"])
        #expect(version.status == 0 && version.output == ProgramVersion.current + "\n")
        for name in ["satcheld", "satchel-service", "satchel-simulator", "satchel-bench", "satchel-oracle"] {
            let program = Run.program.deletingLastPathComponent().appending(path: name)
            #expect(try Run(["--version"], program: program).output == version.output, "\(name)")
            // One convention for all: 2 for wrong arguments.
            let wrong = try Run(["--frob"], program: program)
            #expect(wrong.status == 2 && wrong.errors.contains("--frob"), "\(name)")
            #expect(try Run(["--help"], program: program).status == 0, "\(name)")
        }
    }

    @Test func saysWhatIsWrongWithTheArguments() throws {
        for (arguments, told) in [
            (["bogus"], "There is no command `satchel bogus`: satchel has status, watch, read,"),
            (
                ["queue", "bogus"],
                "There is no command `satchel queue bogus`: satchel queue has list, show, retry, cancel."
            ),
            (["help", "nope"], "There is no command `satchel nope`: satchel has status, watch, read,"),
            (["help", "queue", "nope"], "There is no command `satchel queue nope`: satchel queue has list,"),
            (
                ["help", "status", "nope"],
                "There is no command `satchel status nope`: satchel status has none below it."
            ),
            (["read", "teams", "--limit", "-3"], "--limit takes 1 or more rows"),
            (["read", "teams", "--wait", "-3"], "--wait takes 0 to"),
            (["submit", "null"], "operation 1 is no JSON object: write {"),
        ] {
            let run = try Run(arguments)
            #expect(run.status == 2 && run.errors.contains(told), "\(run.errors)")
        }
        for arguments in [["help"], ["help", "queue"], ["help", "queue", "list"], ["help", "status"]] {
            let help = try Run(arguments)
            #expect(help.status == 0 && help.output.contains("USAGE:"), "\(arguments)")
        }
        #expect(try Run(["--generate-completion-script", "bash"]).output.contains("satchel"))
    }

    /// As with a token whose time is over: the service is reached, and lets nobody in.
    @Test func saysThatTheServiceRefuses() throws {
        var state = CommandFixture.state()
        state.shapeStatus = .initial
        state.status.isOnline = false
        state.status.state = .error
        state.status.reason = Reason(code: "unauthorized", message: "the token is not valid any more")
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let read = try run(["read", "teams"])
            let told = "and http://127.0.0.1:1 refuses this device (the token is not valid any more)."
            #expect(read.status == 1 && read.errors == "satchel: The rows have not come yet, \(told)\n")
        }
        #expect(StatusText.waiting(state.status, hasTimeout: true).hasPrefix("Waiting: http://127.0.0.1:1 refuses"))
        state.status.state = .offline
        #expect(StatusText.waiting(state.status, hasTimeout: true).contains("cannot be reached"))
    }

    @Test func saysWhereJSONGoesWrong() throws {
        let run = try Run(["submit", "{'table': 1}"])
        #expect(run.status == 2)
        #expect(run.errors.contains("the operations are not JSON: line 1, column 2: a member's name in double quotes"))
        let read = try Run(["read", "--definition", "{\n  \"root_table\": teams}"])
        #expect(read.errors.contains("--definition is not JSON: line 2, column 17: a value is wanted"))
        let call = try Run(["call", "sync/status", "[1"])
        #expect(call.errors.contains("the parameters are not JSON: line 1, column 3: a comma or ] is wanted"))
    }

    @Test func saysOnceThatThereIsNoSuchFile() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            for command in ["diff", "import"] {
                let missing = try run(["pipeline", command, "/nowhere/nosuch.yaml"])
                #expect(missing.status == 3)
                #expect(missing.errors == "satchel: /nowhere/nosuch.yaml: no such file.\n", "\(command)")
                #expect(missing.output.isEmpty)
            }
        }
    }

    @Test func saysThatADryRunQueuesNothing() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            let operation = #"{"table":"teams","op":"upsert","key":{"id":"1"},"set":{"n":1}}"#
            let dry = try run(["submit", "--dry-run", operation])
            #expect(dry.output == "o0 would be queued\n" && dry.errors == "1 operation would be accepted.\n")
            let json = try JSON(parsing: run(["submit", "--dry-run", operation, "--json"]).output)
            #expect(json["dryRun"] == true && json["operations"]?.array?.count == 1)
            #expect(try JSON(parsing: run(["submit", operation, "--json"]).output)["dryRun"] == nil)
            #expect(daemon.with { $0.submits } == [1])
        }
    }

    @Test func submitsOperationsFromStandardInput() throws {
        try CommandFixture.withDaemon { daemon, _ in
            let text =
                #"[{"table":"teams","op":"upsert","key":{"id":"1"},"set":{"n":1,"b":true,"j":{"a":[1.5]}}}]"#
            let run = try Run(["submit", "-"], environment: ["SATCHEL_SOCKET": daemon.path], input: text)
            #expect(run.status == 0)
            #expect(run.output == "o0 queued\n")
            let row = daemon.with { $0.tables["teams"]?["1"] }
            #expect(row == ["id": "1", "n": "1", "b": "t", "j": #"{"a":[1.5]}"#])
        }
    }

    @Test func listsWhatLostSomething() throws {
        var state = CommandFixture.state()
        state.operations = [("o1", ["name"]), ("o2", nil)].map { id, lost in
            let summary = OperationSummary(
                id: OperationID(id), seq: 1, state: lost == nil ? .sending : .confirmed,
                verdict: lost.map { _ in .merged },
                table: TableName("teams"), action: .update, key: KeyValues([.init("id", "1")]), columns: ["name"],
                group: nil, submittedAt: 0, attempts: 1, lostColumns: lost)
            return OperationDetail(summary: summary, set: ColumnValues([]), base: 1, at: .zero)
        }
        state.status.isOnline = false
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let lost = try run(["queue", "list", "--lost"]).lines
            #expect(lost.count == 3 && lost[1].hasPrefix("o1  confirmed (merged), lost 1 column  update"), "\(lost)")
            #expect(lost.last == "1 confirmed · 1 column of 1 row lost to another write")
            #expect(try run(["queue", "list", "--all"]).lines.count == 4)
            let retried = try run(["queue", "retry", "o1"])
            #expect(retried.status == 2)
            #expect(retried.errors == "satchel: Operation o1 is confirmed: there is nothing to try again.\n")
            let shown = try run(["queue", "show", "o2"])
            #expect(shown.lines.contains("  state     waiting"), "\(shown)")
            let json = try JSON(parsing: run(["queue", "list", "--lost", "--json"]).output)
            #expect(json["operations"]?.array?.count == 1)
            #expect(json["operations"]?[0]?["lostColumns"] == ["name"])
        }
    }

    @Test func decidesWhatBecomesOfAnOperation() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            let refused = try run(["queue", "cancel", "o1"])
            #expect(refused.status == 2 && refused.errors.contains("builds on it"))
            #expect(try run(["queue", "cancel", "o1", "--dependents"]).output == "o1 cancelled\nx cancelled\n")
            let json = try run(["queue", "cancel", "o1", "--dependents", "--json"]).output
            #expect(try JSON(parsing: json) == ["operations": ["o1", "x"]])
            #expect(try run(["queue", "retry", "o1", "--json"]).output == "{\"operations\":[]}\n")
        }
    }

    @Test func listsTheShapesOfTheDeviceAndForgetsOne() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            let list = try run(["shape", "list"])
            #expect(
                list.output == """
                    id  status  rows  size    lag    first sync  watched by  of
                    s1  live    3     1.5 KB  20 ms  3 s         0           teams

                    """)
            #expect(try JSON(parsing: try run(["shape", "--json"]).output)["shapes"]?.array?.count == 1)
            #expect(try run(["shape", "forget", "s1"]).output == "s1 forgotten\n")
            let unknown = try run(["shape", "forget", "s2"])
            #expect(unknown.status == 3)
            #expect(unknown.errors == "satchel: This device holds no shape s2: see satchel shape list.\n")
        }
    }

    @Test func forgetsShapesThatNobodyUses() throws {
        try CommandFixture.withDaemon { (daemon, run) throws in
            #expect(try run(["shape", "forget", "--unused"]).output == "s3 forgotten\ns2 forgotten\n")
            #expect(try run(["shape", "forget", "--unused", "--json"]).output == "{\"shapes\":[\"s3\",\"s2\"]}\n")
            #expect(try run(["shape", "forget"]).status == 2)
            #expect(try run(["shape", "forget", "s1", "--unused"]).status == 2)
            daemon.with { $0.unusedShapes = [] }
            let none = try run(["shape", "forget", "--unused"])
            #expect(none.status == 0 && none.output.isEmpty && none.errors == "Every shape is in use.\n")
            daemon.with { $0.holdsShapes = false }
            #expect(try run(["shape", "forget", "--unused"]).errors == "This device holds no shapes.\n")
        }
    }

    @Test func pausesResumesAndWaits() throws {
        var state = CommandFixture.state()
        try CommandFixture.withDaemon(state) { (daemon, run) throws in
            #expect(try run(["sync", "pause"]).output == "● Working offline\n")
            #expect(daemon.with { $0.status.isPaused })
            #expect(try run(["sync", "resume"]).output == "● All changes saved\n")
            #expect(try run(["sync", "wait", "--timeout", "50"]).status == 0)
            #expect(try run(["sync", "wait", "--timeout", "-1"]).status == 2)
        }
        state.status.conflicts = 1
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let waited = try run(["sync", "wait"])
            #expect(waited.status == 5)
            // It did not have to wait, and said nothing of it.
            #expect(!waited.errors.contains("Waiting"))
        }
        state.waitError = .timeout("Not within 50 ms.", status: state.status)
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let waited = try run(["sync", "wait"])
            #expect(waited.status == 1)
        }
    }

    /// As where the replica's file cannot be opened: nothing is awaited, and nothing is saved.
    @Test func waitingForASyncThatCannotBeFails() throws {
        var state = CommandFixture.state()
        state.status.state = .error
        state.status.text = "Sync error · file is not a database"
        state.status.reason = Reason(code: "storage", message: "file is not a database")
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let waited = try run(["sync", "wait"])
            #expect(waited.status == 1 && waited.output == "● Sync error · file is not a database\n")
            #expect(waited.errors.contains("file is not a database"))
        }
    }

    @Test func saysWhyItWaits() throws {
        var state = CommandFixture.state()
        state.status.isOnline = false
        state.status.pending = 2
        state.holdsWait = true
        try CommandFixture.withDaemon(state) { daemon, _ in
            let program = try RunningProgram(["sync", "wait"], beside: daemon)
            let text = RunningProgram.read(program.errors, until: "\n")
            #expect(
                text == "Waiting: http://127.0.0.1:1 cannot be reached, and 2 changes wait to be sent. "
                    + "--timeout MILLISECONDS ends the wait, and so does control-C.\n")
            daemon.released.signal()
            program.process.waitUntilExit()
            #expect(program.process.terminationStatus == 0)
        }
    }

    @Test func tellsWhatCameOfGoingOnlineNotWhatWasBefore() throws {
        var state = CommandFixture.state()
        state.status.state = .offline
        state.status.text = "Working offline"
        state.comesOnlineAfterResume = true
        try CommandFixture.withDaemon(state) { (_, run) throws in
            #expect(try run(["sync", "resume"]).output == "● All changes saved\n")
        }
    }
}
