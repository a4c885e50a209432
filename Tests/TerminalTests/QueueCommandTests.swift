import DaemonProtocol
import JSONText
import SyncModel
import Testing

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
        }
    }
}
