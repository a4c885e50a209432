import Glibc
import JSONRPC
import JSONText
import Replica
import SyncClient
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

/// The daemon and a service that does as it is told: what goes up.
@Suite struct OnlineQueueTests: OnlineFlow {
    @Test func anOperationIsAcknowledgedThenConfirmed() async throws {
        let service = FakeService()
        service.set { $0.echoesAtOnce = false }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let subscription = try client.call("shape/subscribe", Self.notes)["subscription"]
        _ = try client.call("sync/wait")
        // The response precedes its own change notification.
        let id = client.post("operation/submit", ["operations": [OfflineRequestTests.insert("9", "nine")]])
        var order: [String] = []
        while order.last != "answer" {
            let message = try client.next()
            if message["id"] == .int(id) {
                order.append("answer")
            } else {
                order.append(message["method"]?.string ?? "")
            }
        }
        #expect(!order.contains("shape/changed"))
        var view = ShownRows()
        try update(client, &view, subscription) { $0.rows == ["9": "nine"] }
        #expect(view.pending == ["9"])
        _ = try client.notification("operation/changed") { $0["operations"]?[0]?["state"] == "acknowledged" }
        #expect(try client.call("sync/status")["state"] == "syncing")
        #expect(try client.call("shape/read", Self.notes)["rows"]?[0]?["pending"] == true)
        service.echo()
        let confirmed = try client.notification("operation/changed") { $0["operations"]?[0]?["state"] == "confirmed" }
        #expect(confirmed["operations"]?[0]?["verdict"] == "applied")
        try update(client, &view, subscription) { $0.pending.isEmpty }
        #expect(view.rows == ["9": "nine"])
        #expect(try client.call("sync/wait")["text"] == "All changes saved")
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func aRejectedOperationIsParkedWithItsReason() async throws {
        let service = FakeService()
        service.set {
            $0.outcome = .rejected
            $0.reason = Reason(code: "check_violation", message: "no such note")
        }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        let submitted = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("9")]])
        _ = try client.notification("operation/changed") { $0["operations"]?[0]?["state"] == "parked" }
        let shown = try client.call("operation/show", ["id": submitted["operations"]?[0]?["id"] ?? .null])
        #expect(shown["verdict"] == "rejected")
        #expect(shown["reason"]?["message"] == "no such note")
        let status = try client.notification("sync/statusChanged") { $0["parked"] == 1 }
        #expect(status["text"] == "Sync error · 1 change needs you")
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func whatLostToAnotherWriteIsToldInTheListAndCountedInTheStatus() async throws {
        let service = FakeService()
        service.set {
            $0.outcome = .merged
            $0.lost = [
                LostWrite(column: "body", mine: "nine", theirs: "ten", writer: ReplicaID("r2"), writtenAt: .zero)
            ]
        }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        #expect(try client.call("sync/wait")["lost"] == nil)
        _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("9")]])
        _ = try client.notification("operation/changed") {
            $0["operations"]?[0]?["state"] == "confirmed" && $0["operations"]?[0]?["lostColumns"] == ["body"]
        }
        let listed = try client.call("operation/list", ["states": ["confirmed"]])["operations"]?[0]
        #expect(listed?["verdict"] == "merged" && listed?["lostColumns"] == ["body"])
        let shown = try client.call("operation/show", ["id": listed?["id"] ?? .null])
        #expect(shown["lostColumns"] == ["body"] && shown["lost"]?[0]?["writer"] == "r2")
        #expect(try client.call("sync/status")["lost"] == 1)
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func anOperationThatTheServiceCannotReadIsParkedAndTheOthersGoOn() async throws {
        let service = FakeService()
        service.set { $0.unreadableRows = ["3", "6"] }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        _ = try client.call("sync/pause")
        let operations = (1...8).map { OfflineRequestTests.insert("\($0)") }
        let submitted = try client.call("operation/submit", ["operations": .array(operations)])
        _ = try client.call("sync/resume")
        #expect(try client.call("sync/wait")["parked"] == 2)
        #expect(service.get { $0.rows.keys.sorted() } == ["1", "2", "4", "5", "7", "8"])
        // Each seq once; those between were given up.
        #expect(service.get { $0.batches.flatMap(\.self) } == [1, 2, 4, 5, 7, 8])
        let stuck = submitted["operations"]?[2]?["id"] ?? .null
        let shown = try client.call("operation/show", ["id": stuck])
        #expect(shown["state"] == "parked" && shown["verdict"] == "rejected" && shown["seq"] == 3)
        #expect(shown["reason"]?["code"] == "bad_request")

        service.set { $0.unreadableRows = [] }
        let retried = try client.call("operation/retry", ["id": stuck])
        #expect(retried["operations"]?[0]?["id"] == stuck && retried["operations"]?[0]?["state"] == "queued")
        #expect(try client.call("sync/wait")["parked"] == 1)
        let other = submitted["operations"]?[5]?["id"] ?? .null
        #expect(try client.call("operation/cancel", ["id": other])["operations"] == [other])
        let told = try client.notification("operation/changed") { $0["cancelled"] != nil }
        #expect(told["cancelled"] == [other] && told["operations"] == [])
        #expect(try client.refusal("operation/cancel", ["id": other]) == 1003)
        #expect(try client.refusal("operation/cancel", ["id": stuck]) == 1004)
        #expect(try client.call("sync/wait")["text"] == "All changes saved")
        #expect(service.get { $0.rows.keys.sorted() } == ["1", "2", "3", "4", "5", "7", "8"])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func whatAFailoverLostIsOfferedAgainThoughTheQueueIsEmpty() async throws {
        let service = FakeService()
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("shape/subscribe", Self.notes)
        _ = try client.call("sync/wait")
        for id in ["1", "2"] {
            _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert(id)]])
            _ = try client.call("sync/wait")
        }
        #expect(try client.call("operation/list")["counts"]?["confirmed"] == 2)
        service.set { $0.failOver(lastSeq: 1, rows: ["1": "text"]) }
        _ = try client.notification("sync/statusChanged") { $0["epoch"] == "7301/2" }
        #expect(try client.call("sync/wait")["text"] == "All changes saved")
        #expect(service.get { $0.rows } == ["1": "text", "2": "text"])
        // The service was asked by the refusal of a request in the old history, and took no other operation.
        #expect(service.get { $0.batches } == [[1], [2], [2]])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func anOutageIsShownSurvivedAndMadeUpFor() async throws {
        let service = FakeService()
        service.write("1", "one")
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let subscription = try client.call("shape/subscribe", Self.notes)["subscription"]
        _ = try client.call("sync/wait")
        service.goAway()
        _ = try client.notification("shape/status") { $0["status"] == "stale" }
        let offline = try client.notification("sync/statusChanged") { $0["state"] == "offline" && $0["retryAt"] != nil }
        #expect(offline["online"] == false)
        _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("2", "two")]])
        #expect(try client.call("sync/status")["text"] == "Working offline · 1 pending")
        service.write("3", "three")
        service.comeBack()
        #expect(try client.call("sync/now")["online"] == false)
        let synced = try client.call("sync/wait")
        #expect(synced["state"] == "synced")
        #expect(service.get { $0.rows } == ["1": "one", "2": "two", "3": "three"])
        let rows = try client.call("shape/read", ["subscription": subscription ?? .null])["rows"]
        #expect(rows?.array?.compactMap { $0["value"]?["body"]?.string } == ["one", "two", "three"])
        #expect(service.get { $0.batches } == [[1]])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func aPauseSendsNothingAndOutlivesTheDaemon() async throws {
        let directory = TestDirectory()
        let service = FakeService()
        try directory.learnSchema()
        var (daemon, _) = try await started(service, directory: directory)
        do {
            let client = try await daemon.client()
            try client.initialize()
            _ = try client.call("sync/pause")
            _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("1", "one")]])
        }
        try await daemon.end()
        let before = service.get { $0.counts }
        (daemon, _) = try await started(service, directory: directory)
        let client = try await daemon.client()
        try client.initialize()
        let status = try client.call("sync/status")
        #expect(status["paused"] == true)
        #expect(status["text"] == "Working offline · 1 pending")
        #expect(service.get { $0.counts } == before)
        _ = try client.call("sync/resume")
        #expect(try client.call("sync/wait")["state"] == "synced")
        #expect(service.get { $0.rows } == ["1": "one"])
        try await daemon.end()
    }

    @Test func twoClientsSeeEachOthersOptimisticChanges() async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        let service = FakeService()
        service.write("1", "one")
        let (daemon, _) = try await started(service, directory: directory)
        let ana = try await daemon.client()
        let ben = try await daemon.client(socket: "\(directory.path)/s", framing: .contentLength)
        try ana.initialize()
        try ben.initialize()
        let mine = try ana.call("shape/subscribe", Self.notes)["subscription"]
        let his = try ben.call("shape/subscribe", Self.notes)["subscription"]
        _ = try ana.call("sync/wait")
        service.goAway()
        let edit: JSON = ["table": "notes", "op": "update", "key": ["id": "1"], "set": ["body": "edited"]]
        _ = try ana.call("operation/submit", ["operations": [edit, OfflineRequestTests.insert("2", "two")]])
        var (first, second) = (ShownRows(), ShownRows())
        try update(ana, &first, mine) { $0.rows == ["1": "edited", "2": "two"] }
        try update(ben, &second, his) { $0.rows == ["1": "edited", "2": "two"] }
        #expect(second.pending == ["1", "2"])
        let remove: JSON = ["table": "notes", "op": "delete", "key": ["id": "2"]]
        _ = try ben.call("operation/submit", ["operations": [remove]])
        try update(ana, &first, mine) { $0.rows == ["1": "edited"] }
        try await daemon.end()
    }

    @Test func manyOperationsDrainInBatchesInOrder() async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        let service = FakeService()
        service.goAway()
        let (daemon, _) = try await started(service, directory: directory)
        let client = try await daemon.client()
        try client.initialize()
        let operations = (0..<250).map { OfflineRequestTests.insert("\($0)") }
        _ = try client.call("operation/submit", ["operations": .array(operations)])
        service.comeBack()
        _ = try client.call("sync/now")
        #expect(try client.call("sync/wait")["pending"] == 0)
        #expect(service.get { $0.batches.map(\.count) } == [100, 100, 50])
        #expect(service.get { $0.batches.flatMap { $0 } } == Array(1...250))
        try await daemon.end()
    }
}
