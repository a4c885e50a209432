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

    private func delete(_ id: Int, _ client: TestClient) throws {
        let delete: JSON = ["table": "notes", "op": "delete", "key": ["id": .string("\(id)")]]
        _ = try client.call("operation/submit", ["operations": [delete]])
    }

    private func shown(_ client: TestClient) throws -> (ids: [String], isComplete: Bool) {
        let page = try client.call("shape/read", ["definition": Self.first, "wait": 5_000])
        let ids = (page["rows"]?.array ?? []).compactMap { $0["key"]?["id"]?.string }
        return (ids, page["complete"] == nil)
    }

    /// Two look-ahead rows take the places of deleted ones; then there are none left.
    @Test func deletedRowsAreFollowedByTheNextAsLongAsTheyAreHeld() async throws {
        let service = FakeService()
        for id in 1...4 { service.write("\(id)", "body \(id)") }
        service.set { $0.echoesAtOnce = false }
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        #expect(try shown(client) == (["1", "2"], true))
        // The look-ahead rows come beside the shape, or after it.
        _ = try client.call("sync/wait")
        let list = try client.call("shape/list")
        #expect(list["shapes"]?.array?.count == 1)
        let subscribed = try client.call("shape/subscribe", ["definition": Self.first, "partial": true])
        #expect(subscribed["status"] == "live" && subscribed["complete"] == nil)

        try delete(1, client)
        let deleted = try changes(client, subscribed["subscription"])
        #expect(deleted["changes"]?.array?.compactMap { $0["operation"] } == ["delete", "insert"])
        #expect(deleted["complete"] == nil)
        #expect(try shown(client) == (["2", "3"], true))
        try delete(2, client)
        #expect(try shown(client) == (["3", "4"], true))
        try delete(3, client)
        #expect(try shown(client) == (["4"], false))
        let late = try client.call("shape/subscribe", ["definition": Self.first, "partial": true])
        #expect(late["rows"]?.array?.count == 1 && late["complete"] == false)

        // The service has no more rows: nothing is missing.
        service.set { $0.echoesAtOnce = true }
        service.write("4", "body 4")
        service.echo()
        _ = try client.call("sync/wait")
        while try changes(client, subscribed["subscription"])["complete"] != nil {}
        #expect(try shown(client) == (["4"], true))
        try await daemon.end()
    }
}
