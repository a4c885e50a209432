import Glibc
import JSONRPC
import JSONText
import Replica
import SyncClient
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

/// The daemon and a service that does as it is told: what comes down.
@Suite struct OnlineFlowTests: OnlineFlow {
    @Test func aShapeComesAliveAndFollowsChanges() async throws {
        let service = FakeService()
        service.write("1", "one")
        service.write("2", "two")
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let answer = try client.call("shape/subscribe", Self.notes)
        #expect(answer["status"] == "initial")
        let subscription = answer["subscription"]
        var view = ShownRows()
        view.take(answer["rows"])
        try update(client, &view, subscription) { $0.rows == ["1": "one", "2": "two"] }
        _ = try client.notification("shape/status") { $0["status"] == "live" }
        service.write("1", "uno")
        service.write("2", nil)
        try update(client, &view, subscription) { $0.rows == ["1": "uno"] }
        let again = try client.call("shape/read", ["subscription": subscription ?? .null, "wait": 60_000])
        #expect(again["status"] == "live")
        #expect(again["rows"]?[0]?["value"] == ["id": "1", "body": "uno"])
        let synced = try client.call("sync/wait")
        #expect(synced["state"] == "synced")
        #expect(synced["text"] == "All changes saved")
        #expect(synced["shapes"]?[0]?["rows"] == 1)
        #expect(try client.call("shape/unsubscribe", ["subscription": subscription ?? .null, "forget": true]) == [:])
        #expect(try client.call("sync/status")["shapes"] == [])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func theLastContactIsKnownAfterARestartToo() async throws {
        let service = FakeService()
        service.write("1", "one")
        let directory = TestDirectory()
        var daemon = try await TestDaemon.start(directory, service: service)
        var client = try await daemon.client()
        try client.initialize()
        _ = try client.call("shape/read", ["definition": ["root_table": "notes"], "wait": 60_000])
        let contact = try #require(try client.call("sync/wait")["lastContact"]?.int)
        try await daemon.end()
        service.goAway()
        daemon = try await TestDaemon.start(directory, service: service)
        client = try await daemon.client()
        try client.initialize()
        let status = try client.call("sync/status")
        #expect(status["online"] == false)
        // By the clock of this service, which counts its transactions.
        #expect(status["lastContact"] == .int(service.get { Int64($0.position) }))
        #expect(status["lastContact"]?.int != contact)
        try await daemon.end()
    }

    @Test func rowsThatAConditionFailsForAreTold() async throws {
        let service = FakeService()
        service.write("1", "one")
        let directory = TestDirectory()
        var (daemon, _) = try await started(service, directory: directory)
        var client = try await daemon.client()
        try client.initialize()
        let subscription = try client.call("shape/subscribe", Self.notes)["subscription"]
        _ = try client.notification("shape/status") { $0["status"] == "live" && $0["failures"] == nil }
        func fail(_ count: Int, _ id: String) {
            let first = ConditionFailure(
                table: FakeService.table, key: RowKey(values: [Value(id)]), message: "division by zero")
            service.set { $0.failures = ShapeFailures(count: count, first: first, tag: "\(count) \(id)") }
        }
        let told: JSON = ["count": 2, "table": "public.notes", "key": ["id": "7"], "message": "division by zero"]
        fail(2, "7")
        let status = try client.notification("shape/status")
        #expect(status["subscription"] == subscription && status["status"] == "live" && status["failures"] == told)
        #expect(try client.call("shape/list")["shapes"]?[0]?["failures"] == told)
        for method in ["shape/read", "shape/subscribe"] {
            #expect(try client.call(method, Self.notes)["failures"] == told, "\(method)")
        }
        let synced = try client.call("sync/status")
        #expect(synced["shapes"]?[0]?["failures"] == told && synced["state"] == "synced")

        // Not stored, and told again.
        try await daemon.end()
        (daemon, _) = try await started(service, directory: directory)
        client = try await daemon.client()
        try client.initialize()
        _ = try client.call("sync/wait")
        #expect(try client.call("sync/status")["shapes"]?[0]?["failures"] == told)
        _ = try client.call("shape/subscribe", Self.notes)
        service.set { $0.failures = .none }
        _ = try client.notification("shape/status") { $0["status"] == "live" && $0["failures"] == nil }
        #expect(try client.call("shape/list")["shapes"]?[0]?["failures"] == nil)
        #expect(service.get { $0.handles.count } == 1)
        try await daemon.end()
    }

