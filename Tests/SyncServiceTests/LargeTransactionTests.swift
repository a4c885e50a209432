import GRDB
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import TableStore
import Testing

@testable import SyncService

/// Transactions that are larger than what is held of them.
@Suite struct LargeTransactionTests {
    private static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE items (id int4 PRIMARY KEY, team_id int4 REFERENCES teams ON DELETE CASCADE, name text, score int4);
        INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c');
        """
    private static let definitions = [
        #"{"root_table": "teams", "where": "id < 3", "include": {"items": {"where": "score < 7"}}}"#,
        #"{"root_table": "items", "order_by": "score DESC", "limit": 5}"#,
        #"{"root_table": "teams", "where": "id NOT IN (SELECT team_id FROM items WHERE score > 8)"}"#,
    ]
    private static let queries = [
        ("items", "SELECT i.* FROM items i JOIN teams t ON t.id = i.team_id WHERE t.id < 3 AND i.score < 7"),
        ("items", "SELECT * FROM items ORDER BY score DESC, id LIMIT 5"),
        ("teams", "SELECT * FROM teams WHERE id NOT IN (SELECT team_id FROM items WHERE score > 8)"),
    ]

    private func fixture() async throws -> ServiceFixture {
        var memory = Follower.Configuration.TransactionMemory()
        memory.sliceBytes = 64 << 10
        memory.slices = 2
        return try await ServiceFixture(Self.sql, memory: memory)
    }

    private func compare(_ held: inout [ShapeFollower], _ connection: PostgresConnection) throws {
        for index in held.indices {
            try held[index].read()
            let (table, query) = Self.queries[index]
            try held[index].expectRows(of: table, query, connection)
            let ends = held[index].messages.filter { $0.origin?.isLast == true }.count
            let transactions = Set(held[index].messages.compactMap(\.origin?.offset.tx)).count
            #expect(ends == transactions)
            let places = held[index].messages.map { "\($0.table) \($0.key) \($0.origin?.offset.tx ?? 0)" }
            #expect(Set(places).count == places.count, "what was told twice is not what it comes to")
        }
    }

    @Test func whatIsHeldOfATransactionDoesNotGrowWithIt() async throws {
        let fixture = try await fixture()
        let mirror = fixture.service.mirror
        var held = try Self.definitions.map { try ShapeFollower($0, port: fixture.port) }
        for index in held.indices { try held[index].read() }
        let rows = 12_000
        try fixture.connection.execute(
            "INSERT INTO items SELECT i, i % 3 + 1, 'item ' || i, i % 10 FROM generate_series(1, \(rows)) i")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        // Updates over updates, rows that come and go, a team that takes its rows with it, and rows of its own again.
        try fixture.connection.execute(
            """
            BEGIN; UPDATE items SET score = score + 1; UPDATE items SET score = score - 2 WHERE id % 5 = 0;
            INSERT INTO items SELECT i, 2, 'passing', 9 FROM generate_series(100000, 104000) i;
            DELETE FROM items WHERE id >= 100000; DELETE FROM teams WHERE id = 1;
            INSERT INTO teams VALUES (1, 'again'); INSERT INTO items VALUES (3, 1, 'again', 1); COMMIT
            """)
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        try fixture.connection.execute("DELETE FROM items WHERE id > 10")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        let figures = mirror.spillFigures
        print("spilled: \(figures)")
        #expect(figures.transactions == 3 && figures.rows > 2 * rows)
        #expect(figures.parts > 50)
        // Three slices of 64 KiB are held at once; the shortest message has some 20 bytes.
        #expect(figures.mostEvents < 10_000 && figures.mostRows < 10_000)
        await fixture.stop()
    }

    /// Few rows, each of much.
    @Test func whatIsTakenInAtOnceIsBoundedInBytesToo() async throws {
        let fixture = try await fixture()
        var held = try Self.definitions.map { try ShapeFollower($0, port: fixture.port) }
        try fixture.connection.execute(
            "INSERT INTO items SELECT i, i % 3 + 1, repeat('x', 400000), i % 10 FROM generate_series(1, 50) i")
        try await fixture.caughtUp()
        for index in held.indices { try held[index].read() }
        try fixture.connection.execute("UPDATE items SET name = name || 'y'")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        let figures = fixture.service.mirror.spillFigures
        print("spilled: \(figures)")
        #expect(figures.transactions == 2 && figures.mostBytes > 800_000)
        #expect(figures.mostBytes < Mirror.pieceBytes + 1_000_000)
        // Telling of each would hold them all.
        try fixture.connection.execute("TRUNCATE items")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        for follower in held { #expect(follower.isReset) }
        await fixture.stop()
    }

    private struct Fed {
        let mirror: Mirror
        let header: SourceTransactionHeader

        func change(_ kind: SourceChange.Kind, old: SourceChange.Field?, _ new: [SourceChange.Field]?) -> SourceEvent {
            .change(
                SourceChange(
                    kind: kind, table: TableName(name: "teams"), columns: ["id", "name"],
                    old: old.map { [$0, .null] }, new: new))
        }

        func message(_ prefix: String) -> SourceEvent {
            .message(
                LogicalMessage(isTransactional: true, prefix: prefix, content: "{}", position: header.position))
        }

        func clock(of key: String, version: Int) -> SourceEvent {
            .change(
                SourceChange(
                    kind: .update, table: ClockRow.table, columns: ["relation", "key", "version", "clock"], old: nil,
                    new: [
                        .text("public.teams"), .text(Text("\"\(key)\"")), .text(Text(String(version))), .text("700"),
                    ]))
        }

        func version(of key: String) throws -> Int64? {
            let table = try #require(mirror.catalogue?[TableName(name: "teams")])
            return try mirror.pool.read { db in
                try MirrorFile.rows.row(RowKey(values: [Value(key)]), of: table, in: db).map(MirrorSource.clock)?
                    .version
            }
        }

        func teams() throws -> [String] {
            let table = try #require(mirror.catalogue?[TableName(name: "teams")])
            return try mirror.pool.read { db in
                try MirrorFile.rows.scan(table, after: nil, limit: 100, in: db).map { stored in
                    stored.row.values.map { $0.text?.string ?? "none" }.joined(separator: " ")
                }
            }
        }
    }

    /// The mirror of a service that has stopped, and a transaction behind all that it has.
    private func fed() async throws -> Fed {
        let fixture = try await fixture()
        await fixture.stop()
        let mirror = try Mirror(path: fixture.service.stateDirectory + "/mirror.sqlite")
        let start = LSN(try #require(mirror.state.position).resume.rawValue + 1_000)
        return Fed(mirror: mirror, header: SourceTransactionHeader(xid: 7, position: start, committedAt: 0))
    }

    /// What the cut-off one had written would be taken for the rows before it: here, for a row that has moved away.
    @Test func aLargeTransactionThatWasCutOffComesAgain() async throws {
        let fed = try await fed()
        let mirror = fed.mirror
        let moved = fed.change(.update, old: .text("1"), [.text("9"), .unchanged])
        try mirror.spill([moved], of: fed.header)
        #expect(mirror.state.spill != nil)
        try mirror.dropSpill()
        #expect(mirror.state.spill == nil)
        #expect(try fed.teams() == ["1 a", "2 b", "3 c"])
        try mirror.spill([moved], of: fed.header)
        try mirror.spill([fed.change(.delete, old: .text("2"), nil)], of: fed.header)
        try mirror.applySpill(fed.header, end: LSN(fed.header.position.rawValue + 8))
        #expect(try fed.teams() == ["3 c", "9 a"])
    }

    @Test func aRowOfWhoseClockNothingIsSaidKeepsIt() async throws {
        let fed = try await fed()
        try fed.mirror.spill([fed.clock(of: "1", version: 7)], of: fed.header)
        try fed.mirror.applySpill(fed.header, end: LSN(fed.header.position.rawValue + 8))
        let next = SourceTransactionHeader(
            xid: 8, position: LSN(fed.header.position.rawValue + 100), committedAt: 0)
        try fed.mirror.spill([fed.change(.update, old: nil, [.text("1"), .text("other")])], of: next)
        try fed.mirror.applySpill(next, end: LSN(next.position.rawValue + 8))
        #expect(try fed.teams() == ["1 other", "2 b", "3 c"])
        #expect(try fed.version(of: "1") == 7)
    }

    /// As where triggers are switched off within a transaction.
    @Test(arguments: [true, false])
    func aClockThatWasSaidBeforeTheRowsLastChangeStays(inOnePart: Bool) async throws {
        let fed = try await fed()
        let events = [
            fed.clock(of: "1", version: 6), fed.clock(of: "1", version: 7),
            fed.change(.update, old: nil, [.text("1"), .text("other")]),
            fed.change(.update, old: nil, [.text("2"), .text("two")]), fed.clock(of: "2", version: 9),
        ]
        for part in inOnePart ? [events] : events.map({ [$0] }) { try fed.mirror.spill(part, of: fed.header) }
        try fed.mirror.applySpill(fed.header, end: LSN(fed.header.position.rawValue + 8))
        #expect(try fed.teams() == ["1 other", "2 two", "3 c"])
        #expect(try fed.version(of: "1") == 7 && fed.version(of: "2") == 9)
    }

    @Test func messagesOfOthersAreNotHeld() async throws {
        let fed = try await fed()
        try fed.mirror.spill([fed.message("other"), fed.message("satchel.operation")], of: fed.header)
        try fed.mirror.spill([fed.message("other")], of: fed.header)
        #expect(fed.mirror.state.spill?.messages.map(\.prefix) == ["satchel.operation"])
    }

    @Test func truncateIsDeletesWhereRowsAreFewAndANewLifeWhereTheyAreMany() async throws {
        let fixture = try await fixture()
        try fixture.connection.execute(
            "INSERT INTO items SELECT i, i % 3 + 1, 'x', i % 10 FROM generate_series(1, 50) i")
        try await fixture.caughtUp()
        var held = try Self.definitions.map { try ShapeFollower($0, port: fixture.port) }
        for index in held.indices { try held[index].read() }
        try fixture.connection.execute("BEGIN; TRUNCATE items; INSERT INTO items VALUES (1, 1, 'after', 3); COMMIT")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        for follower in held { #expect(!follower.isReset) }

        try fixture.connection.execute(
            "INSERT INTO items SELECT i, i % 3 + 1, 'x', i % 10 FROM generate_series(100, 11000) i")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        try fixture.connection.execute("TRUNCATE items")
        try await fixture.caughtUp()
        try compare(&held, fixture.connection)
        for follower in held { #expect(follower.isReset) }
        await fixture.stop()
    }
}
