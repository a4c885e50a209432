import JSONText
import Postgres
import Shapes
import SyncModel
import SyncProtocol
import SyncService
import Testing

@Suite struct HealthTests {
    private func metrics(_ port: Int) throws -> JSON {
        let response = try RawHTTP.get("/v1/health?metrics=true", port: port)
        #expect(response.status == 200)
        let body = try JSON(parsing: response.body)
        #expect(body["status"]?.string == "active")
        return try #require(body["metrics"])
    }

    @Test func saysWhatTheShapesCost() async throws {
        let fixture = try await ServiceFixture(
            """
            CREATE TABLE items (id int4 PRIMARY KEY, bucket int4 NOT NULL, divisor int4 NOT NULL);
            INSERT INTO items VALUES (1, 1, 1);
            """)
        #expect(try metrics(fixture.port)["shapes"]?.int == 0)
        for condition in ["bucket = 1", "100 / divisor > 1"] {
            let definition = try ShapeDefinition(table: TableName("items"), where: condition)
            let shape = SyncRequest.Shape(id: "s", definition: definition)
            let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape])
            let body = String(decoding: request.body, as: UTF8.self)
            #expect(try RawHTTP.get("/v1/sync", port: fixture.port, method: "POST", body: body).status == 200)
        }
        let before = try metrics(fixture.port)
        #expect(before["shapes"]?.int == 2 && before["shapes_scanned"]?.int == 1)
        #expect(before["condition_failures"]?.int == 0)

        try fixture.connection.execute("INSERT INTO items VALUES (2, 2, 0)")
        try await fixture.caughtUp()
        let after = try metrics(fixture.port)
        #expect(after["condition_failures"]?.int == 1)
        let names = ["shapes_asked", "conditions_evaluated"]
        for name in names { #expect((after[name]?.int ?? 0) > (before[name]?.int ?? 0), "\(name)") }
        await fixture.stop()
    }
}
