import JSONText
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Synchronization
import Testing

@testable import SyncService

/// Rows that a condition fails for, through the whole service over a real PostgreSQL.
@Suite struct ConditionFailureTests {
    private static let sql = """
        CREATE TABLE lists (id int4 PRIMARY KEY, owner text);
        CREATE TABLE items (id int4 PRIMARY KEY, list_id int4 REFERENCES lists ON DELETE CASCADE, n int4, name text);
        INSERT INTO lists VALUES (1, 'ana'), (2, 'ben');
        INSERT INTO items VALUES (1, 1, 1, 'a'), (2, 1, 0, 'b'), (3, 1, 0, 'c'), (4, 2, 0, 'd'), (5, 2, 5, 'e');
        """
    private static let items = #"{"root_table": "items", "where": "10 / n > 1"}"#

    private static func failure(_ id: Int, _ message: String = "division by zero") -> ConditionFailure {
        ConditionFailure(
            table: TableName("items"), key: RowKey(values: [Value(String(id))]), message: message)
    }

    /// What PostgreSQL says of the rows one by one.
    private func failing(_ connection: PostgresConnection) throws -> [String] {
        try connection.query("SELECT id FROM items WHERE n = 0 ORDER BY id").rows.compactMap { $0[0] }
    }

    @Test func countsThemFromTheSnapshotOnUntilTheyAreMended() async throws {
        var fixture = try await ServiceFixture(Self.sql)
        var reader = try PersonalReader(
            port: fixture.port, headers: [:],
            [
                Self.items,
                #"{"root_table": "lists", "where": "id = 1", "include": {"items": {"where": "10 / n > 1"}}}"#,
                #"{"root_table": "items", "where": "10 / n > 1", "order_by": "name", "limit": 1}"#,
                #"{"root_table": "items", "where": "n <> 0 AND 10 / n > 1"}"#,
            ])
        func counts() -> [Int] { reader.shapes.map(\.failures.count) }
        try reader.catchUp()
        #expect(counts() == [3, 2, 3, 0])
        #expect(reader.shapes[0].failures.first == Self.failure(2))
        #expect(try failing(fixture.connection) == ["2", "3", "4"])
        #expect(reader.content(0, "items").count == 2 && reader.content(2, "items").count == 1)

        // Told once: an answer without news says nothing of them.
        try reader.catchUp()
        #expect(reader.bodies.last?.contains("failures") == false)

        try fixture.connection.execute("UPDATE items SET n = 2 WHERE id = 2; INSERT INTO items VALUES (6, 1, 0, 'f')")
        try await fixture.caughtUp()
        try reader.catchUp()
        #expect(counts() == [3, 2, 3, 0])
        #expect(reader.shapes[0].failures.first == Self.failure(3))

        // The parent goes, and with it the rows that only hang on it.
        try fixture.connection.execute("UPDATE items SET list_id = 2 WHERE id = 6")
        try await fixture.caughtUp()
        try reader.catchUp()
        #expect(counts() == [3, 1, 3, 0])

        // Another life of the service, and of the device: both tell what is so.
        await fixture.stop()
        fixture = try await fixture.restarted()
        reader.port = fixture.port
        for index in reader.shapes.indices { reader.shapes[index].failures = .none }
        try reader.catchUp()
        #expect(counts() == [3, 1, 3, 0])
        #expect(reader.shapes.allSatisfy { $0.resets == 1 && $0.ended == nil })

        try fixture.connection.execute("UPDATE items SET n = 1 WHERE n = 0")
        try await fixture.caughtUp()
        try reader.catchUp()
        #expect(counts() == [0, 0, 0, 0])
        #expect(reader.shapes.allSatisfy { $0.failures == .none && $0.resets == 1 && $0.ended == nil })
        #expect(reader.content(0, "items").count == 6)
        await fixture.stop()
    }

    @Test func aLiveRequestReturnsForThemAlone() async throws {
        let fixture = try await ServiceFixture(Self.sql, hold: .seconds(30))
        var reader = try PersonalReader(port: fixture.port, headers: [:], [Self.items])
        try reader.catchUp()
        let shape = reader.shapes[0]
        let request = SyncRequest(
            replica: ReplicaID("r"), isLive: true,
            shapes: [
                SyncRequest.Shape(
                    id: "0", definition: shape.definition, handle: shape.handle, offset: shape.offset,
                    failureTag: shape.failures.tag)
            ])
        let port = fixture.port
        let signal = fixture.service.mirror.signal
        let answer = Mutex("")
        let asking = TestThread {
            let response = try RawHTTP.get(
                "/v1/sync", port: port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
            answer.withLock { $0 = response.body }
        }
        await eventually { signal.waiting > 0 }
        // It was outside, and stays there.
        try fixture.connection.execute("UPDATE items SET n = 100 WHERE id = 2")
        try asking.join()
        var answered = AnswerReader()
        for line in answer.withLock({ $0 }).split(separator: "\n") { try answered.receive(line: Array(line.utf8)) }
        let part = try #require(answered.batch?.shapes.first)
        #expect(part.messages.isEmpty && part.failures?.count == 2 && part.failures?.first == Self.failure(3))
        await fixture.stop()
    }

    @Test func whatAPersonMayNotReadIsNotCounted() async throws {
        let model = """
            version: 1
            permissions:
              lists: {read: everyone}
              items: {read: "1 / (n - 5) IS NOT NULL AND list_id IN (SELECT id FROM lists WHERE owner = auth.user_id)"}
            """
        let fixture = try await ServiceFixture(Self.sql, model: model)
        func read(_ person: String) throws -> PersonalReader {
            var reader = try PersonalReader(port: fixture.port, headers: ["satchel-user": person], [Self.items])
            try reader.catchUp()
            return reader
        }
        var ana = try read("ana")
        var ben = try read("ben")
        let eve = try read("eve")
        // The rule itself fails for row 5 of Ben's: it may not be read, and nothing is told of it.
        #expect(ana.shapes[0].failures.count == 2 && ben.shapes[0].failures.count == 1)
        #expect(eve.shapes[0].failures == .none)
        #expect(ben.shapes[0].failures.first == Self.failure(4))
        try fixture.connection.execute("UPDATE lists SET owner = 'ana' WHERE id = 2")
        try await fixture.caughtUp()
        try ana.catchUp()
        try ben.catchUp()
        #expect(ana.shapes[0].failures.count == 3 && ben.shapes[0].failures == .none)
        await fixture.stop()
    }
}
