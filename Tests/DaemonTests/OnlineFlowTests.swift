import Glibc
import JSONRPC
import JSONText
import Replica
import SyncClient
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

/// The daemon and a service that does as it is told.
@Suite struct OnlineFlowTests {
    private static let notes: JSON = ["definition": ["root_table": "notes"]]

    /// Rows as a client has them: those of the answer, then the changes.
    private struct View {
        var rows: [String: String] = [:]
        var pending: Set<String> = []

        mutating func take(_ rows: JSON?) {
            for row in rows?.array ?? [] { set(row) }
        }

        mutating func apply(_ params: JSON, subscription: JSON?) {
            for part in params["subscriptions"]?.array ?? [] where part["subscription"] == subscription {
                if part["reset"] == true { self = View() }
                for change in part["changes"]?.array ?? [] {
                    if change["operation"] == "delete" {
                        rows[change["key"]?["id"]?.string ?? ""] = nil
                    } else {
                        set(change)
                    }
                }
            }
        }

        private mutating func set(_ row: JSON) {
            let id = row["key"]?["id"]?.string ?? ""
            if let body = row["value"]?["body"]?.string { rows[id] = body }
            if row["pending"] == true { pending.insert(id) } else { pending.remove(id) }
        }
    }

    private func started(
        _ service: FakeService = FakeService(), directory: TestDirectory = TestDirectory()
    ) async throws -> (TestDaemon, TestDirectory) {
        (try await TestDaemon.start(directory, service: service), directory)
    }

    private func update(_ client: TestClient, _ view: inout View, _ subscription: JSON?, until: (View) -> Bool) throws {
        while !until(view) { view.apply(try client.notification("shape/changed"), subscription: subscription) }
    }

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
        var view = View()
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
        var view = View()
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
        var (first, second) = (View(), View())
        try update(ana, &first, mine) { $0.rows == ["1": "edited", "2": "two"] }
        try update(ben, &second, his) { $0.rows == ["1": "edited", "2": "two"] }
        #expect(second.pending == ["1", "2"])
        let remove: JSON = ["table": "notes", "op": "delete", "key": ["id": "2"]]
        _ = try ben.call("operation/submit", ["operations": [remove]])
        try update(ana, &first, mine) { $0.rows == ["1": "edited"] }
        try await daemon.end()
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
