import JSONText
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Testing

@testable import SyncService

/// Limits that only a running service can tell of.
@Suite struct ShapeLimitsSystemTests {
    private static let sql = """
        CREATE TABLE notes (id int4 PRIMARY KEY, body text);
        INSERT INTO notes SELECT i, repeat('x', 1000) FROM generate_series(1, 100) i;
        """

    @Test func aSnapshotThatIsTooLargeEndsItsShapeAlone() async throws {
        var limits = ServiceOptions.Limits()
        limits.maxShapeSize = 20_000
        let fixture = try await ServiceFixture(Self.sql, limits: limits)
        var reader = try PersonalReader(
            port: fixture.port, headers: [:],
            [#"{"root_table": "notes"}"#, #"{"root_table": "notes", "where": "id <= 10"}"#])
        try reader.catchUp()
        let reason = try #require(reader.shapes[0].ended)
        #expect(reason.code == "too_large" && reason.message.contains("max_shape_size = 20000 bytes"))
        #expect(reader.shapes[1].ended == nil && reader.content(1, "notes").count == 10)
        let electric = try RawHTTP.get("/v1/shape?table=notes&offset=-1", port: fixture.port)
        #expect(electric.status == 413 && electric.body.contains("max_shape_size = 20000 bytes"))
        await fixture.stop()
    }

    @Test func shapesBeyondTheLimitOfADeviceEndAndTheOthersAreServed() async throws {
        var limits = ServiceOptions.Limits()
        limits.maxShapesPerClient = 2
        let fixture = try await ServiceFixture(Self.sql, limits: limits)
        var reader = try PersonalReader(
            port: fixture.port, headers: [:],
            (1...3).map { #"{"root_table": "notes", "where": "id = \#($0)"}"# })
        try reader.catchUp()
        #expect(reader.shapes.map { $0.rows.values.first?.count ?? 0 } == [1, 1, 0])
        #expect(reader.shapes[0].ended == nil && reader.shapes[1].ended == nil)
        let reason = try #require(reader.shapes[2].ended)
        #expect(reason.code == "too_large" && reason.message.contains("at most 2 shapes"))
        #expect(reason.message.contains("max_shapes_per_client"))
        // Nothing was begun for it.
        #expect(fixture.service.mirror.shapeCount == 2)
        await fixture.stop()
    }

    @Test func theServiceKeepsSoManyShapes() async throws {
        var limits = ServiceOptions.Limits()
        limits.maxShapes = 1
        let fixture = try await ServiceFixture(Self.sql, limits: limits)
        let request = SyncRequest(
            replica: ReplicaID("r"), isLive: false,
            shapes: try (1...2).map {
                SyncRequest.Shape(
                    id: "\($0)",
                    definition: try ShapeDefinition(json: ["root_table": "notes", "where": .string("id = \($0)")]))
            })
        let answer = try RawHTTP.get(
            "/v1/sync", port: fixture.port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
        #expect(answer.status == 413 && answer.body.contains("service.max_shapes") && answer.body.contains("1"))
        await fixture.stop()
    }
}
