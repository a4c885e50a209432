import JSONText
import Postgres
import Shapes
import SyncModel
import SyncProtocol
import SyncService
import Testing

@Suite struct SyncRouteTests {
    static let sql = """
        CREATE TABLE parents (id int4 PRIMARY KEY, name text);
        CREATE TABLE children (id int4 PRIMARY KEY, parent_id int4 REFERENCES parents ON DELETE CASCADE, note text);
        INSERT INTO parents SELECT i, 'parent ' || i FROM generate_series(1, 3) i;
        INSERT INTO children SELECT i, i % 3 + 1, repeat('x', 3000) FROM generate_series(1, 3000) i;
        """

    static func ask(_ request: SyncRequest, _ port: Int) throws -> SyncBatch {
        let body = String(decoding: request.body, as: UTF8.self)
        let response = try RawHTTP.get("/v1/sync", port: port, method: "POST", body: body)
        #expect(response.status == 200, "\(response.body)")
        var reader = AnswerReader()
        for line in response.body.split(separator: "\n") { try reader.receive(line: Array(line.utf8)) }
        return try #require(reader.batch)
    }

    /// Asks until every shape has reached the frontier; counts rows by table.
    private func readAll(
        _ definition: ShapeDefinition, _ port: Int
    ) throws -> (rows: [TableName: Int], shape: SyncRequest.Shape) {
        var shape = SyncRequest.Shape(id: "s", definition: definition)
        var rows: [TableName: Int] = [:]
        while true {
            let batch = try Self.ask(SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape]), port)
            let part = try #require(batch.shapes.first)
            #expect(part.ended == nil)
            if part.isReset { rows = [:] }
            for message in part.messages { rows[message.table, default: 0] += message.kind == .delete ? -1 : 1 }
            shape = SyncRequest.Shape(id: "s", definition: definition, handle: part.handle, offset: part.offset)
            if batch.frontier.isComplete {
                #expect(!part.hasMore)
                return (rows, shape)
            }
            #expect(part.hasMore)
        }
    }

    /// A shape that is not there yet is never told to be complete: its snapshot takes a moment to be written.
    @Test func aTreeComesWholeChunkByChunk() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let tree = try ShapeDefinition(json: ["root_table": "parents", "include": ["children": true]])
        let (rows, shape) = try readAll(tree, fixture.port)
        #expect(rows == [TableName("parents"): 3, TableName("children"): 3000])

        try fixture.connection.execute("DELETE FROM parents WHERE id = 2; UPDATE children SET note = 'y' WHERE id = 3")
        try await fixture.caughtUp()
        let batch = try Self.ask(SyncRequest(replica: ReplicaID("r"), isLive: true, shapes: [shape]), fixture.port)
        let messages = try #require(batch.shapes.first).messages
        #expect(messages.filter { $0.kind == .delete }.count == 1001)
        #expect(messages.filter { $0.kind == .update }.map(\.fields.count) == [2])
        await fixture.stop()
    }

    /// The order of the request is that of the person's wishes; and together they keep to the size of an answer.
    @Test func snapshotsComeInTheOrderOfTheRequest() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let definitions = try (0..<3).map { number in
            try ShapeDefinition(json: ["root_table": "children", "where": .string("id > -\(number)")])
        }
        for definition in definitions { _ = try readAll(definition, fixture.port) }
        let shapes = definitions.enumerated().map { SyncRequest.Shape(id: "s\($0)", definition: $1) }
        let request = SyncRequest(replica: ReplicaID("other"), isLive: false, shapes: shapes)
        let parts = try Self.ask(request, fixture.port).shapes
        #expect(parts.map(\.shape) == ["s0", "s1", "s2"])
        #expect(parts[0].offset == .snapshotEnd)
        let counts = parts.map(\.messages.count)
        #expect(counts[0] == 3000)
        #expect((1000..<3000).contains(counts[1]))
        #expect(counts[2] == 0)
        #expect(parts[2].hasMore)
        await fixture.stop()
    }

    @Test func aBarrierCoversWhatWasCommittedBefore() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let all = try ShapeDefinition(json: ["root_table": "parents"])
        var shape = try readAll(all, fixture.port).shape
        for id in 10..<20 {
            try fixture.connection.execute("INSERT INTO parents VALUES (\(id), 'late')")
            let request = SyncRequest(replica: ReplicaID("r"), isLive: false, isBarrier: true, shapes: [shape])
            let part = try #require(try Self.ask(request, fixture.port).shapes.first)
            #expect(part.messages.map(\.key) == [RowKey(values: [Value(String(id))])])
            shape = SyncRequest.Shape(id: "s", definition: all, handle: part.handle, offset: part.offset)
        }
        await fixture.stop()
    }

    @Test func aRestartedServiceGoesOnWithTheSameLogs() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let tree = try ShapeDefinition(json: ["root_table": "parents", "include": ["children": true]])
        let shape = try readAll(tree, fixture.port).shape
        await fixture.stop()
        try fixture.connection.execute("INSERT INTO parents VALUES (77, 'while it was away')")
        let again = try await fixture.restarted()
        try await again.caughtUp()
        let batch = try Self.ask(SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape]), again.port)
        let part = try #require(batch.shapes.first)
        #expect(!part.isReset && part.messages.map(\.key) == [RowKey(values: ["77"])])
        await again.stop()
    }
}
