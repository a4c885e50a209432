import Foundation
import GRDB
import GRDBSQLite
import Merge
import SyncModel
import Testing

@testable import Replica

/// What events of the replica cost, counted, and that what saves work changes nothing else.
@Suite struct ReplicaWorkTests {
    private func user(_ id: String) -> Submission { Sample.insert(Sample.users, id, ["name": "n"]) }

    @Test func whatBecameOfAnOperationIsToldWithoutReadingItAgain() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape)
        var told: [OperationState] = []
        func check(_ effects: Effects) throws {
            for change in effects.operations {
                let record = try fixture.replica.operation(change.id)
                #expect(change.record == record)
                if let record { told.append(record.state) }
            }
        }
        try check(fixture.submit(user("a"), user("b")))
        let (batch, sent) = try fixture.replica.batchToSend(limit: 1)
        try check(sent)
        let verdicts = batch.operations.map {
            Verdict(seq: $0.seq, id: $0.operation.id, outcome: .applied, at: $0.operation.at)
        }
        try check(fixture.replica.received(verdicts, epoch: Sample.epoch, lastSeq: 1))
        try check(fixture.answer(shape, [fixture.insert(Sample.users, "a", ["name": "n"])], confirmed: 1))
        #expect(told == [.queued, .queued, .sending, .acknowledged, .confirmed])
    }

    @Test func readingDoesNotHaveStatementsCompiledAnew() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape)
        for number in 0..<20 {
            try fixture.submit(user("u\(number)"))
            _ = try fixture.replica.operation(OperationID("op\(number)"))
            _ = try fixture.replica.read(shape: shape.id, limit: 5)
        }
        let (statements, compilations) = fixture.replica.database.unsafeRead { db in
            var (statements, compilations): (Int, Int32) = (0, 0)
            var next = sqlite3_next_stmt(db.sqliteConnection, nil)
            while let statement = next {
                statements += 1
                compilations += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 0)
                next = sqlite3_next_stmt(db.sqliteConnection, statement)
            }
            return (statements, compilations)
        }
        #expect(statements > 5)
        #expect(compilations == 0)
    }

    /// Confirmed rows and rows of the overlay are read in pages that grow, side by side.
    @Test func pagesOfAnySizeShowTheSameRows() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(
            shape, (0..<700).map { fixture.insert(Sample.users, "u\(1000 + $0 * 2)", ["name": "n"]) })
        for number in 0..<350 {
            // Between two rows, over one, and instead of one.
            try fixture.submit(user("u\(1001 + number * 4)"))
            try fixture.submit(Sample.update(Sample.users, "u\(1000 + number * 4)", ["name": "m"]))
        }
        let whole = try fixture.replica.read(shape: shape.id, limit: 2_000)
        #expect(whole.rows.count == 1_050 && whole.next == nil)
        #expect(whole.rows.count(where: \.isPending) == 700)
        for limit in [1, 3, 64, 257, 1_000] {
            var rows: [ViewRow] = []
            var cursor: String?
            repeat {
                let page = try fixture.replica.read(shape: shape.id, after: cursor, limit: limit)
                #expect(page.rows.count == limit || page.next == nil)
                rows += page.rows
                cursor = page.next
            } while cursor != nil
            #expect(rows == whole.rows)
        }
    }

    @Test func requestsThatAreSubmittedTogetherAreAcceptedOrRefusedEachForItself() throws {
        let fixture = try Fixture()
        let shape = try fixture.hold(#"{"root_table": "users"}"#)
        try fixture.answer(shape, [fixture.insert(Sample.users, "there", ["name": "n"])])
        let before = fixture.replica.sequence
        let commits = fixture.replica.durableCommits
        var ids = 0
        let results = fixture.replica.submit(
            [
                SubmissionRequest([user("a")], isAtomic: false),
                // Its first one fits, its second one does not: neither stays.
                SubmissionRequest([user("b"), user("there")], isAtomic: false),
                SubmissionRequest([Sample.update(Sample.users, "a", ["name": "m"]), user("c")], isAtomic: true),
            ], now: HybridTimestamp(microseconds: 5_000),
            newID: {
                ids += 1
                return OperationID("id\(ids)")
            })
        #expect(fixture.replica.durableCommits == commits + 1)
        let accepted = results.map { try? $0.get() }
        #expect(accepted.map { $0?.operations.count } == [1, nil, 2])
        #expect(accepted.map { $0?.effects.sequence } == [before + 1, nil, before + 2])
        #expect(accepted[2]?.operations.allSatisfy { $0.operation.group != nil } == true)
        guard case .failure(let error) = results[1] else { return #expect(Bool(false), "the second was accepted") }
        #expect(error.code == .invalidOperation)
        #expect(try fixture.ids(shape) == ["users a", "users c", "users there"])
        #expect(try fixture.value(shape, Sample.users, "a", "name") == "m")
        #expect(try fixture.replica.counts.pending == 3)
        #expect(try fixture.send() == [1, 2, 3])
    }

    @Test func anOperationWritesFewPages() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "replica-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "replica.sqlite").path
        let replica = try Replica(location: .file(path: path, instance: "i"), newReplicaID: ReplicaID("r"))
        _ = try replica.adopt(schema: Sample.schema, dataModel: nil)
        var ids = 0
        func submit(_ id: Int) throws {
            _ = try replica.submit([user("u\(id)")], atomic: false, now: HybridTimestamp(microseconds: 5_000)) {
                ids += 1
                return OperationID("op\(ids)")
            }
        }
        func logPages() throws -> Int {
            let size = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
            return try #require(size) / (4096 + 24)
        }
        for number in 0..<20 { try submit(number) }
        let before = try logPages()
        for number in 20..<40 { try submit(number) }
        let pages = try logPages() - before
        print("pages for 20 operations: \(pages)")
        #expect(pages > 0 && pages <= 20 * 10)
    }
}
