import JSONText
import SyncModel
import Testing

@testable import Daemon
@testable import TranscriptTesting

/// Rows of a first sync before it is whole, for those who ask for them.
@Suite struct PartialShapeTests {
    private static let notes: JSON = ["root_table": "notes"]

    private func ids(_ rows: JSON?) -> [String] {
        (rows?.array ?? []).compactMap { $0["value"]?["id"]?.string ?? $0["key"]?["id"]?.string }
    }

    /// The changes of the next notification for a subscription.
    private func changes(_ client: TestClient, _ subscription: JSON?) throws -> JSON {
        let told = try client.notification("shape/changed") { $0["subscriptions"]?[0]?["subscription"] == subscription }
        return try #require(told["subscriptions"]?[0])
    }

    private func started(
        _ service: FakeService, _ directory: TestDirectory
    ) async throws -> (TestDaemon, TestClient) {
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        return (daemon, client)
    }

    @Test func rowsAreToldAsTheyArriveAndAnewAtTheFirstFrontier() async throws {
        let service = FakeService()
        for id in 1...6 { service.write("\(id)", "body \(id)") }
        service.set {
            $0.chunkRows = 2
            $0.chunksAllowed = 1
            $0.echoesAtOnce = false
        }
        let directory = TestDirectory()
        var (daemon, client) = try await started(service, directory)
        let patient = try await daemon.client()
        try patient.initialize()
        let plain = try patient.call("shape/subscribe", ["definition": Self.notes])
        #expect(plain["status"] == "initial" && plain["complete"] == nil)
        let first = try client.call("shape/subscribe", ["definition": Self.notes, "partial": true])
        #expect(first["status"] == "initial" && first["complete"] == false)
        let subscription = first["subscription"]
        if ids(first["rows"]).isEmpty {
            let told = try changes(client, subscription)
            #expect(told["complete"] == false && told["reset"] == true && told["status"] == "initial")
            #expect(ids(told["changes"]) == ["1", "2"])
        }
        service.set { $0.chunksAllowed = 2 }
        let second = try changes(client, subscription)
        #expect(second["complete"] == false && second["reset"] == nil)
        #expect(ids(second["changes"]) == ["3", "4"])
        #expect(second["changes"]?.array?.map { $0["operation"] } == ["insert", "insert"])

        // What has come can be read by who asks for it, page by page, and by nobody else.
        let partial = try client.call("shape/read", ["definition": Self.notes, "partial": true, "limit": 3])
        #expect(ids(partial["rows"]) == ["1", "2", "3"] && partial["complete"] == false)
        let rest: JSON = ["subscription": subscription ?? .null, "cursor": partial["next"] ?? .null]
        #expect(ids(try client.call("shape/read", rest)["rows"]) == ["4"])
        let whole = try patient.call("shape/read", ["definition": Self.notes])
        #expect(whole["rows"] == [] && whole["status"] == "initial" && whole["complete"] == nil)

        // And written to; what has not come cannot.
        service.goAway()
        func submit(_ op: String, _ id: String) -> JSON {
            var operation: JSONObject = ["table": "notes", "op": .string(op), "key": ["id": .string(id)]]
            if op == "update" { operation["set"] = ["body": "edited"] }
            return ["operations": [.object(operation)]]
        }
        _ = try client.call("operation/submit", submit("update", "1"))
        let edited = try changes(client, subscription)
        #expect(edited["complete"] == false && edited["changes"]?[0]?["pending"] == true)
        #expect(edited["changes"]?[0]?["value"] == ["id": "1", "body": "edited"])
        _ = try client.call("operation/submit", submit("delete", "2"))
        // What becomes of the first operation tells its row again.
        var deleted = try changes(client, subscription)
        while deleted["changes"]?[0]?["operation"] == "insert" { deleted = try changes(client, subscription) }
        #expect(deleted["changes"]?[0]?["operation"] == "delete" && ids(deleted["changes"]) == ["2"])
        #expect(try client.refusal("operation/submit", submit("update", "2")) == 1004)
        #expect(try client.refusal("operation/submit", submit("update", "6")) == 1004)

        // A restart in the middle: nothing that has come is asked for again.
        try await daemon.end()
        (daemon, client) = try await started(service, directory)
        let again = try client.call("shape/subscribe", ["definition": Self.notes, "partial": true])
        #expect(ids(again["rows"]) == ["1", "3", "4"] && again["complete"] == false)
        #expect(again["rows"]?[0]?["value"]?["body"] == "edited" && again["rows"]?[0]?["pending"] == true)
        _ = try client.call("sync/pause")
        service.comeBack()
        service.set { $0.chunksAllowed = 3 }
        _ = try client.call("sync/resume")
        var told = try changes(client, again["subscription"])
        while told["complete"] == false { told = try changes(client, again["subscription"]) }
        #expect(told["reset"] == true && told["status"] == "live")
        #expect(ids(told["changes"]).sorted() == ["1", "3", "4", "5", "6"])
        #expect(service.get { $0.chunksSent } == ["0 1", "1 3", "2 5"])
        service.set { $0.echoesAtOnce = true }
        service.echo()
        let synced = try client.call("sync/wait")
        #expect(synced["state"] == "synced")
        #expect(service.get { $0.rows.filter { $0.key == "1" || $0.key == "2" } } == ["1": "edited"])
        let settled = try client.call("shape/read", ["definition": Self.notes, "partial": true])
        #expect(ids(settled["rows"]) == ["1", "3", "4", "5", "6"] && settled["complete"] == nil)

        // From then on changes are those of transactions.
        service.write("7", "seven")
        let last = try client.notification("shape/changed") { $0.text.contains("seven") }
        #expect(last["subscriptions"]?[0]?["complete"] == nil && last["subscriptions"]?[0]?["reset"] == nil)
        try await daemon.end()
    }

