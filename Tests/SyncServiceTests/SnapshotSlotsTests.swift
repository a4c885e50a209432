import JSONText
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import SyncService

@Suite struct SnapshotSlotsTests {
    /// The snapshots take longer to read than to begin, and there are more of them than the mirror has readers.
    @Test(.timeLimit(.minutes(3))) func manyShapesThatAreAskedForAtOnceAreAllAnswered() async throws {
        let fixture = try await ServiceFixture(
            """
            CREATE TABLE items (id int4 PRIMARY KEY, score int4);
            INSERT INTO items SELECT i, i % 100 FROM generate_series(1, 4000) i;
            """)
        var shapes = try (0..<(3 * MirrorFile.readerCount)).map { number in
            SyncRequest.Shape(
                id: "\(number)",
                definition: try ShapeDefinition(
                    json: JSON(parsing: #"{"root_table": "items", "where": "score >= \#(99 - number)"}"#)),
                handle: nil, offset: .beforeAll)
        }
        var rows = Array(repeating: 0, count: shapes.count)
        var isComplete = false
        while !isComplete {
            let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: shapes)
            let response = try RawHTTP.get(
                "/v1/sync", port: fixture.port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
            var reader = AnswerReader()
            for line in response.body.split(separator: "\n") { try reader.receive(line: Array(line.utf8)) }
            let batch = try #require(reader.batch, "\(response.body)")
            for part in batch.shapes {
                let number = try #require(Int(part.shape))
                rows[number] += part.messages.count
                shapes[number] = SyncRequest.Shape(
                    id: part.shape, definition: shapes[number].definition, handle: part.handle, offset: part.offset)
            }
            isComplete = batch.frontier.isComplete && !batch.shapes.contains(where: \.hasMore)
        }
        #expect(rows == shapes.indices.map { 40 * ($0 + 1) })
        await fixture.stop()
    }

    @Test func aSlotIsGivenToWhoeverWaitsLongest() async {
        let slots = SnapshotSlots(1)
        await slots.take()
        async let second: Void = slots.take()
        slots.giveBack()
        await second
        slots.giveBack()
        // Free again: nobody has to wait.
        await slots.take()
    }
}
