import Glibc
import JSONRPC
import JSONText
import Replica
import SyncClient
import SyncModel
import SyncProtocol
import Testing

@testable import Daemon

/// What tests of the daemon and a service that does as it is told have in common.
protocol OnlineFlow {}

extension OnlineFlow {
    static var notes: JSON { ["definition": ["root_table": "notes"]] }

    func started(
        _ service: FakeService = FakeService(), directory: TestDirectory = TestDirectory()
    ) async throws -> (TestDaemon, TestDirectory) {
        (try await TestDaemon.start(directory, service: service), directory)
    }

    func update(_ client: TestClient, _ view: inout ShownRows, _ subscription: JSON?, until: (ShownRows) -> Bool) throws
    {
        while !until(view) { view.apply(try client.notification("shape/changed"), subscription: subscription) }
    }
}

/// Rows as a client has them: those of the answer, then the changes.
struct ShownRows {
    var rows: [String: String] = [:]
    var pending: Set<String> = []

    mutating func take(_ rows: JSON?) {
        for row in rows?.array ?? [] { set(row) }
    }

    mutating func apply(_ params: JSON, subscription: JSON?) {
        for part in params["subscriptions"]?.array ?? [] where part["subscription"] == subscription {
            if part["reset"] == true { self = ShownRows() }
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
