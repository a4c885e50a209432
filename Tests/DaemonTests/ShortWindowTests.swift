import JSONText
import Testing

@testable import Daemon

/// What clients are told of a window that own writes have left short.
@Suite struct ShortWindowTests {
    private static let first: JSON = ["root_table": "notes", "order_by": "body", "limit": 2]

    /// The changes of the next notification for a subscription.
    private func changes(_ client: TestClient, _ subscription: JSON?) throws -> JSON {
        let told = try client.notification("shape/changed") { $0["subscriptions"]?[0]?["subscription"] == subscription }
        return try #require(told["subscriptions"]?[0])
    }

    @Test func pagesAndChangesSayWhetherRowsMayBeMissing() async throws {
        let service = FakeService()
        for id in 1...2 { service.write("\(id)", "body \(id)") }
        service.set { $0.echoesAtOnce = false }
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        let whole = try client.call("shape/read", ["definition": Self.first, "wait": 5_000])
        #expect(whole["rows"]?.array?.count == 2 && whole["complete"] == nil)
        let subscribed = try client.call("shape/subscribe", ["definition": Self.first, "partial": true])
        #expect(subscribed["status"] == "live" && subscribed["complete"] == nil)

        let delete: JSON = ["table": "notes", "op": "delete", "key": ["id": "1"]]
        _ = try client.call("operation/submit", ["operations": [delete]])
        let deleted = try changes(client, subscribed["subscription"])
        #expect(deleted["changes"]?[0]?["operation"] == "delete" && deleted["complete"] == false)
        #expect(try client.call("shape/read", ["definition": Self.first])["complete"] == false)
        let late = try client.call("shape/subscribe", ["definition": Self.first, "partial": true])
        #expect(late["rows"]?.array?.count == 1 && late["complete"] == false)

        // The service has no more rows: nothing changes but that none is missing.
        service.set { $0.echoesAtOnce = true }
        service.echo()
        _ = try client.call("sync/wait")
        let told = try client.notification("shape/changed")
        #expect(told["subscriptions"]?.array?.count == 2)
        for part in told["subscriptions"]?.array ?? [] {
            #expect(part["changes"] == [] && part["complete"] == nil && part["reset"] == nil)
        }
        #expect(try client.call("shape/read", ["definition": Self.first])["complete"] == nil)
        try await daemon.end()
    }
}
