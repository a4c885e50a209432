import Dispatch
import JSONText
import NIOCore
import Testing

@testable import Daemon

@Suite struct SubmissionGroupTests {
    private func insertion(_ id: Int) -> JSON {
        ["operations": [["table": "notes", "op": "insert", "key": ["id": .string("n\(id)")], "set": ["body": "b"]]]]
    }

    /// What clients send while the loop is kept busy lies ready when it goes on, all at once.
    private func atOnce(_ daemon: TestDaemon, _ send: () -> Void) {
        let (entered, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        daemon.daemon.loop.execute {
            entered.signal()
            released.wait()
        }
        entered.wait()
        send()
        released.signal()
    }

    @Test func whatManyConnectionsSubmitAtOnceIsTakenTogetherAndAnsweredEach() async throws {
        let directory = TestDirectory()
        // Pausing may come before the service's answer.
        try directory.learnSchema()
        let daemon = try await TestDaemon.start(directory)
        let bystander = try await daemon.client()
        try bystander.initialize()
        _ = try bystander.call("sync/pause")
        var clients: [TestClient] = []
        for _ in 0..<8 {
            let client = try await daemon.client()
            try client.initialize()
            clients.append(client)
        }
        var ids: [Int64] = []
        atOnce(daemon) {
            // Two of them want the same row: one of those is refused.
            ids = clients.enumerated().map { $1.post("operation/submit", insertion(min($0, 6))) }
        }
        var sequences: [Int64] = []
        var refusals = 0
        for (client, id) in zip(clients, ids) {
            do {
                let answer = try client.answer(to: id)
                #expect(answer["operations"]?.array?.count == 1)
                sequences.append(answer["sequence"]?.int ?? 0)
            } catch let failure as TestClient.Failure where failure.code != nil {
                refusals += 1
            }
        }
        #expect(refusals == 1)
        #expect(Set(sequences).count == 7 && !sequences.contains(0))
        // One notification for all of them: they were one event.
        let told = try bystander.notification("operation/changed")
        #expect(told["operations"]?.array?.count == 7)
        #expect(try bystander.call("operation/list")["operations"]?.array?.count == 7)
        try await daemon.end()
    }

    @Test func whatIsAskedAfterASubmissionFindsItAccepted() async throws {
        let directory = TestDirectory()
        // Pausing may come before the service's answer.
        try directory.learnSchema()
        let daemon = try await TestDaemon.start(directory)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/pause")
        var ids: [Int64] = []
        atOnce(daemon) {
            ids = [
                client.post("operation/submit", insertion(1)), client.post("operation/list"),
                client.post("operation/submit", insertion(2)), client.post("operation/list"),
            ]
        }
        _ = try client.answer(to: ids[0])
        _ = try client.answer(to: ids[2])
        #expect(try client.answer(to: ids[1])["operations"]?.array?.count == 1)
        #expect(try client.answer(to: ids[3])["operations"]?.array?.count == 2)
        try await daemon.end()
    }
}