    @Test func theListOfShapesTellsOfEachWhatItHasAndHowNewItIs() async throws {
        let service = FakeService()
        service.write("1", "one")
        service.write("2", "two")
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let empty = try client.call("shape/list")
        #expect(empty == ["shapes": []])
        let narrow: JSON = ["definition": ["root_table": "notes", "where": "id <> ''"]]
        for shape in [Self.notes, narrow] { _ = try client.call("shape/subscribe", shape) }
        // The fake service sends each of them every row: they share them, and each counts them as its own.
        _ = try client.call("sync/wait")
        let listed = try client.call("shape/list")["shapes"]?.array ?? []
        #expect(listed.count == 2)
        for shape in listed {
            #expect(shape["status"] == "live")
            #expect(shape["rows"] == 2)
            // One byte for each id, three for each body.
            #expect(shape["bytes"] == 8)
            #expect(shape["subscribers"] == 1)
            #expect(shape["frontier"]?.string == "102")
            #expect(try #require(shape["heldAt"]?.int) > 0)
            #expect(try #require(shape["lag"]?.int) >= 0)
            #expect(try #require(shape["firstSync"]?.int) >= 0)
        }
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    /// The frontier names the schema: the device fetches it, lays its rows out anew and goes on where it was.
    @Test func aColumnThatIsAddedComesWithoutFetchingTheRowsAgain() async throws {
        let service = FakeService()
        service.set { $0.schemaTag = "first" }
        service.write("1", "one")
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let subscription = try client.call("shape/subscribe", Self.notes)["subscription"] ?? .null
        _ = try client.call("sync/wait")
        let columns = FakeService.schema.tables[0].columns + [Column("note", number: 3, type: ColumnType("text"))]
        let table = TableSchema(name: FakeService.table, columns: columns, primaryKey: ["id"])
        service.set {
            $0.schema = DatabaseSchema(tables: [table])
            $0.schemaTag = "second"
        }
        service.write("2", "two")
        func note() throws -> JSON? {
            try client.call("shape/read", ["subscription": subscription])["rows"]?[0]?["value"]?["note"]
        }
        while try note() == nil { _ = try client.notification("shape/changed") }
        let read = try client.call("shape/read", ["subscription": subscription])
        #expect(read["status"] == "live")
        #expect(
            read["rows"]?.array?.map { $0["value"] } == [
                ["id": "1", "body": "one", "note": .null], ["id": "2", "body": "two", "note": .null],
            ])
        #expect(service.get { $0.handles.count } == 1)
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func eachTransactionIsTheSubjectOfOneNotification() async throws {
        let service = FakeService()
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let all = try client.call("shape/subscribe", Self.notes)["subscription"] ?? .null
        let again = try client.call("shape/subscribe", Self.notes)["subscription"] ?? .null
        _ = try client.call("sync/wait")
        _ = try client.call("sync/pause")
        for body in ["one", "two", "three"] { service.write("1", body) }
        _ = try client.call("sync/resume")
        // One answer brings them all.
        for (offset, body) in ["one", "two", "three"].enumerated() {
            let params = try client.notification("shape/changed")
            #expect(params["position"] == .string("\(101 + offset)"))
            #expect(params["subscriptions"]?.array?.compactMap { $0["subscription"] } == [all, again])
            for part in params["subscriptions"]?.array ?? [] {
                #expect(part["changes"]?.array?.map { $0["value"]?["body"] } == [.string(body)])
            }
        }
        _ = try client.call("operation/submit", ["operations": [OfflineRequestTests.insert("2")]])
        #expect(try client.notification("shape/changed")["position"] == nil)
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func whatTheServiceDoesNotServeIsAnErrorOfTheReadAndIsNotKept() async throws {
        let service = FakeService()
        service.set { $0.isAway = true }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let nowhere: JSON = ["definition": ["root_table": "nosuch"], "wait": 30_000]
        // The daemon does not know the tables yet, and believes the person.
        let reads = (0..<3).map { _ in client.post("shape/read", nowhere) }
        service.set { $0.isAway = false }
        _ = try client.call("sync/now")
        for request in reads + [client.post("shape/read", nowhere)] {
            let failure = #expect(throws: TestClient.Failure.self) { try client.answer(to: request) }
            #expect(failure?.code == 1002)
        }
        _ = try client.call("sync/wait")
        // It knows them now.
        let known = #expect(throws: TestClient.Failure.self) { try client.call("shape/read", nowhere) }
        #expect(known?.code == 1002 && known?.description.contains("Tables: notes.") == true)
        #expect(try client.call("sync/status")["shapes"] == [])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func aShapeThatCannotBeServedEndsWithItsReason() async throws {
        let (daemon, directory) = try await started()
        let client = try await daemon.client()
        try client.initialize()
        // Before the schema is known nothing can be checked here; the service says it.
        let answer = try? client.call("shape/subscribe", ["definition": ["root_table": "ghosts"]])
        if let answer {
            let ended = try client.notification("shape/status") { $0["status"] == "ended" }
            #expect(ended["subscription"] == answer["subscription"])
            #expect(ended["reason"]?["code"] == "unknown_table")
            _ = try client.call("shape/unsubscribe", ["subscription": answer["subscription"] ?? .null])
        }
        #expect(try client.call("sync/wait")["shapes"] == [])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func nobodyHoldsAShapeThatIsNotServedAfterAReadThatWasCancelledOrDidNotWait() async throws {
        let service = FakeService()
        // Nothing is answered, so the schema is not known: nobody can say that the table is not there.
        service.set { $0.epoch = nil }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        try client.initialize()
        let definition: JSON = ["definition": ["root_table": "ghosts"], "wait": 600_000]
        let read = client.post("shape/read", definition)
        #expect(try client.call("shape/list")["shapes"]?.array?.count == 1)
        client.notify("$/cancelRequest", ["id": .int(read)])
        for wait in [JSON.null, 0, 1] {
            let phantoms: JSON = ["definition": ["root_table": "phantoms"], "wait": wait]
            #expect(try client.call("shape/read", phantoms)["status"] == "initial")
        }
        #expect(try client.call("shape/list")["shapes"]?.array?.count == 2)
        service.set { $0.epoch = Epoch("7301/1") }
        #expect(try client.call("sync/wait")["shapes"] == [])
        #expect(try client.call("shape/list")["shapes"] == [])
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }

    @Test func aDeviceHoldsSoManyShapes() async throws {
        let directory = TestDirectory()
        let daemon = try await TestDaemon.start(directory, limits: ReplicaLimits(maxShapes: 2))
        let client = try await daemon.client()
        try client.initialize()
        func ask(_ method: String, _ id: Int) throws -> JSON {
            let definition: JSON = ["root_table": "notes", "where": .string("id = '\(id)'")]
            return try client.call(method, ["definition": definition])
        }
        func held() throws -> [String?] {
            try client.call("shape/list")["shapes"]?.array?.map { $0["definition"]?["where"]?.string } ?? []
        }
        // What was only read makes room.
        for id in 1...3 { _ = try ask("shape/read", id) }
        #expect(try held() == ["id = '2'", "id = '3'"])
        let first = try ask("shape/subscribe", 2)["subscription"] ?? .null
        _ = try ask("shape/read", 4)
        _ = try ask("shape/subscribe", 5)
        #expect(try held() == ["id = '2'", "id = '5'"])
        for method in ["shape/read", "shape/subscribe"] {
            let refusal = #expect(throws: TestClient.Failure.self) { try ask(method, 6) }
            #expect(refusal?.code == 1009)
            #expect(refusal?.description.contains("2 shapes, the limit (max_shapes_per_client)") == true)
        }
        #expect(try client.call("shape/forget", ["unused": true]) == ["shapes": []])
        _ = try client.call("shape/unsubscribe", ["subscription": first])
        let named = try client.call("shape/list")["shapes"]?[0]?["shape"] ?? .null
        #expect(try client.call("shape/forget", ["unused": true]) == ["shapes": [named]])
        #expect(try held() == ["id = '5'"])
        try await daemon.end()
    }

    @Test func aShapeThatARequestWaitsForIsInUse() async throws {
        let directory = TestDirectory()
        let service = FakeService()
        service.goAway()
        let daemon = try await TestDaemon.start(directory, service: service, limits: ReplicaLimits(maxShapes: 1))
        let client = try await daemon.client()
        try client.initialize()
        let waiting = client.post("shape/read", ["definition": ["root_table": "notes"], "wait": 60_000])
        let other: JSON = ["definition": ["root_table": "notes", "where": "id = '1'"]]
        #expect(try client.refusal("shape/read", other) == 1009)
        #expect(try client.call("shape/forget", ["unused": true]) == ["shapes": []])
        client.notify("$/cancelRequest", ["id": .int(waiting)])
        #expect(try client.refusal("shape/read", other) == nil)
        try await daemon.end()
    }

    @Test func aRefusedTokenIsReadAgainFromItsFile() async throws {
        let directory = TestDirectory()
        let file = "\(directory.path)/token"
        try "old".write(toFile: file)
        let service = FakeService()
        service.set { $0.token = "new" }
        let daemon = try await TestDaemon.start(
            directory, service: service, identity: .token("old"), tokenFile: file)
        let client = try await daemon.client()
        try client.initialize()
        var status = try client.call("sync/status")
        if status["state"] != "error" {
            status = try client.notification("sync/statusChanged") { $0["state"] == "error" }
        }
        #expect(status["text"] == "Sync error · the token is wrong: get a new one")
        try "new\n".write(toFile: file)
        // The first try finds the token refused again and reads the file.
        while try client.call("sync/now")["online"] != true { sched_yield() }
        #expect(try client.call("sync/wait")["state"] == "synced")
        try await daemon.end()
    }

    @Test func aClientsTokenIsUsed() async throws {
        let service = FakeService()
        service.set { $0.token = "brought" }
        let (daemon, directory) = try await started(service)
        let client = try await daemon.client()
        _ = try client.call("initialize", ["token": "brought"])
        #expect(try client.call("sync/wait")["state"] == "synced")
        try await daemon.end()
        withExtendedLifetime(directory) {}
    }
}