    @Test func whatCameOfAnAnswerThatBreaksOffIsNotAskedForAgain() async throws {
        let service = FakeService()
        for id in 1...6 { service.write("\(id)", "body \(id)") }
        let directory = TestDirectory()
        let (daemon, client) = try await started(service, directory)
        _ = try client.call("sync/wait")
        service.set {
            $0.chunkRows = 2
            // hello, reset, and the first chunk.
            $0.linesBeforeBreak = 3
        }
        let answer = try client.call("shape/subscribe", ["definition": Self.notes, "partial": true])
        if ids(answer["rows"]).isEmpty {
            let told = try changes(client, answer["subscription"])
            #expect(ids(told["changes"]) == ["1", "2"] && told["complete"] == false)
        }
        _ = try client.call("sync/now")
        var told = try changes(client, answer["subscription"])
        while told["complete"] == false { told = try changes(client, answer["subscription"]) }
        #expect(ids(told["changes"]) == ["1", "2", "3", "4", "5", "6"])
        #expect(service.get { $0.chunksSent } == ["0 1", "1 3", "2 5"])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func whoDoesNotAskForPartsSeesNothingUntilTheShapeIsLive() async throws {
        let service = FakeService()
        for id in 1...4 { service.write("\(id)", "body \(id)") }
        service.set {
            $0.chunkRows = 2
            $0.chunksAllowed = 1
        }
        let directory = TestDirectory()
        let (daemon, client) = try await started(service, directory)
        let partial = try await daemon.client()
        try partial.initialize()
        let subscription = try client.call("shape/subscribe", ["definition": Self.notes])["subscription"]
        let mine = try partial.call("shape/subscribe", ["definition": Self.notes, "partial": true, "limit": 0])
        if mine["next"] == nil { _ = try changes(partial, mine["subscription"]) }
        service.set { $0.chunksAllowed = 2 }
        let told = try changes(client, subscription)
        #expect(told["status"] == "live" && told["complete"] == nil)
        #expect(ids(told["changes"]).sorted() == ["1", "2", "3", "4"])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func aPartialShapeThatIsEmptyBecomesComplete() async throws {
        let service = FakeService()
        service.goAway()
        let directory = TestDirectory()
        let (daemon, client) = try await started(service, directory)
        let answer = try client.call("shape/subscribe", ["definition": Self.notes, "partial": true])
        #expect(answer["complete"] == false)
        service.comeBack()
        _ = try client.call("sync/now")
        var told = try changes(client, answer["subscription"])
        while told["complete"] == false { told = try changes(client, answer["subscription"]) }
        #expect(told["reset"] == true && told["changes"] == [] && told["status"] == "live")
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }
}
