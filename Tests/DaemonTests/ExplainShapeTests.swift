import JSONText
import Replica
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

/// `shape/explain`: what the service says, and what the device says in its place.
@Suite struct ExplainShapeTests {
    private static let notes: JSON = ["root_table": "notes"]
    private static let long: JSON = ["root_table": "notes", "where": "body LIKE 'o%' AND length(body) > 3"]

    private static func ask(_ id: String, _ definition: JSON = notes, wait: Int64 = 60_000) -> JSON {
        ["definition": definition, "table": "notes", "key": ["id": .string(id)], "wait": .int(wait)]
    }

    private func live(
        _ service: FakeService, _ directory: TestDirectory = TestDirectory()
    ) async throws -> (TestDaemon, TestClient, TestDirectory) {
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("shape/read", ["definition": Self.notes, "wait": 60_000])
        return (daemon, client, directory)
    }

    @Test func passesOnWhatTheServiceSays() async throws {
        let service = FakeService()
        service.write("1", "one")
        let explanation = Explanation(isFound: true, isMember: true, now: "2026-01-02 00:00:00+00", nodes: [])
        service.set {
            $0.explanation = explanation
            $0.echoesAtOnce = false
        }
        let (daemon, client, directory) = try await live(service)
        _ = try client.call(
            "operation/submit",
            ["operations": [["table": "notes", "op": "update", "key": ["id": "1"], "set": ["body": "uno"]]]])
        let told = try client.call("shape/explain", Self.ask("1", Self.long))
        #expect(told["source"] == "service" && told["reason"] == nil)
        #expect(told["position"] == .string(String(service.get { $0.position })))
        #expect(told["explanation"] == explanation.json)
        #expect(told["device"]?["held"] == true && told["device"]?["shapes"] == ["s1"])
        #expect(told["device"]?["operations"]?[0]?["columns"] == ["body"])
        let asked = try #require(service.get { $0.askedRows }.first)
        #expect(asked.table == TableName("notes") && asked.key == [Explanation.NamedValue("id", "1")])
        #expect(asked.definition.root.condition == "body LIKE 'o%' AND length(body) > 3")
        // A question does not make the device hold the shape.
        #expect(try client.call("shape/list")["shapes"]?.array?.count == 1)
        try await daemon.end()
        _ = directory
    }

    @Test func answersFromTheDeviceWhereTheServiceDoesNot() async throws {
        let service = FakeService()
        service.write("1", "one")
        let (daemon, client, directory) = try await live(service)
        // Never answered, so any wait ends without it.
        let late = try client.call("shape/explain", Self.ask("1", wait: 1))
        #expect(late["source"] == "device" && late["reason"] == "the service took longer than 1 ms")
        #expect(late["explanation"]?["member"] == true && late["position"] == nil)
        let unwanted = try client.call("shape/explain", Self.ask("1", Self.long, wait: 0))
        #expect(unwanted["source"] == "device" && unwanted["reason"] == nil)
        let place = unwanted["explanation"]?["nodes"]?[0]?["place"]
        #expect(place?["condition"]?["parts"]?.array?.map { $0["truth"] } == ["true", "false"])
        #expect(place?["condition"]?["parts"]?[1]?["values"] == ["body": "one"])
        #expect(unwanted["explanation"]?["member"] == false)
        service.set { $0.explanationRefusal = ServiceError(.notReady, "the mirror is being copied") }
        let refused = try client.call("shape/explain", Self.ask("2"))
        #expect(refused["source"] == "device" && refused["reason"] == "the mirror is being copied")
        // The shape is in view, and the row is not.
        #expect(refused["explanation"]?["found"] == false && refused["explanation"]?["member"] == false)
        try await daemon.end()
        _ = directory
    }

    @Test func saysWithoutAConnectionWhatItCannotDecide() async throws {
        let service = FakeService()
        service.write("1", "one")
        let (daemon, client, directory) = try await live(service)
        service.goAway()
        _ = try client.notification("sync/statusChanged") { $0["state"] == "offline" }
        _ = try client.call(
            "operation/submit",
            ["operations": [["table": "notes", "op": "insert", "key": ["id": "9"], "set": ["body": "nine"]]]])
        let new = try client.call("shape/explain", Self.ask("9"))
        #expect(new["source"] == "device" && new["reason"]?.string?.isEmpty == false)
        #expect(new["explanation"]?["member"] == true)
        #expect(new["device"]?["operations"]?[0]?["op"] == "insert")
        let subselect: JSON = ["root_table": "notes", "where": "id IN (SELECT body FROM notes AS n)"]
        let open = try client.call("shape/explain", Self.ask("1", subselect))
        #expect(open["explanation"]?["member"] == .null)
        let condition = open["explanation"]?["nodes"]?[0]?["place"]?["condition"]
        #expect(condition?["truth"] == "undecidable" && condition?["subselects"]?[0]?["count"] == nil)
        try await daemon.end()
        _ = directory
    }

    @Test func aRequestThatNobodyWaitsForIsGivenUp() async throws {
        let service = FakeService()
        let (daemon, client, directory) = try await live(service)
        let id = client.post("shape/explain", Self.ask("1"))
        while service.get({ $0.askedRows.count }) < 1 { _ = try client.call("sync/status") }
        let before = service.get { $0.counts["cancelled", default: 0] }
        client.notify("$/cancelRequest", ["id": .int(id)])
        #expect(throws: TestClient.Failure.self) { try client.answer(to: id) }
        #expect(try client.refusal("shape/explain", Self.ask("1", ["root_table": "ghosts"])) == 1002)
        #expect(service.get { $0.counts["cancelled", default: 0] } == before + 1)
        // A fifth at a time is not asked of the service.
        let waiting = (0..<4).map { _ in client.post("shape/explain", Self.ask("1")) }
        let fifth = try client.call("shape/explain", Self.ask("1"))
        #expect(fifth["source"] == "device" && fifth["reason"]?.string?.contains("4 rows already") == true)
        for id in waiting { client.notify("$/cancelRequest", ["id": .int(id)]) }
        try await daemon.end()
        _ = directory
    }

    @Test func refusesWhatIsNoRowOfTheShape() async throws {
        let service = FakeService()
        let (daemon, client, directory) = try await live(service)
        let mistakes: [(JSON, Int)] = [
            (["definition": Self.notes, "table": "ghosts", "key": ["id": "1"]], -32602),
            (["definition": Self.notes, "table": "notes", "key": ["body": "1"]], -32602),
            (["definition": Self.notes, "table": "notes", "key": ["id": "1", "body": "1"]], -32602),
            (["definition": ["root_table": "ghosts"], "table": "ghosts", "key": ["id": "1"]], 1002),
            (["subscription": "none", "table": "notes", "key": ["id": "1"]], 1001),
        ]
        for (params, code) in mistakes { #expect(try client.refusal("shape/explain", params) == code, "\(params)") }
        service.set { $0.explanationRefusal = .badRequest("request.definition: nobody may read it") }
        #expect(try client.refusal("shape/explain", Self.ask("1")) == 1002)
        let subscription = try client.call("shape/subscribe", ["definition": Self.notes])["subscription"] ?? .null
        let held = try client.call(
            "shape/explain", ["subscription": subscription, "table": "public.notes", "key": ["id": "1"], "wait": 0])
        #expect(held["explanation"]?["member"] == false)
        try await daemon.end()
        _ = directory
    }
}
