import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import PipelineFiles
import SyncModel
import TerminalText
import Testing

/// `satchel read` and `watch` against a fake daemon on a real socket.
@Suite(.serialized) struct ReadCommandTests {
    @Test func readsAndWatchesShapesByName() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            let json = try JSON(parsing: run(["read", "--shape", "teams", "id=7", "--json"]).output)
            #expect(json["rows"]?.array?.count == 1)
            let option = try JSON(parsing: run(["read", "--shape", "teams", "--param", "id=7", "--json"]).output)
            #expect(option == json)
            #expect(try run(["read", "--shape", "teams", "id=7", "--param", "id=7"]).status == 2)
            #expect(try run(["read", "--shape", "teams", "--limit", "1"]).status == 2)
            #expect(try run(["watch", "teams", "users", "--order-by", "id"]).status == 2)
            #expect(try run(["read", "--shape", "teams", "id"]).status == 2)
            #expect(try run(["read", "--shape", "teams", "id=1", "id=2"]).status == 2)
            #expect(try run(["read", "--shape", "teams", "--where", "x"]).status == 2)
            #expect(try run(["read", "teams", "users"]).status == 2)
        }
    }

    /// A line for each row that the device holds, then the status, then what changes.
    @Test func printsTheRowsThatAreThereBeforeTheChanges() throws {
        try CommandFixture.withDaemon { daemon, _ in
            let text = try untilInterrupted(daemon, ["watch", "teams"], until: "[2J\n")
            let lines = text.split(separator: "\n").map(String.init)
            #expect(
                lines.dropFirst() == [
                    "+  teams \(CommandFixture.team) name=Pipelines", "= teams: live, 1 row", "~* teams 1 name=new�[2J",
                ])
        }
    }

    @Test func tellsWhereAConditionThatWasTypedGoesWrong() throws {
        try CommandFixture.withDaemon { (_, run) throws in
            for command in ["read", "watch"] {
                let told = try run([command, "teams", "--where", "id = '1'", "--where", "wrong = 1"])
                #expect(told.status == 2, "\(command)")
                #expect(told.errors.contains("satchel: --where 2: At character 1: syntax error"), "\(told.errors)")
                let alone = try run([command, "teams", "--where", "id = '1'", "--where", "name = 'b')"])
                #expect(alone.status == 2, "\(command)")
                #expect(alone.errors == "satchel: --where 2: At character 11: syntax error at or near \")\"\n")
            }
        }
    }

    @Test func printsWhatHasComeOfAFirstSyncOnRequest() throws {
        var state = CommandFixture.state()
        state.shapeStatus = .initial
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let partial = try run(["read", "teams", "--partial", "--json"])
            let json = try JSON(parsing: partial.output)
            #expect(json["complete"] == false && json["rows"]?.array?.isEmpty == false)
            #expect(partial.errors.contains("These rows have come so far"))
            let plain = try run(["read", "teams", "--json", "--wait", "0"])
            #expect(try JSON(parsing: plain.output)["rows"] == [])
            #expect(try JSON(parsing: plain.output)["complete"] == false)
            #expect(plain.errors.contains("The rows have not come yet") && plain.status == 1)
            #expect(partial.status == 0)
        }
        state.status.isPaused = true
        try CommandFixture.withDaemon(state) { (_, run) throws in
            #expect(try run(["read", "teams", "--wait", "0"]).errors.contains("satchel sync resume brings them"))
        }
        try CommandFixture.withDaemon { (_, run) throws in
            let whole = try JSON(parsing: run(["read", "teams", "--partial", "--json"]).output)
            #expect(whole["complete"] == true && whole["status"] == "live")
        }
    }

    @Test func tellsTheRowsThatAShapeLeavesOut() throws {
        var state = CommandFixture.state()
        state.failures = FailedRows(
            count: 5, table: TableName("teams"), key: KeyValues([.init("id", "7")]), message: "division by zero")
        try CommandFixture.withDaemon(state) { (daemon, run) throws in
            let told = "5 rows left out: division by zero (public.teams id=7)\n"
            let read = try run(["read", "teams"])
            #expect(read.status == 0 && read.errors == told && !read.output.contains("left out"))
            let json = try JSON(parsing: run(["read", "teams", "--json"]).output)
            #expect(json["failures"]?["count"] == 5)
            #expect(
                try untilInterrupted(daemon, ["watch", "teams", "--json"], until: "[2J").contains("division by zero"))
        }
        try CommandFixture.withDaemon { (_, run) throws in
            #expect(try JSON(parsing: run(["read", "teams", "--json"]).output)["failures"] == nil)
        }
    }

    @Test func readsAllPagesOfAShape() throws {
        var state = CommandFixture.state()
        for number in 0..<20 { state.tables["teams"]?["t\(number)"] = ["id": Value("t\(number)")] }
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let json = try JSON(parsing: run(["read", "teams", "--json"]).output)
            #expect(json["rows"]?.array?.count == 21)
            #expect(json["status"] == "live")
            let text = try run(["read", "teams"])
            #expect(text.lines.first == "teams · 21 rows")
            // In the order of places, over all pages, and without them.
            let ids = json["rows"]?.array?.compactMap { $0["key"]?["id"]?.string } ?? []
            #expect(ids == ids.sorted { Text($0) > Text($1) } && ids.count == 21)
            #expect(json["rows"]?.array?.allSatisfy { $0["place"] == nil } == true)
            #expect(text.lines[2].contains("t9") && text.lines[3].contains("t8"), "\(text.lines)")
        }
    }

    @Test func readsAValueOfMegabytes() throws {
        var state = CommandFixture.state()
        let long = String(repeating: "wide 数 ", count: 800_000)
        state.tables["teams"] = ["a": ["id": "a", "text": Value(long), "x": "1"]]
        for number in 0..<200 { state.tables["teams"]?["t\(number)"] = ["id": Value("t\(number)"), "x": "2"] }
        state.page = 1_000
        try CommandFixture.withDaemon(state) { (_, run) throws in
            let read = try run(["read", "teams"])
            #expect(read.status == 0 && read.lines.count == 203 && read.errors.isEmpty)
            // The value is whole, and no other row is as long.
            #expect(read.output.utf8.count < long.utf8.count + 203 * 250)
            #expect(read.output.utf8.count > long.utf8.count)
        }
    }

    /// Interrupts the program once it has printed `end`. The fake daemon changes one row right after the answer.
    private func untilInterrupted(_ daemon: FakeDaemon, _ arguments: [String], until end: String) throws -> String {
        let program = try RunningProgram(arguments, beside: daemon)
        let text = RunningProgram.read(program.output, until: end)
        program.process.interrupt()
        program.process.waitUntilExit()
        #expect(program.process.terminationStatus == 130)
        return text
    }

    /// As behind `head`: nothing more needs to change for it to notice.
    @Test func endsWhenNobodyReadsWhatItWatches() throws {
        try CommandFixture.withDaemon { daemon, _ in
            let program = try RunningProgram(["watch", "teams", "--json"], beside: daemon)
            _ = RunningProgram.read(program.output, until: "\"changed\"")
            try program.output.fileHandleForReading.close()
            // It would wait for ever.
            let process = program.process
            let patience = DispatchWorkItem { process.terminate() }
            DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: patience)
            process.waitUntilExit()
            patience.cancel()
            #expect(process.terminationStatus == SIGPIPE || process.terminationStatus == 1)
            #expect(program.errors.fileHandleForReading.availableData.isEmpty)
        }
    }

    @Test func saysThatItsOutputIsFull() throws {
        try CommandFixture.withDaemon { daemon, _ in
            let program = Process()
            program.executableURL = Run.program
            program.arguments = ["read", "teams"]
            program.environment = ["SATCHEL_SOCKET": daemon.path]
            let errors = Pipe()
            program.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
            program.standardError = errors
            try program.run()
            program.waitUntilExit()
            #expect(program.terminationStatus == 1)
            let told = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
            #expect(told == "satchel: Standard output cannot be written: No space left on device.\n")
        }
    }

    @Test func streamsChangesAndEndsWithTheInterrupt() throws {
        try CommandFixture.withDaemon { daemon, _ in
            let text = try untilInterrupted(daemon, ["watch", "teams", "--json"], until: "\"changed\"")
            let events = try text.split(separator: "\n").map {
                try JSON(parsing: String($0))["event"]?.string
            }
            #expect(events.contains("status") && events.contains("rows") && events.contains("changed"))
        }
    }
}
