import Foundation
import GRDB
import Postgres
import PostgresTesting
import SeededRandom
import SyncModel
import TableStore
import Testing

@testable import SyncService

/// Transactions that are taken in together.
@Suite struct TransactionGroupTests {
    private static let teams = TableName(name: "teams")
    private static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        INSERT INTO teams SELECT i, 'team ' || i FROM generate_series(1, 8) i;
        """
    private static let definitions = [
        #"{"root_table": "teams"}"#, #"{"root_table": "teams", "where": "id < 6"}"#,
        #"{"root_table": "teams", "order_by": "name DESC", "limit": 3}"#,
        #"{"root_table": "teams", "where": "id NOT IN (SELECT id FROM teams WHERE name > 'n')"}"#,
    ]

    /// Copies of the mirror of a service that has stopped.
    private func mirrors(_ count: Int) async throws -> [Mirror] {
        let fixture = try await ServiceFixture(Self.sql)
        for definition in Self.definitions {
            var follower = try ShapeFollower(definition, port: fixture.port)
            try follower.read()
        }
        await fixture.stop()
        let path = fixture.service.stateDirectory + "/mirror.sqlite"
        return try (0..<count).map { number in
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: "\(path).\(number)\(suffix)")
            }
            return try Mirror(path: "\(path).\(number)")
        }
    }

    private static func change(
        _ kind: SourceChange.Kind, columns: [String] = ["id", "name"], old: Int? = nil, _ id: Int? = nil,
        name: SourceChange.Field = .null
    ) -> SourceEvent {
        func key(_ id: Int) -> SourceChange.Field { .text(Text("\(id)")) }
        return .change(
            SourceChange(
                kind: kind, table: teams, columns: columns, old: old.map { [key($0), .null] },
                new: id.map { [key($0), name] }))
    }

    private static func transaction(_ number: Int, after start: LSN, _ events: [SourceEvent]) -> SourceTransaction {
        let position = start.rawValue + UInt64(number) * 100
        return SourceTransaction(
            xid: UInt32(1_000_000 + number), position: LSN(position), end: LSN(position + 8),
            committedAt: 1_700_000_000_000_000 + Int64(number), events: events)
    }

    /// Everything that the file says of rows, logs and position.
    private func content(_ mirror: Mirror) throws -> [String] {
        try mirror.pool.read { db in
            try [
                "SELECT * FROM \"row public.teams\" ORDER BY 1", "SELECT * FROM change ORDER BY id",
                "SELECT * FROM entry ORDER BY shape, tx, op", "SELECT * FROM state",
                "SELECT * FROM confirmation ORDER BY 1, 2",
            ].map { sql in try GRDB.Row.fetchAll(db, sql: sql).map(\.description).joined(separator: "\n") }
        }
    }

    private func stored(_ mirror: Mirror) throws -> MirrorPosition? {
        try mirror.pool.read { db in try MirrorPosition.read(in: db) }
    }

    private func team(_ id: Value, _ mirror: Mirror) throws -> SyncModel.Row? {
        let table = try #require(mirror.catalogue?[Self.teams])
        return try mirror.pool.read { db in try MirrorFile.rows.row(RowKey(values: [id]), of: table, in: db)?.row }
    }

    @Test func whatTransactionsDoDoesNotHangOnWhichAreTakenInTogether() async throws {
        let seed = UInt64.random(in: 0...9_999)
        print("TransactionGroupTests: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let mirrors = try await mirrors(2)
        let position = try #require(mirrors[0].state.position)
        let content0 = try content(mirrors[0])
        var ids = Set(1...8)
        let transactions = (1...120).map { number in
            let events = (0..<Int.random(in: 1...4, using: &random)).map { _ -> SourceEvent in
                let id = Int.random(in: 1...12, using: &random)
                let name = SourceChange.Field.text(
                    Text("\(["a", "m", "z"].randomElement(using: &random) ?? "")\(number)"))
                guard ids.contains(id) else {
                    ids.insert(id)
                    return Self.change(.insert, id, name: name)
                }
                switch Int.random(in: 0...3, using: &random) {
                case 0:
                    ids.remove(id)
                    return Self.change(.delete, old: id)
                case 1:
                    guard let free = (1...12).first(where: { !ids.contains($0) }) else { fallthrough }
                    ids.remove(id)
                    ids.insert(free)
                    return Self.change(.update, old: id, free, name: .unchanged)
                default: return Self.change(.update, id, name: name)
                }
            }
            let message = LogicalMessage(
                isTransactional: true, prefix: "satchel.operation",
                content: Text(#"{"epoch": "\#(position.epoch)", "replica": "r\#(number % 3)", "seq": \#(number)}"#),
                position: position.resume)
            return Self.transaction(number, after: position.resume, events + [.message(message)])
        }
        for transaction in transactions { try mirrors[0].apply([transaction]) }
        var (rest, groups) = (transactions[...], 0)
        while !rest.isEmpty {
            let size = min(Int.random(in: 1...12, using: &random), rest.count)
            try mirrors[1].apply(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            groups += 1
        }
        print("TransactionGroupTests: \(transactions.count) transactions in \(groups) groups")
        #expect(groups < transactions.count)
        let expected = try content(mirrors[0])
        #expect(try content(mirrors[1]) == expected)
        for (before, after) in zip(content0, expected) { #expect(before != after) }
        #expect(mirrors[1].frontier == mirrors[0].frontier && mirrors[1].state.position == mirrors[0].state.position)
    }

    @Test func thoseBeforeOneThatDoesNotFitTheCatalogueAreTakenIn() async throws {
        let mirror = try await mirrors(1)[0]
        let start = try #require(mirror.state.position).resume
        let transactions = [
            Self.transaction(1, after: start, [Self.change(.insert, 20, name: .text("x"))]),
            Self.transaction(2, after: start, [Self.change(.update, 20, name: .text("y"))]),
            Self.transaction(3, after: start, [Self.change(.update, columns: ["id", "title"], 20, name: .text("z"))]),
            Self.transaction(4, after: start, [Self.change(.delete, old: 20)]),
        ]
        let error = #expect(throws: Mirror.SchemaChanged.self) { try mirror.apply(transactions) }
        #expect(error?.table == Self.teams)
        let position = try #require(mirror.state.position)
        #expect(position.position == position.offset(of: transactions[1].position))
        #expect(mirror.frontier == position.position)
        #expect(try stored(mirror) == position)
        #expect(try team("20", mirror)?.values == ["20", "y"])
    }

    /// The file takes nothing, and what is in memory says no more than the file.
    @Test func withAnyOtherErrorNoneIsTakenIn() async throws {
        let mirror = try await mirrors(1)[0]
        let before = try #require(mirror.state.position)
        let logged = try content(mirror)
        try await mirror.pool.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON change WHEN new.key = '"31"'
                    BEGIN SELECT RAISE(ABORT, 'refused'); END
                    """)
        }
        let transactions = [
            Self.transaction(1, after: before.resume, [Self.change(.insert, 30, name: .text("x"))]),
            Self.transaction(2, after: before.resume, [Self.change(.insert, 31, name: .text("y"))]),
        ]
        #expect(throws: (any Error).self) { try mirror.apply(transactions) }
        #expect(mirror.state.position == before && mirror.frontier == before.position)
        #expect(try content(mirror) == logged)
        try await mirror.pool.write { db in try db.execute(sql: "DROP TRIGGER refuse") }
        try mirror.apply(transactions)
        #expect(mirror.state.position?.position == before.offset(of: transactions[1].position))
    }

    @Test func aGroupIsFullByTransactionsEventsOrBytes() {
        func isFull(_ count: Int, _ events: [SourceEvent]) -> Bool {
            var group = TransactionGroup()
            for number in 0..<count { group.add(Self.transaction(number, after: .zero, events)) }
            #expect(!group.isEmpty)
            let isFull = group.isFull
            #expect(group.take().count == count && group.isEmpty && !group.isFull)
            return isFull
        }
        let small = Self.change(.delete, old: 1)
        let large = Self.change(.update, 1, name: .text(Text(String(repeating: "x", count: 1 << 20))))
        #expect(!isFull(TransactionGroup.transactionLimit - 1, [small]))
        #expect(isFull(TransactionGroup.transactionLimit, [small]))
        #expect(!isFull(1, Array(repeating: small, count: TransactionGroup.eventLimit - 1)))
        #expect(isFull(1, Array(repeating: small, count: TransactionGroup.eventLimit)))
        #expect(!isFull(3, [large]) && isFull(4, [large]))
    }
}
