import JSONRPC
import JSONText
import Testing

@testable import Daemon

/// What clients can do without a service, over every route.
@Suite struct OfflineRequestTests {
    private static let notes: JSON = ["root_table": "notes"]

    static func insert(_ id: String, _ body: String = "text") -> JSON {
        ["table": "notes", "op": "insert", "key": ["id": .string(id)], "set": ["body": .string(body)]]
    }

    @Test(arguments: Route.allCases)
    func theLifecycleIsKept(_ route: Route) async throws {
        try await route.withClient { client in
            #expect(try client.refusal("sync/status") == -32002)
            let wrong: JSON = ["protocolVersion": ["major": 9, "minor": 0]]
            #expect(try client.refusal("initialize", wrong) == -32602)
            let info = try client.call("initialize")
            #expect(info["serverInfo"]?["name"] == "satcheld")
            #expect(info["capabilities"]?["sync/wait"] == true)
            #expect(info["protocolVersion"] == ["major": 1, "minor": 0])
            #expect(try client.refusal("initialize") == -32600)
            #expect(try client.call("daemon/info") == info)
            #expect(try client.call("shutdown") == .null)
            #expect(try client.refusal("sync/status") == -32600)
            client.notify("exit")
        }
    }

    @Test(arguments: Route.allCases)
    func operationsAreKeptAndListed(_ route: Route) async throws {
        try await route.withClient { client in
            try client.initialize()
            let first = try client.call("operation/submit", ["operations": [Self.insert("1")]])
            let id = try #require(first["operations"]?[0]?["id"])
            #expect(first["operations"]?[0]?["state"] == "queued")
            let atomic = try client.call(
                "operation/submit", ["operations": [Self.insert("2"), Self.insert("3")], "atomic": true])
            #expect(atomic["operations"]?.array?.count == 2)
            let list = try client.call("operation/list", ["limit": 2])
            #expect(list["operations"]?.array?.count == 2)
            // The first of them may be on its way to the service that does not answer.
            let counts = ["queued", "sending"].map { list["counts"]?[$0]?.int ?? 0 }
            #expect(counts.reduce(0, +) == 3)
            let rest = try client.call("operation/list", ["limit": 2, "cursor": list["next"] ?? .null])
            #expect(rest["operations"]?.array?.count == 1)
            #expect(rest["next"] == nil)
            let shown = try client.call("operation/show", ["id": id])
            #expect(shown["set"] == ["body": "text"])
            #expect(shown["key"] == ["id": "1"])
            #expect(try client.call("operation/list", ["states": ["parked"]])["operations"] == [])
            let status = try client.call("sync/status")
            #expect(status["pending"] == 3)
            #expect(status["text"] == "Working offline · 3 pending")
            #expect(status["storage"] == "file")
        }
    }

    @Test(arguments: Route.allCases)
    func mistakesGetTheirErrorAndChangeNothing(_ route: Route) async throws {
        try await route.withClient { client in
            try client.initialize()
            _ = try client.call("operation/submit", ["operations": [Self.insert("1")]])
            let cases: [(String, JSON, Int)] = [
                ("nothing/here", [:], -32601),
                ("sync/status", ["x": 1], -32602),
                ("operation/submit", [:], -32602),
                ("operation/submit", ["operations": []], -32602),
                ("operation/submit", ["operations": [["table": "notes", "op": "merge", "key": ["id": "1"]]]], -32602),
                ("operation/submit", ["operations": [["table": "ghosts", "op": "delete", "key": ["id": "1"]]]], 1004),
                (
                    "operation/submit",
                    ["operations": [["table": "notes", "op": "update", "key": ["id": "9"], "set": ["body": "x"]]]], 1004
                ),
                ("operation/submit", ["operations": [["table": "notes", "op": "insert", "key": ["x": "9"]]]], 1004),
                (
                    "operation/submit",
                    ["operations": [["table": "notes", "op": "insert", "key": ["id": "9"], "set": ["ghost": "x"]]]],
                    1004
                ),
                ("operation/submit", ["operations": [Self.insert("2"), Self.insert("1")]], 1004),
                ("operation/show", ["id": "ghost"], 1003),
                ("operation/list", ["cursor": "x"], -32602),
                ("shape/subscribe", ["definition": ["root_table": "ghosts"]], 1002),
                ("shape/subscribe", ["definition": ["root_table": "notes", "color": "red"]], 1002),
                ("shape/subscribe", ["definition": ["root_table": "notes", "where": "ghost = 1"]], 1002),
                ("shape/read", ["subscription": "ghost"], 1001),
                ("shape/read", ["definition": Self.notes, "cursor": "x"], -32602),
                ("shape/unsubscribe", ["subscription": "ghost"], 1001),
                ("sync/wait", ["timeout": -1], -32602),
                ("sync/wait", ["timeout": 0], 1007),
            ]
            for (method, params, code) in cases {
                #expect(try client.refusal(method, params) == code, "\(method) \(params)")
            }
            client.send(Self.broken(route))
            #expect(try client.refusalOfUnreadable() == -32700)
            #expect(try client.call("operation/list")["operations"]?.array?.count == 1)
        }
    }

    private static func broken(_ route: Route) -> [UInt8] {
        var bytes: [UInt8] = []
        route.framing.append(Array("{\"jsonrpc\":".utf8), to: &bytes)
        return bytes
    }

    @Test(arguments: Route.allCases)
    func waitingRequestsCanBeCancelled(_ route: Route) async throws {
        try await route.withClient { client in
            try client.initialize()
            let wait = client.post("sync/wait")
            let read = client.post("shape/read", ["definition": Self.notes, "wait": 3_600_000])
            client.notify("$/cancelRequest", ["id": .int(wait)])
            client.notify("$/cancelRequest", ["id": .int(read)])
            for id in [wait, read] {
                do {
                    _ = try client.answer(to: id)
                    Issue.record("a cancelled request was answered with a result")
                } catch let failure as TestClient.Failure {
                    #expect(failure.code == -32800)
                }
            }
            #expect(try client.call("sync/pause")["paused"] == true)
            #expect(try client.call("sync/resume")["paused"] == false)
            #expect(try client.call("sync/now")["online"] == false)
        }
    }

    @Test(arguments: Route.allCases)
    func manyRequestsInOneWriteAreAllAnswered(_ route: Route) async throws {
        try await route.withClient { client in
            try client.initialize()
            let ids = (0..<200).map { _ in client.post("daemon/info") }
            for id in ids { #expect(try client.answer(to: id)["instance"] != nil) }
        }
    }

    @Test func aDryRunStoresNothing() async throws {
        try await Route.pair.withClient { client in
            try client.initialize()
            let result = try client.call("operation/submit", ["operations": [Self.insert("1")], "dryRun": true])
            #expect(result["operations"]?.array?.count == 1)
            #expect(try client.call("operation/list")["operations"] == [])
        }
    }
}
