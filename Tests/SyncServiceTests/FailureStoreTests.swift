import GRDB
import PostgresTesting
import SeededRandom
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import ShapeEngine
@testable import SyncService

/// Rows whose conditions fail, as the mirror's file keeps them.
@Suite struct FailureStoreTests {
    private static let shape: Int64 = 7
    private static let items = TableName("items")

    private func failure(_ id: Int, _ message: String, of table: TableName = items) -> ConditionFailure {
        ConditionFailure(table: table, key: RowKey(values: [Value(String(id))]), message: message)
    }

    /// nil: it ceased to fail.
    private func change(_ id: Int, _ message: String?) -> FailureChange {
        FailureChange(table: Self.items, key: RowKey(values: [Value(String(id))]), message: message)
    }

    /// A file with one shape, whose snapshot is being written.
    private struct File {
        let path: String
        private(set) var pool: DatabasePool

        init() throws {
            path = try TestCluster.temporaryDirectory() + "/mirror.sqlite"
            pool = try MirrorFile.open(path: path)
            try pool.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO shape (id, handle, identity, form, definition, grant, snapshot_tx, used_at)
                        VALUES (?, 'h', 'i', 'stream', '{}', '', 1, 1)
                        """, arguments: [shape])
            }
        }

        func write<Result>(_ body: (FailureStore) throws -> Result) throws -> Result {
            try pool.write { db in try body(FailureStore(db: db)) }
        }

        func take(_ changes: [FailureChange], before: Int) throws -> ShapeFailures {
            try write { try $0.take(changes, of: shape, before: before) }
        }

        /// As the service does when the last chunk is written.
        func settle() throws -> ShapeFailures {
            try pool.write { db in
                try db.execute(sql: "UPDATE shape SET chunks = 1 WHERE id = ?", arguments: [shape])
                return try FailureStore(db: db).settle(shape)
            }
        }

        mutating func reopen() throws {
            try pool.close()
            pool = try MirrorFile.open(path: path)
        }

        /// `key message`, NULL for the mark of a row that ceased to fail.
        func lines() throws -> [String] {
            try pool.read { db in
                try GRDB.Row.fetchAll(db, sql: "SELECT key, message FROM failure ORDER BY relation, key").map { row in
                    "\(row["key"] as String) \(row["message"] as String? ?? "NULL")"
                }
            }
        }
    }

    @Test func whatATransactionSaysStandsWhateverTheSnapshotFinds() throws {
        var file = try File()
        // Of rows that the snapshot has not come to yet.
        #expect(try file.take([change(1, nil), change(2, "newer")], before: 0).count == 1)
        #expect(try file.lines() == [#""1" NULL"#, #""2" newer"#])
        try file.write { try $0.insert([failure(1, "old"), failure(2, "old"), failure(3, "old")], of: Self.shape) }
        #expect(try file.lines() == [#""1" NULL"#, #""2" newer"#, #""3" old"#])
        // Of one that it has.
        _ = try file.take([change(3, nil), change(4, "late")], before: 1)
        try file.write { try $0.insert([failure(4, "old"), failure(5, "old")], of: Self.shape) }
        let settled = try file.settle()
        #expect(try file.lines() == [#""2" newer"#, #""4" late"#, #""5" old"#])
        #expect(settled.count == 3 && settled.first == failure(2, "newer"))
        try file.reopen()
        #expect(try file.write { try $0.summaries() } == [Self.shape: settled])
    }

    @Test func afterTheSnapshotNoMarkIsLeft() throws {
        let file = try File()
        try file.write { try $0.insert([failure(1, "a"), failure(2, "b")], of: Self.shape) }
        #expect(try file.settle().count == 2)
        // One that never failed, too.
        let one = try file.take([change(1, nil), change(9, nil)], before: 2)
        #expect(one.count == 1 && one.first == failure(2, "b"))
        #expect(try file.lines() == [#""2" b"#])
        // It still fails, with another error: no other row, and something to tell.
        let other = try file.take([change(2, "c")], before: 1)
        #expect(other.count == 1 && other.first == failure(2, "c") && other.tag != one.tag)
        #expect(try file.take([change(2, nil)], before: 1) == .none)
        #expect(try file.lines() == [])
        #expect(try file.write { try $0.summaries() } == [:])
    }

    @Test func marksAloneAreNoFailures() throws {
        var file = try File()
        #expect(try file.take([change(1, nil), change(2, nil)], before: 0) == .none)
        #expect(try file.write { try $0.summaries() } == [:])
        try file.reopen()
        #expect(try file.lines().count == 2)
        #expect(try file.write { try $0.summaries() } == [:])
        #expect(try file.settle() == .none)
        #expect(try file.lines() == [])
    }

    @Test func shapesAreCountedApart() throws {
        let file = try File()
        try file.write { try $0.insert([failure(1, "a"), failure(1, "b", of: TableName("lists"))], of: Self.shape) }
        try file.write { try $0.insert([failure(1, "other")], of: 8) }
        let settled = try file.settle()
        #expect(settled.count == 2 && settled.first == failure(1, "a"))
        #expect(try file.write { try $0.summaries() }.mapValues(\.count) == [Self.shape: 2, 8: 1])
    }

    /// Against a dictionary, with the file closed and opened again in between.
    @Test func agreesWithAModelOverRestarts() throws {
        let seed = SeededGenerator.seed(71)
        var random = SeededGenerator(seed: seed)
        var counts = (worlds: 0, overruled: 0, mended: 0, restarts: 0)
        for _ in 0..<40 {
            var file = try File()
            var said: [Int: String?] = [:]
            var found: [Int: String] = [:]
            for id in 0..<8 where random.once(in: 2) { found[id] = "snapshot" }
            var rest = found.keys.sorted()
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...3, using: &random)))
                rest.removeFirst(part.count)
                let id = Int.random(in: 0..<8, using: &random)
                let message = random.once(in: 2) ? "transaction \(counts.worlds)" : nil
                said.updateValue(message, forKey: id)
                // What was counted so far is made good when the snapshot is whole.
                _ = try file.take([change(id, message)], before: 0)
                try file.write { try $0.insert(part.map { failure($0, "snapshot") }, of: Self.shape) }
            }
            counts.overruled += said.keys.count { found[$0] != nil }
            var failing = found.merging(said.compactMapValues(\.self)) { $1 }
            for (id, message) in said where message == nil { failing[id] = nil }
            var held = try file.settle()
            for step in 0..<10 {
                #expect(held.count == failing.count && held.first == first(of: failing), "seed \(seed)")
                let id = Int.random(in: 0..<8, using: &random)
                let message = random.once(in: 2) ? "step \(step)" : nil
                counts.mended += message == nil && failing[id] != nil ? 1 : 0
                failing[id] = message
                held = try file.take([change(id, message)], before: held.count)
                guard random.once(in: 5) else { continue }
                try file.reopen()
                counts.restarts += 1
                #expect(try file.write { try $0.summaries() }[Self.shape] ?? .none == held, "seed \(seed)")
            }
            counts.worlds += 1
        }
        print("seed \(seed): \(counts)")
        #expect(counts.overruled > 0 && counts.mended > 0 && counts.restarts > 0)
    }

    private func first(of failing: [Int: String]) -> ConditionFailure? {
        failing.min { $0.key < $1.key }.map { failure($0.key, $0.value) }
    }

    /// The service ends while a snapshot is being written: its marks and failures go with the shape.
    @Test func whatAnUnfinishedSnapshotLeftIsForgottenByTheNextLife() async throws {
        let fixture = try await ServiceFixture(
            """
            CREATE TABLE items (id int4 PRIMARY KEY, n int4); INSERT INTO items VALUES (1, 0), (2, 0), (3, 5);
            """)
        let definition = #"{"root_table": "items", "where": "10 / n > 1"}"#
        var reader = try PersonalReader(port: fixture.port, headers: [:], [definition])
        try reader.catchUp()
        #expect(reader.shapes[0].failures.count == 2)
        let mirror = fixture.service.mirror
        let whole = try #require(mirror.state.conditionFailures.keys.first)
        await fixture.stop()
        try await mirror.pool.write { db in
            try db.execute(sql: "UPDATE shape SET chunks = NULL")
            _ = try FailureStore(db: db).take([change(1, nil), change(3, "x")], of: whole, before: 2)
        }
        let again = try await fixture.restarted()
        #expect(again.service.mirror.state.conditionFailures == [:])
        reader.port = again.port
        try reader.catchUp()
        // Another shape, and its own count.
        #expect(reader.shapes[0].resets == 2 && reader.shapes[0].failures.count == 2)
        #expect(again.service.mirror.state.conditionFailures.keys.allSatisfy { $0 > whole })
        while try again.service.mirror.tidy(now: 0, retention: Mirror.Retention()) {}
        let left = try await again.service.mirror.pool.read { db in
            try Int64.fetchAll(db, sql: "SELECT DISTINCT shape FROM failure")
        }
        #expect(left.count == 1 && !left.contains(whole))
        await again.stop()
    }
}
