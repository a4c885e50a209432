import DaemonProtocol
import JSONText
import SyncModel
import TerminalText
import Testing

private func edit(
    _ id: String, _ key: Text, state: OperationState = .confirmed, verdict: Verdict.Outcome? = .merged,
    lost: [String]? = nil
) -> OperationSummary {
    OperationSummary(
        id: OperationID(id), seq: 1, state: state, verdict: verdict, table: TableName("steps"), action: .update,
        key: KeyValues([.init("id", key)]), columns: ["name"], group: nil, submittedAt: 0, attempts: 1,
        lostColumns: lost)
}

private func queue(_ operations: [OperationSummary], width: Int?) -> [String] {
    OperationText.lines(
        operations, counts: OperationText.counts(operations), now: 0, width: width, style: .plain)
}

@Suite struct LossesTests {
    @Test func countsAColumnThatLostInManyEditsOnce() {
        let edits = (1...5).map { edit("o\($0)", "1", lost: ["position_x"]) }
        #expect(Losses(edits)?.text == "1 column of 1 row")
        let more = edits + [edit("o6", "1", lost: ["name"]), edit("o7", "2", lost: ["name"])]
        #expect(Losses(more)?.text == "3 columns of 2 rows")
        let whole = [edit("o8", "3", lost: []), edit("o9", "3", lost: [])]
        #expect(Losses(more + whole)?.text == "3 columns of 2 rows and 1 whole row")
        #expect(Losses(whole)?.text == "1 whole row")
        #expect(Losses([edit("o1", "1")]) == nil)
        #expect(queue(edits, width: nil).last == "5 confirmed · 1 column of 1 row lost to another write")
    }
}

extension OperationTextTests {
    @Test func keepsInANarrowTerminalWhatIdentifies() {
        let ids = ["824275aa-3e62-4c1b-9f57-1d2a4f0c6e11", "40292f0e-3e62-4c1b-9f57-1d2a4f0c6e12"]
        let operations = [
            edit(ids[0], Text(ids[1]), state: .parked, verdict: .conflict), edit(ids[1], Text(ids[0]), lost: ["name"]),
        ]
        let lines = queue(operations, width: 60)
        #expect(lines[0].hasSuffix("  …") && lines.prefix(3).allSatisfy { Printable.width($0) <= 60 })
        #expect(lines[1].hasPrefix("824275aa") && lines[1].contains("  parked (conflict)"), "\(lines)")
        #expect(lines[2].hasPrefix("40292f0e") && lines[2].contains("  confirmed (merge…"), "\(lines)")
        #expect(lines[0].contains("columns") && !lines[0].contains("submitted") && !lines[0].contains("key"))
        for width in 45..<130 {
            #expect(queue(operations, width: width)[1].hasPrefix("824275aa"), "\(width)")
        }
    }

    @Test func cutsLongValuesOnATerminalOnly() {
        let long = String(repeating: "x", count: 3 << 20)
        let lost = LostWrite(
            column: "name", mine: Value(long), theirs: Value(long), writer: .plainSQL, writtenAt: .zero)
        let operation = OperationDetail(
            summary: edit("o1", "1"), set: ColumnValues([.init("name", Value(long))]), base: 1, at: .zero, lost: [lost])
        let shown = OperationText.detail(operation, now: 0, width: 60, style: .plain)
        #expect(shown.allSatisfy { Printable.width($0) <= 60 })
        #expect(shown.contains { $0.hasPrefix("  set       name = xxx") && $0.hasSuffix("…") })
        let piped = OperationText.detail(operation, now: 0, style: .plain)
        #expect(piped.contains("  set       name = \(long)") && piped.contains("    theirs  \(long)"))
    }

