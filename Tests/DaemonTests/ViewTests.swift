import JSONText
import Replica
import Shapes
import SyncModel
import Testing

@testable import Daemon

/// Views and named shapes, with a service that does as it is told.
@Suite(.timeLimit(.minutes(5))) struct ViewTests {
    private static let model = """
        version: 1
        shapes:
          all: {root_table: notes}
          one: {parameters: {id: text}, root_table: notes, where: {id: $id}}
        views:
          overview: {shapes: [all]}
          detail:
            parameters: {id: text}
            shapes:
              - all
              - one: {id: $id}
          alone:
            parameters: {id: text}
            shapes: [one: {id: $id}]
        """

    private func started(
        _ directory: TestDirectory, limits: ReplicaLimits = ReplicaLimits()
    ) async throws -> (daemon: TestDaemon, client: TestClient) {
        let service = FakeService()
        service.set { $0.dataModel = Self.model }
        service.write("1", "one")
        service.write("2", "two")
        let daemon = try await TestDaemon.start(directory, service: service, limits: limits)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        return (daemon, client)
    }

    private func enter(
        _ client: TestClient, _ name: String, _ parameters: JSON = [:]
    ) throws -> [JSON] {
        let params: JSON = ["name": .string(name), "parameters": parameters]
        return try client.call("view/enter", params)["subscriptions"]?.array ?? []
    }

    private func becomeLive(_ client: TestClient, _ part: JSON) throws {
        let params: JSON = ["subscription": part["subscription"] ?? .null, "wait": 60_000]
        let page = try client.call("shape/read", params)
        #expect(page["status"] == "live")
    }

    @Test func switchingKeepsWhatStaysCommon() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory)
        let first = try enter(client, "overview")
        #expect(first.map { $0["shape"] } == ["all"])
        #expect(first.map { $0["kept"] } == [false])
        try becomeLive(client, first[0])
        let handles = daemon.service.get { $0.handles.count }
        #expect(handles == 1)

        let second = try enter(client, "detail", ["id": "1"])
        #expect(second.map { $0["shape"] } == ["all", "one"])
        #expect(second.map { $0["kept"] } == [true, false])
        #expect(second[0]["subscription"] == first[0]["subscription"])
        #expect(second[0]["rows"] == [])
        try becomeLive(client, second[1])
        #expect(daemon.service.get { $0.handles.count } == handles + 1)

        let third = try enter(client, "overview")
        #expect(third.map { $0["subscription"] } == [first[0]["subscription"]])
        #expect(daemon.service.get { $0.handles.count } == handles + 1)
        let gone = try client.refusal("shape/read", ["subscription": second[1]["subscription"] ?? .null])
        #expect(gone == 1001)
        daemon.service.write("3", "three")
        let told = try client.notification("shape/changed") { $0.text.contains("three") }
        #expect(told["subscriptions"]?.array?.map { $0["subscription"] } == [first[0]["subscription"]])
        try await daemon.end()
    }

    @Test func theViewEnteredLastIsAskedForFirst() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory)
        for id in ["1", "2"] {
            _ = try client.call("shape/read", ["definition": ["name": "one", "parameters": ["id": .string(id)]]])
        }
        for part in try enter(client, "alone", ["id": "3"]) { try becomeLive(client, part) }
        #expect(daemon.service.get { $0.asked.map(\.parameters) } == [["3"], ["1"], ["2"]])
        for part in try enter(client, "alone", ["id": "2"]) { try becomeLive(client, part) }
        _ = try client.call("sync/wait")
        #expect(daemon.service.get { $0.asked.map(\.parameters) } == [["2"], ["3"], ["1"]])
        try await daemon.end()
    }

    @Test func theViewJustEnteredComesBeforeAShapeThatIsLoading() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory)
        let service = daemon.service
        for id in 1...4 { service.write("\(id)", "body") }
        _ = try client.call("sync/wait")
        service.set {
            $0.chunkRows = 1
            $0.chunksAllowed = 2
        }
        let definition: JSON = ["name": "one", "parameters": ["id": "1"]]
        let loading = try client.call("shape/subscribe", ["definition": definition, "partial": true])
        if loading["rows"] == [] { _ = try client.notification("shape/changed") }
        let entered = try enter(client, "alone", ["id": "3"])
        service.set { $0.chunksAllowed = .max }
        for part in entered { try becomeLive(client, part) }
        let orders = service.get { $0.askedInTurn.map { $0.map(\.parameters) } }
        let both = try #require(orders.first { $0.count == 2 })
        #expect(both == [["3"], ["1"]])
        // Each chunk of each of the two came once.
        #expect(service.get { $0.chunksSent.count } == 8)
        try await daemon.end()
    }

    @Test func aViewThatIsHeldIsEnteredWithoutAConnection() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory)
        for part in try enter(client, "detail", ["id": "1"]) { try becomeLive(client, part) }
        #expect(try client.call("view/leave") == ["left": "detail"])
        #expect(try client.call("view/leave") == [:])
        #expect(try client.call("view/list")["entered"] == nil)
        _ = try enter(client, "overview")
        try await daemon.end()

        let away = FakeService()
        away.set { $0.isAway = true }
        let again = try await TestDaemon.start(directory, service: away)
        let second = try await again.client()
        try second.initialize()
        #expect(try second.call("view/list")["entered"] == ["name": "overview", "parameters": [:]])
        let parts = try enter(second, "detail", ["id": "1"])
        #expect(parts.map { $0["status"] } == ["stale", "stale"])
        #expect(parts.map { $0["rows"]?.array?.count } == [2, 2])
        let entered = try second.call("view/list")["entered"]
        #expect(entered == ["name": "detail", "parameters": ["id": "1"]])
        try await again.end()
    }

    @Test func onlySoManyShapesOfLeftViewsStay() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory, limits: ReplicaLimits(maxLeftShapes: 2))
        _ = try client.call("shape/read", ["definition": ["name": "one", "parameters": ["id": "own"]]])
        func held() throws -> [JSON?] {
            try client.call("sync/status")["shapes"]?.array?.map { $0["definition"]?["params"]?[0] } ?? []
        }
        for id in ["own", "1", "2", "3", "4", "5"] { _ = try enter(client, "alone", ["id": .string(id)]) }
        // The view that is left for the next one was looked at until then, so it does not count yet.
        #expect(try held() == ["own", "2", "3", "4", "5"])
        _ = try enter(client, "alone", ["id": "6"])
        #expect(try held() == ["own", "3", "4", "5", "6"])
        _ = try client.call("view/leave", ["forget": true])
        #expect(try held() == ["own"])
        // Held for its own sake by now.
        _ = try enter(client, "alone", ["id": "7"])
        _ = try client.call("shape/read", ["definition": ["name": "one", "parameters": ["id": "7"]]])
        _ = try client.call("view/leave", ["forget": true])
        #expect(try held() == ["own", "7"])
        try await daemon.end()
    }

    @Test func aViewMakesRoomWhereTheReplicaIsFull() async throws {
        let directory = TestDirectory()
        let (daemon, client) = try await started(directory, limits: ReplicaLimits(maxShapes: 3))
        for number in 0..<10 { _ = try enter(client, "alone", ["id": .string("\(number)")]) }
        #expect(try client.call("sync/status")["shapes"]?.array?.count == 3)
        for id in ["a", "b"] {
            let params: JSON = ["definition": ["name": "one", "parameters": ["id": .string(id)]]]
            if try client.refusal("shape/subscribe", params) != nil { break }
        }
        #expect(try client.refusal("view/enter", ["name": "detail", "parameters": ["id": "x"]]) == nil)
        try await daemon.end()
    }

    @Test func connectionsHaveViewsOfTheirOwn() async throws {
        let directory = TestDirectory()
        let (daemon, first) = try await started(directory)
        let second = try await daemon.client()
        try second.initialize()
        let mine = try enter(first, "overview")
        for part in mine { try becomeLive(first, part) }
        _ = try enter(second, "alone", ["id": "1"])
        _ = try second.call("view/leave", ["forget": true])
        daemon.service.write("3", "three")
        let told = try first.notification("shape/changed") { $0.text.contains("three") }
        #expect(told["subscriptions"]?[0]?["subscription"] == mine[0]["subscription"])
        try await daemon.end()
    }

    @Test func namesThatComeLaterAreLearned() async throws {
        let directory = TestDirectory()
        let service = FakeService()
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        // The schema may still be on its way.
        while true {
            let code = try client.refusal("view/enter", ["name": "overview"])
            if code == 1002 { break }
            #expect(code == 1010)
        }
        service.set { $0.dataModel = Self.model }
        while try client.refusal("view/enter", ["name": "overview"]) != nil {}
        service.set { $0.dataModel = Self.model + "\n  more: {shapes: [all]}" }
        while try client.refusal("view/enter", ["name": "more"]) != nil {}
        #expect(try client.call("view/list")["views"]?.array?.count == 4)
        try await daemon.end()
    }

    @Test func aDataModelThatCannotBeReadIsTold() async throws {
        let directory = TestDirectory()
        let service = FakeService()
        service.set { $0.dataModel = "version: 2" }
        let daemon = try await TestDaemon.start(directory, service: service)
        let client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        while try client.refusal("view/list") == 1010 {}
        do {
            _ = try client.call("view/list")
            Issue.record("it was read")
        } catch let failure as TestClient.Failure {
            #expect(failure.code == 1002)
            #expect(failure.description.contains("update it"))
        }
        // What is plain needs no names.
        #expect(try client.refusal("shape/subscribe", ["definition": ["root_table": "notes"]]) == nil)
        try await daemon.end()
    }
}
