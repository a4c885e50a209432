import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct PostgresErrorTests {
    private func error(_ body: () throws -> Void) -> PostgresError? {
        #expect(throws: PostgresError.self) { try body() }
    }

    @Test func namesWhatWasViolated() throws {
        let connection = try TestDatabase(
            """
            CREATE TABLE p (id int PRIMARY KEY);
            CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, a text NOT NULL,
                n int CONSTRAINT small CHECK (n < 9), p int CONSTRAINT t_p REFERENCES p);
            INSERT INTO t VALUES (1, 'a')
            """
        ).connect()
        let unique = error { try connection.query("INSERT INTO t VALUES (1, 'b')") }
        #expect(unique?.code == .uniqueViolation)
        #expect(unique?.constraint == "t_key")
        #expect((unique?.schema, unique?.table) == ("public", "t"))
        #expect(unique?.severity == "ERROR")
        #expect(unique?.detail?.contains("(id)=(1)") == true)
        let missing = error { try connection.query("INSERT INTO t (id) VALUES (2)") }
        #expect(missing?.code == .notNullViolation)
        #expect(missing?.column == "a")
        let check = error { try connection.query("INSERT INTO t VALUES (2, 'a', 9)") }
        #expect(check?.code == .checkViolation)
        #expect(check?.constraint == "small")
        let parent = error { try connection.query("INSERT INTO t VALUES (2, 'a', 1, 7)") }
        #expect(parent?.code == .foreignKeyViolation)
        #expect(parent?.constraint == "t_p")
        #expect(
            error { try connection.query("INSERT INTO t VALUES ('x', 'a')") }?.code
                == .invalidTextRepresentation)
        #expect(error { try connection.query("SELEC 1") }?.code == .syntaxError)
        #expect(error { try connection.query("SELECT * FROM nowhere") }?.code == .undefinedTable)
        for found in [unique, missing, check, parent] {
            #expect(found?.isRetryable == false)
            #expect(found?.isConnectionLost == false)
        }
    }

    @Test func refusesWhatCannotBeSent() throws {
        let connection = try TestDatabase().connect()
        #expect(error { try connection.query("SELECT $1::text", ["a\0b"]) }?.code == .invalidText)
        #expect(error { try connection.query("SELECT 1\0") }?.code == .invalidText)
        #expect(error { try connection.execute("SELECT 1\0") }?.code == .invalidText)
        let many = [String?](repeating: "1", count: 65_536)
        #expect(error { try connection.query("SELECT 1", many) }?.code == .invalidArgument)
        #expect(try connection.query("SELECT 1").value == "1")
    }

    @Test func serializationFailuresAreRetryable() throws {
        let database = try TestDatabase("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        let (first, second) = (try database.connect(), try database.connect())
        for connection in [first, second] {
            try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try connection.query("SELECT * FROM t")
        }
        try first.execute("UPDATE t SET a = 2; COMMIT")
        let found = error { try second.execute("UPDATE t SET a = 3") }
        #expect(found?.code == .serializationFailure)
        #expect(found?.isRetryable == true)
        #expect(found?.isConnectionLost == false)
    }

    @Test func aTerminatedConnectionIsLost() throws {
        let database = try TestDatabase()
        let (first, second) = (try database.connect(), try database.connect())
        #expect(first.isAlive)
        #expect(
            try second.query("SELECT pg_terminate_backend($1, 60000)", [String(first.backendPID)]).value
                == "t")
        let found = error { try first.query("SELECT 1") }
        #expect(found?.isConnectionLost == true)
        #expect(found?.isRetryable == true)
        #expect(!first.isAlive)
        #expect(error { try first.query("SELECT 1") }?.isConnectionLost == true)
        second.close()
        #expect(error { try second.query("SELECT 1") }?.isConnectionLost == true)
        #expect(!second.isAlive)
    }

    @Test func aServerThatIsNotThereIsRetryable() {
        let found = error {
            _ = try PostgresConnection("host=/nonexistent dbname=x", applicationName: "test")
        }
        #expect(found?.code == .connectionFailed)
        #expect(found?.isRetryable == true)
        #expect(found?.message.contains("/nonexistent") == true)
    }

    @Test func messagesNeverHoldThePassword() throws {
        let strings = [
            "host=/nonexistent password=s3cret-word dbname=x", "host=/nonexistent password=a s3cret-word",
            "password='s3cret-word", "postgresql://u:s3cret-word@[::1/db",
            "postgresql://u:1/s3cret-word@localhost/db",
            "postgresql://u:p/s3cret-word@/db", "s3cret-word", "postgresql://u:%zzs3cret-word@/db",
            "host=/nonexistent password=s3cret-word port=99999999",
        ]
        for string in strings {
            let found = error { _ = try PostgresConnection(string, applicationName: "test") }
            #expect(found?.description.contains("s3cret") == false, "\(string): \(found?.description ?? "")")
            #expect(found?.message.isEmpty == false)
        }
    }
}
