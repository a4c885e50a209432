import JSONRPCTransport
import JSONText
import Testing

@testable import Daemon

@Suite struct SlowClientTests {
    /// A client that does not read gets, once it reads again, its rows anew and in the state of then.
    @Test func whatASlowClientMissedIsCollapsed() async throws {
        let service = FakeService()
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, service: service)
        var configuration = TransportConfiguration()
        configuration.outbox = OutboxLimits(bytes: 64 << 10, messages: 100)
        let slow = try await daemon.client(configuration: configuration)
        let quick = try await daemon.client()
        try slow.initialize()
        try quick.initialize()
        let subscribed = try slow.call("shape/subscribe", ["definition": ["root_table": "notes"]])
        _ = try quick.call("sync/wait")
        // More than the outbox and the kernel's buffers hold, each change in an answer of its own.
        let filler = String(repeating: "x", count: 40_000)
        for number in 0..<100 {
            service.write("\(number % 10)", "\(number) \(filler)")
            _ = try quick.call("sync/wait")
        }

        var bodies: [String: String] = [:]
        var resets = 0
        var changes = 0
        while bodies.count < 10 || !bodies.values.allSatisfy({ (Int($0) ?? 0) >= 90 }) {
            let params = try slow.notification("shape/changed")
            for part in params["subscriptions"]?.array ?? [] {
                #expect(part["subscription"] == subscribed["subscription"])
                if part["reset"] == true {
                    resets += 1
                    bodies = [:]
                }
                for change in part["changes"]?.array ?? [] {
                    changes += 1
                    let number = change["value"]?["body"]?.string?.prefix { $0 != " " } ?? ""
                    bodies[change["key"]?["id"]?.string ?? ""] = String(number)
                }
            }
        }
        #expect(resets > 0)
        #expect(changes < 100)
        #expect(try slow.call("sync/wait")["state"] == "synced")
        try await daemon.end()
    }

    @Test func aShapeTooLargeForOneNotificationComesInPages() async throws {
        let service = FakeService()
        for number in 0..<12_500 { service.write("\(number)", "text") }
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        let answer = try client.call("shape/subscribe", ["definition": ["root_table": "notes"]])
        var ids = Set((answer["rows"]?.array ?? []).compactMap { $0["key"]?["id"]?.string })
        while ids.count < 12_500 {
            let params = try client.notification("shape/changed")
            for change in params["subscriptions"]?[0]?["changes"]?.array ?? [] {
                ids.insert(change["key"]?["id"]?.string ?? "")
            }
        }
        #expect(try client.call("sync/wait")["shapes"]?[0]?["rows"] == 12_500)
        try await daemon.end()
    }
}