    @Test func saysOnATerminalWhatToDecide() {
        let parked = [
            edit("o1", "1", state: .parked, verdict: .rejected),
            edit("o2", "1", state: .parked, verdict: .conflict),
        ]
        #expect(
            queue(parked, width: 80).suffix(2) == [
                "2 parked (1 in conflict)", "Decide with: satchel queue retry ID, or satchel queue cancel ID",
            ])
        #expect(queue(parked, width: nil).last == "2 parked (1 in conflict)")
        #expect(queue([edit("o1", "1")], width: 80).last == "1 confirmed")
        func detail(_ summary: OperationSummary, _ width: Int?) -> [String] {
            let operation = OperationDetail(summary: summary, set: ColumnValues([]), base: 1, at: .zero)
            return OperationText.detail(operation, now: 0, width: width, style: .plain)
        }
        #expect(detail(parked[0], 80).last == "         or: satchel queue cancel o1")
        #expect(detail(parked[0], nil).allSatisfy { !$0.contains("satchel") })
        #expect(detail(edit("o1", "1"), 80).allSatisfy { !$0.contains("satchel") })
    }
}

/// `satchel queue` by the beginnings of ids.
@Suite(.serialized) struct QueueCommandTests {
    private func state(_ ids: [String]) -> FakeDaemon.State {
        var state = CommandFixture.state()
        state.operations = ids.map { id in
            let summary = OperationSummary(
                id: OperationID(id), seq: 1, state: .queued, verdict: nil, table: TableName("teams"), action: .update,
                key: KeyValues([.init("id", "1")]), columns: ["name"], group: nil, submittedAt: 0, attempts: 0)
            return OperationDetail(summary: summary, set: ColumnValues([]), base: 1, at: .zero)
        }
        return state
    }

    @Test func saysWhatMakesRoomInAFullQueue() throws {
        var full = state([])
        full.queueLimit = 0
        full.status.isPaused = true
        let operation = #"{"table":"teams","op":"upsert","key":{"id":"1"},"set":{"n":1}}"#
        try CommandFixture.withDaemon(full) { (daemon, run) throws in
            let paused = try run(["submit", operation])
            #expect(paused.status == 1)
            #expect(paused.errors.contains("which is the limit. Sync is paused, `satchel sync resume` lets the queue"))
            #expect(paused.errors.hasSuffix("Its limit is max_offline_queue in the daemon's configuration.\n"))
            daemon.with { $0.status.isPaused = false }
            #expect(!(try run(["submit", operation]).errors.contains("resume")))
        }
    }

    @Test func takesTheBeginningOfAnID() throws {
        let ids = ["abcd", "abcdef01-1", "8c033933-1", "8c033944-2", "8c0"]
        try CommandFixture.withDaemon(state(ids)) { (_, run) throws in
            for (given, id) in [("8c03393", ids[2]), ("8c03394…", ids[3]), ("abcd", ids[0]), ("abcde", ids[1])] {
                #expect(try JSON(parsing: run(["queue", "show", given, "--json"]).output)["id"] == .string(id))
            }
            // A whole id is never the beginning of another one.
            #expect(try run(["queue", "show", "8c0"]).status == 0)
            let several = try run(["queue", "show", "8c03"])
            #expect(several.status == 2)
            #expect(
                several.errors.contains("2 operations begin with 8c03, give more of the id: 8c033933-1, 8c033944-2"))
            let short = try run(["queue", "show", "abc"])
            #expect(short.status == 3)
            #expect(
                short.errors == "satchel: There is no operation abc. "
                    + "The beginning of an id takes at least 4 characters.\n")
            let parked = try run(["queue", "list", "--lost", "--state", "parked", "--state", "queued"])
            #expect(parked.errors == "No parked or queued operation lost something to another write.\n")
            #expect(
                try run(["queue", "list", "--lost"]).errors == "No operation lost something to another write.\n")
            #expect(try run(["queue", "show", "ffff"]).status == 3)
        }
        try CommandFixture.withDaemon(state(["abcdef"])) { (_, run) throws in
            #expect(try run(["queue", "cancel", "abcd", "--dependents"]).output == "abcdef cancelled\nx cancelled\n")
            #expect(
                try run(["queue", "cancel", "refused"]).output
                    == "refused cancelled\nx built on it, and stays: retry or cancel it, too\n")
        }
    }
}
