import Foundation
import Replica
import Shapes
import SyncModel
import Testing

@Suite struct ReplicaFileTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "replica-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    private func open(_ path: String, instance: String = "one", id: String) throws -> Replica {
        try Replica(location: .file(path: path + "/replica.sqlite", instance: instance), newReplicaID: ReplicaID(id))
    }

    private func submit(_ replica: Replica, _ id: String) throws {
        _ = try replica.submit(
            [Sample.insert(Sample.users, id, ["name": "n"])], atomic: false, now: .zero, newID: { OperationID(id) })
    }

    @Test func everythingSurvivesARestart() throws {
        try withDirectory { path in
            var replica = try open(path, id: "first")
            _ = try replica.adopt(schema: Sample.schema, dataModel: "version: 1")
            let shape = try replica.hold(Sample.definition(#"{"root_table": "users"}"#)).shape
            try submit(replica, "a")
            try replica.setPaused(true)
            replica = try open(path, id: "second")
            #expect(replica.id == ReplicaID("first") && replica.isPaused)
            #expect(replica.schema == Sample.schema && replica.dataModel == "version: 1")
            #expect(replica.heldShapes == [shape])
            #expect(try replica.operation(OperationID("a"))?.state == .queued)
        }
    }

    @Test func theClockNeverGoesBack() throws {
        try withDirectory { path in
            func submitted(_ replica: Replica, _ id: String) throws -> HybridTimestamp {
                try submit(replica, id)
                return try #require(try replica.operation(OperationID(id))?.operation.at)
            }
            var replica = try open(path, id: "r")
            _ = try replica.adopt(schema: Sample.schema, dataModel: nil)
            _ = try replica.submit(
                [Sample.insert(Sample.users, "far", ["name": "n"])], atomic: false,
                now: HybridTimestamp(microseconds: 1_000_000), newID: { OperationID("far") })
            var last = try #require(try replica.operation(OperationID("far"))?.operation.at)
            // With a wall clock that was set back, and after the last operation has left the queue.
            for id in ["a", "b", "c"] {
                replica = try open(path, id: "r")
                let next = try submitted(replica, id)
                #expect(next > last)
                last = next
                _ = try replica.cancel(OperationID(id), withDependents: false)
            }
        }
    }

    /// A page is 4096 bytes of the log, and 24 bytes before them; what one submission syncs to the disk.
    @Test func aSubmissionWritesFewPages() throws {
        try withDirectory { path in
            let replica = try open(path, id: "r")
            _ = try replica.adopt(schema: Sample.schema, dataModel: nil)
            func logged() throws -> Int {
                let file = try FileManager.default.attributesOfItem(atPath: path + "/replica.sqlite-wal")
                return try #require(file[.size] as? Int)
            }
            try submit(replica, "a")
            let before = try logged()
            try submit(replica, "b")
            let pages = (try logged() - before) / 4120
            // The operation with its three indexes, and the overlay's row with those of its table.
            print("\(pages) pages")
            #expect((1...6).contains(pages))
        }
    }

    @Test func aCopyBecomesAnotherReplica() throws {
        try withDirectory { path in
            var replica = try open(path, id: "first")
            _ = try replica.adopt(schema: Sample.schema, dataModel: nil)
            for id in ["done", "underway", "new"] { try submit(replica, id) }
            var sent = try replica.batchToSend(limit: 1).batch.operations
            _ = try replica.received(
                [Verdict(seq: 1, id: sent[0].operation.id, outcome: .applied, at: .zero)], epoch: Sample.epoch,
                lastSeq: 1)
            _ = try replica.batchToSend(limit: 1)
            replica = try open(path, instance: "two", id: "second")
            #expect(replica.id == ReplicaID("second"))
            let states = try replica.operations(limit: 9).map { "\($0.operation.id) \($0.state.rawValue)" }
            #expect(states == ["done confirmed", "underway parked", "new queued"])
            sent = try replica.batchToSend(limit: 9).batch.operations
            #expect(sent.isEmpty == false && sent.map(\.seq) == [1])
            replica = try open(path, instance: "two", id: "third")
            #expect(replica.id == ReplicaID("second"))
        }
    }

    @Test func aFileThatIsNoReplicaIsRefusedAndLeftAlone() throws {
        try withDirectory { path in
            let file = URL(fileURLWithPath: path + "/replica.sqlite")
            try Data(repeating: 65, count: 5000).write(to: file)
            let error = #expect(throws: ReplicaError.self) { try open(path, id: "a") }
            #expect(error?.code == .corrupt)
            #expect(try Data(contentsOf: file) == Data(repeating: 65, count: 5000))
            #expect(throws: ReplicaError.self) { try open(path + "/missing", id: "a") }
        }
    }

    @Test func directoriesAreToldApart() throws {
        try withDirectory { path in
            try FileManager.default.createDirectory(atPath: path + "/copy", withIntermediateDirectories: false)
            let one = try Replica.instance(ofDirectory: path)
            #expect(try one == Replica.instance(ofDirectory: path))
            #expect(try one != Replica.instance(ofDirectory: path + "/copy"))
            #expect(throws: ReplicaError.self) { try Replica.instance(ofDirectory: path + "/missing") }
        }
    }
}
