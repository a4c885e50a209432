import Postgres
import PostgresTesting
import Shapes
import SyncModel
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

    @Test func aLargeTransactionThatWasCutOffComesAgain() async throws {
        let fixture = try await fixture()
        let mirror = fixture.service.mirror
        var held = try Self.definitions.map { try ShapeFollower($0, port: fixture.port) }
        for index in held.indices { try held[index].read() }
        try fixture.connection.execute(
            "INSERT INTO items SELECT i, i % 3 + 1, 'item ' || i, i % 10 FROM generate_series(1, 6000) i")
        await eventually { mirror.spillFigures.parts > 2 }
        await fixture.stop()
        let again = try await fixture.restarted()
        try await again.caughtUp()
        for index in held.indices { held[index] = held[index].moved(to: again.port) }
        try compare(&held, again.connection)
        await again.stop()
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
