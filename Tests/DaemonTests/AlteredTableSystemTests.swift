import Glibc
import JSONText
import Postgres
import PostgresTesting
import Testing

/// Tables that are altered under a daemon, with the real programs and a real PostgreSQL.
@Suite(.timeLimit(.minutes(5))) struct AlteredTableSystemTests {
    /// `colour` of the only row, as often as the daemon says that something changed, until the row has it.
    private func firstColour(_ client: TestClient, _ subscription: JSON) throws -> JSON? {
        while true {
            let page = try client.call("shape/read", ["subscription": subscription])
            if let colour = page["rows"]?[0]?["value"]?["colour"] { return colour }
            _ = try client.notification("shape/changed")
        }
    }

    /// NULL is a value that the row never had, and the column cannot have.
    @Test(arguments: [false, true]) func anAddedColumnIsSeenWithItsValue(whilePaused isPaused: Bool) throws {
        let directory = TestDirectory()
        let database = try TestDatabase("CREATE TABLE doors (id int PRIMARY KEY, name text)")
        let connection = try database.connect()
        try connection.execute("INSERT INTO doors VALUES (1, 'north')")
        let service = try RunningService(database, state: TestCluster.temporaryDirectory())
        let daemon = try TestProcess(
            "run", state: "\(directory.path)/state", socket: "\(directory.path)/s", service: service.url, user: "ana")
        let client = try daemon.socketClient()
        try client.initialize()
        _ = try client.call("sync/wait")
        let shape = try client.call("shape/subscribe", ["definition": ["root_table": "doors"]])
        let subscription = shape["subscription"] ?? .null
        let page = try client.call("shape/read", ["subscription": subscription, "wait": 60_000])
        #expect(page["rows"]?[0]?["value"]?["name"] == "north")
        if isPaused { _ = try client.call("sync/pause") }
        try connection.execute("ALTER TABLE doors ADD COLUMN colour text NOT NULL DEFAULT 'red'")
        if isPaused { _ = try client.call("sync/resume") }
        #expect(try firstColour(client, subscription) == "red")
        daemon.kill(SIGTERM)
        #expect(daemon.exitStatus() == 0)
    }
}
