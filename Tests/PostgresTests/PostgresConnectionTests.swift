import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct PostgresConnectionTests {
    @Test func bindsValuesAndReadsThemBack() throws {
        let connection = try TestDatabase().connect()
        let values: [String?] = ["it's", nil, "", "e\u{301}", "\u{e9}", "\\x; DROP TABLE t"]
        for _ in 1...3 {
            let result = try connection.query(
                "SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text", values)
            #expect(result.row(0).map { $0.map { Text($0) } } == values.map { $0.map { Text($0) } })
        }
    }

    @Test func saysWhatAStatementDid() throws {
        let connection = try TestDatabase("CREATE TABLE t (id int, a text)").connect()
        let inserted = try connection.query("INSERT INTO t VALUES (1, 'x'), (2, NULL)")
        #expect(inserted.affectedRows == 2)
        #expect(inserted.commandTag == "INSERT 0 2")
        #expect(inserted.value == nil)
        let selected = try connection.query("SELECT id, a FROM t ORDER BY id")
        #expect(selected.columnNames == ["id", "a"])
        #expect(selected.rows == [["1", "x"], ["2", nil]])
        #expect(try connection.query("CREATE TABLE u ()").affectedRows == 0)
    }

    @Test func pinsTheSettingsThatTextFormDependsOn() throws {
        let database = try TestDatabase()
        try database.connect().execute(
            """
            ALTER DATABASE \(database.name) SET DateStyle = 'German';
            ALTER DATABASE \(database.name) SET TimeZone = 'Asia/Tokyo';
            ALTER DATABASE \(database.name) SET IntervalStyle = 'sql_standard';
            ALTER DATABASE \(database.name) SET bytea_output = 'escape';
            ALTER DATABASE \(database.name) SET extra_float_digits = -3;
            ALTER DATABASE \(database.name) SET standard_conforming_strings = off
            """)
        let result = try database.connect().query(
            """
            SELECT '2026-01-31 12:00:00+00'::timestamptz, '1 day 02:00'::interval, '\\x00ff'::bytea,
                0.1::float8 + 0.2::float8, '31.1.2026'::date
            """)
        #expect(
            result.row(0) == [
                "2026-01-31 12:00:00+00", "P1DT2H", "\\x00ff", "0.30000000000000004", "2026-01-31",
            ])
    }

    @Test func aStatementOutlivesAChangeOfItsTable() throws {
        let connection = try TestDatabase("CREATE TABLE t (a int); INSERT INTO t VALUES (7)").connect()
        for _ in 1...3 { #expect(try connection.query("SELECT * FROM t").rows == [["7"]]) }
        try connection.execute("ALTER TABLE t ALTER a TYPE text")
        #expect(try connection.query("SELECT * FROM t").rows == [["7"]])
        // Inside a transaction the error has undone it; the next attempt of the whole succeeds.
        for _ in 1...2 { try connection.query("SELECT * FROM t") }
        try connection.execute("ALTER TABLE t ADD b int")
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { _ = try connection.query("SELECT * FROM t") }
        }
        #expect(error?.code == .planChanged)
        #expect(error?.isRetryable == true)
        #expect(try connection.transaction { try connection.query("SELECT * FROM t").rows } == [["7", nil]])
    }

    @Test func commitsWhatReturnsAndRollsBackWhatThrows() throws {
        let connection = try TestDatabase("CREATE TABLE t (a int PRIMARY KEY)").connect()
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (1)") }
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.execute("INSERT INTO t VALUES (2)")
                throw Stop()
            }
        }
        let swallowed = #expect(throws: PostgresError.self) {
            try connection.transaction { _ = try? connection.execute("INSERT INTO t VALUES (3), (1)") }
        }
        #expect(swallowed?.code == .failedTransaction)
        #expect(connection.transactionStatus == .idle)
        #expect(try connection.query("SELECT a FROM t").rows == [["1"]])
    }

    @Test func twoConnectionsSeeEachOthersCommits() throws {
        let database = try TestDatabase("CREATE TABLE t (a int)")
        let (first, second) = (try database.connect(), try database.connect())
        #expect(first.backendPID != second.backendPID)
        try first.execute("BEGIN; INSERT INTO t VALUES (1)")
        #expect(first.transactionStatus == .inTransaction)
        #expect(try second.query("SELECT count(*) FROM t").value == "0")
        try first.execute("COMMIT")
        #expect(try second.query("SELECT count(*) FROM t").value == "1")
    }

    @Test func anotherThreadCancels() throws {
        let database = try TestDatabase()
        let connection = try database.connect()
        let handle = try #require(connection.cancelHandle())
        let pid = connection.backendPID
        let canceller = TestThread {
            let watcher = try database.connect()
            let query = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
            while try watcher.query(query, [String(pid)]).value == "0" {}
            handle.cancel()
        }
        let error = #expect(throws: PostgresError.self) { try connection.query("SELECT pg_sleep(600)") }
        try canceller.join()
        #expect(error?.code == .queryCanceled)
        #expect(error?.isConnectionLost == false)
        #expect(try connection.query("SELECT 1").value == "1")
    }

    @Test func leavesCopyAloneInOrdinaryCalls() throws {
        let connection = try TestDatabase("CREATE TABLE t (a int)").connect()
        for copy in ["COPY t TO STDOUT", "COPY t FROM STDIN"] {
            #expect(throws: PostgresError.self) { try connection.query(copy) }
            #expect(throws: PostgresError.self) { try connection.execute(copy) }
            #expect(try connection.query("SELECT 1").value == "1")
        }
    }
}
