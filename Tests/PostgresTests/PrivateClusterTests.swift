import Glibc
import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct PrivateClusterTests {
    private func startTime(_ cluster: PrivateCluster) throws -> String? {
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "test")
        return try connection.query("SELECT pg_postmaster_start_time()").value
    }

    @Test func startsOnceAndKeepsItsDataOverARestart() throws {
        let cluster = try TestCluster.separate()
        #expect(!cluster.isRunning)
        try cluster.stop()
        try cluster.start()
        #expect(cluster.isRunning)
        let first = try startTime(cluster)
        try cluster.start()
        #expect(try startTime(cluster) == first)
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "test")
        try connection.execute("CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')")
        let settings = try connection.query(
            """
            SELECT current_setting('wal_level'), current_setting('listen_addresses'),
                current_setting('server_encoding'), datcollate, datctype, current_user
            FROM pg_database WHERE datname = current_database()
            """)
        #expect(settings.row(0) == ["logical", "", "UTF8", "C.UTF-8", "C.UTF-8", "satchel"])
        var status = stat()
        #expect(stat(cluster.directory, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)

        try cluster.restart()
        let lost = #expect(throws: PostgresError.self) { try connection.query("SELECT 1") }
        #expect(lost?.isConnectionLost == true)
        #expect(try startTime(cluster) != first)
        let again = try PostgresConnection(cluster.connectionString(), applicationName: "test")
        #expect(try again.query("SELECT a FROM t").value == "kept")
        try cluster.stop()
        #expect(!cluster.isRunning)
        let away = #expect(throws: PostgresError.self) { try startTime(cluster) }
        #expect(away?.isRetryable == true)
    }

    /// The cluster's user is called as the schema that the service keeps for itself.
    @Test func whatIsMadeWithoutASchemaIsPublic() throws {
        let connection = try TestDatabase("CREATE SCHEMA satchel").connect()
        try connection.execute("CREATE TABLE t (a text)")
        #expect(try connection.query("SELECT schemaname FROM pg_tables WHERE tablename = 't'").value == "public")
    }

    @Test func startsAfterItWasKilled() throws {
        let cluster = try TestCluster.separate()
        try cluster.start()
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "test")
        try connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        // Its first line is the postmaster's process id.
        let file = try #require(
            try connection.query("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)").value)
        #expect(kill(try #require(pid_t(file)), SIGKILL) == 0)
        while cluster.isRunning {}
        try cluster.start()
        let again = try PostgresConnection(cluster.connectionString(), applicationName: "test")
        #expect(try again.query("SELECT a FROM t").value == "1")
        try cluster.stop()
        try cluster.stop()
    }

    @Test func aStreamEndsRetryablyWhenItsServerStops() throws {
        let cluster = try TestCluster.separate()
        try cluster.start()
        let fixture = try StreamFixture("CREATE TABLE t (id int PRIMARY KEY)", in: cluster)
        try fixture.connection.execute("INSERT INTO t VALUES (1)")
        let stream = try fixture.stream()
        let (database, slot) = (fixture.database, fixture.slot)
        let stopper = TestThread {
            let connection = try database.connect()
            while try slot.status(connection)?.isActive != true {}
            try cluster.stop()
        }
        var rows = 0
        var held = LSN.zero
        let error = #expect(throws: PostgresError.self) {
            try stream.run { event in
                if case .transaction = event { rows += 1 }
                if case .frontier(let position) = event {
                    held = position
                    stream.reportFlushed(position)
                }
            }
        }
        try stopper.join()
        #expect(error?.isRetryable == true)
        try cluster.start()
        let again = try StreamFixture(resuming: fixture, after: held)
        try again.connection.execute("INSERT INTO t VALUES (2)")
        #expect(try again.changes().map(\.new) == [[.text("2")]])
        #expect(rows == 1)
        try cluster.stop()
    }

    @Test func saysWhatIsWrong() throws {
        let long = "/tmp/" + String(repeating: "x", count: 100)
        let tooLong = #expect(throws: PostgresError.self) { try PrivateCluster(directory: long) }
        #expect(tooLong?.message.contains("shorter state directory") == true)
        #expect(throws: PostgresError.self) { try PrivateCluster(directory: "relative") }
        let directory = try TestCluster.temporaryDirectory()
        let missing = try PrivateCluster(directory: "\(directory)/pg", installations: directory)
        let none = #expect(throws: PostgresError.self) { try missing.start() }
        #expect(none?.message.contains("install the Debian package `postgresql`") == true)
        #expect(throws: PostgresError.self) { try PrivateCluster(directory: "\(directory)/a/b").start() }
    }

    @Test func quotesItsDirectory() throws {
        let cluster = try TestCluster.separate(named: "it's a 'b' é")
        try cluster.start()
        #expect(try startTime(cluster) != nil)
        try cluster.stop()
        for character in "\"$`\\,\n\0" {
            #expect(throws: PostgresError.self) { try PrivateCluster(directory: "/tmp/a\(character)b") }
        }
    }
}
