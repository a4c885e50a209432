import Foundation
import JSONText
import Replica
import SyncModel
import Testing

@testable import Daemon

/// What happens when the disk does not do its part.
@Suite struct OnlineOnlyTests {
    private static let problem = Reason(code: "corrupt", message: "the file is damaged")

    @Test func withoutAFileSubmitsAreAnsweredAfterTheVerdict() async throws {
        let service = FakeService()
        let daemon = try await TestDaemon.start(nil, service: service, problem: Self.problem)
        let client = try await daemon.client()
        try client.initialize()
        let status = try client.call("sync/wait")
        #expect(status["storage"] == "memory")
        #expect(status["state"] == "error")
        #expect(status["text"] == "Sync error · the file is damaged")
        let done = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("1", "one")]])
        #expect(["acknowledged", "confirmed"].contains(done["operations"]?[0]?["state"]?.string ?? ""))
        #expect(service.get { $0.rows } == ["1": "one"])
        service.set { $0.outcome = .rejected }
        let refused = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("2")]])
        #expect(refused["operations"]?[0]?["state"] == "parked")
        service.goAway()
        _ = try client.notification("sync/statusChanged") { $0["online"] == false }
        #expect(try client.refusal("operation/submit", ["operations": [OfflineRequestTests.insert("3")]]) == 1006)
        try await daemon.end()
    }

    @Test func aDamagedFileIsLeftAloneAndSaid() async throws {
        let directory = TestDirectory()
        let file = "\(directory.path)/\(OpenedReplica.fileName)"
        let damage = String(repeating: "this is no database ", count: 500)
        try damage.write(toFile: file)
        let daemon = try await TestDaemon.start(directory)
        let client = try await daemon.client()
        try client.initialize()
        let status = try client.call("sync/wait")
        #expect(status["storage"] == "memory")
        #expect(status["state"] == "error")
        #expect(try client.call("shape/subscribe", ["definition": ["root_table": "notes"]])["status"] == "initial")
        try await daemon.end()
        #expect(try String(contentsOfFile: file, encoding: .utf8) == damage)
    }

    @Test func aFullQueueRefusesTheNextOperationOnly() async throws {
        let directory = TestDirectory()
        try directory.learnSchema()
        let service = FakeService()
        service.goAway()
        let daemon = try await TestDaemon.start(directory, service: service, limits: ReplicaLimits(maxQueue: 2))
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("1")]])
        let two: JSON = ["operations": [OfflineRequestTests.insert("2"), OfflineRequestTests.insert("3")]]
        #expect(try client.refusal("operation/submit", two) == 1005)
        _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("2")]])
        #expect(try client.call("sync/status")["pending"] == 2)
        try await daemon.end()
    }
}
