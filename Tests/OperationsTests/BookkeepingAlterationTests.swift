import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// Tables that are altered where no event trigger follows, because `setup` ran without a superuser's rights: whoever
/// writes goes on, and what is written is stamped.
@Suite struct BookkeepingAlterationTests {
    private static let steps = """
        CREATE TABLE plans (id int PRIMARY KEY, name text);
        CREATE TABLE steps (id int PRIMARY KEY, name text, amount int, at timestamptz,
            plan int REFERENCES plans ON DELETE SET NULL);
        """

    private static let tables = [TableName("steps"), TableName("plans")]

    /// A session of a role that owns the tables, and is no superuser.
    private func owned() throws -> PostgresConnection {
        let database = try TestDatabase(Self.steps)
        let sql = try database.connect()
        let role = "owner_\(database.name)"
        try sql.execute(
            """
            CREATE ROLE \(role); GRANT CREATE ON DATABASE \(database.name) TO \(role);
            GRANT CREATE ON SCHEMA public TO \(role);
            ALTER TABLE steps OWNER TO \(role); ALTER TABLE plans OWNER TO \(role); SET ROLE \(role)
            """)
        let report = try Bookkeeping.setup(on: sql, tables: Self.tables)
        #expect(!report.followsAlterations && report.tracked.count == 2)
        return sql
    }

    private func clock(_ sql: PostgresConnection, _ columns: String, of key: String) throws -> [String?] {
        let result = try sql.query("SELECT \(columns) FROM satchel.clock WHERE key = $1", ["\"\(key)\""])
        return result.rowCount > 0 ? result.row(0) : []
    }

    @Test func writesGoOnAndAreStampedAfterColumnsAreRenamedAndDropped() throws {
        let sql = try owned()
        // Written before, so that the session has plans for the columns as they were.
        try sql.execute(
            """
            INSERT INTO steps (id, name, amount) VALUES (1, 'a', 5), (2, 'b', 6), (3, 'c', 7); UPDATE steps SET amount = 8;
            ALTER TABLE steps RENAME amount TO count; ALTER TABLE steps DROP COLUMN name
            """)
        try sql.execute("UPDATE steps SET count = 9 WHERE id = 1")
        #expect(try clock(sql, "columns ? 'count', columns ? 'name'", of: "1") == ["t", "f"])
        try sql.execute("UPDATE steps SET id = 20 WHERE id = 2; DELETE FROM steps WHERE id = 3")
        #expect(try clock(sql, "deleted", of: "20") == ["f"])
        #expect(try clock(sql, "deleted, row ->> 'count', row ? 'name'", of: "2") == ["t", "8", "f"])
        #expect(try clock(sql, "deleted, row ->> 'count', row ? 'amount'", of: "3") == ["t", "8", "f"])
        try sql.execute("INSERT INTO steps (id, count) VALUES (4, 1); TRUNCATE steps")
        #expect(try clock(sql, "deleted, row ->> 'count'", of: "4") == ["t", "1"])
    }

    @Test func theStreamTellsOfWhatMayChangeWhatIsServed() throws {
        let database = try TestDatabase(Self.steps)
        let sql = try database.connect()
        _ = try Bookkeeping.setup(on: sql, tables: Self.tables)
        let slot = "notices_\(database.name)"
        try sql.query("SELECT pg_create_logical_replication_slot($1, 'test_decoding', true)", [slot])
        func notices(_ statement: String) throws -> Int {
            try sql.execute(statement)
            let changes = try sql.query("SELECT data FROM pg_logical_slot_get_changes($1, NULL, NULL)", [slot])
            return changes.rows.count { $0[0]?.contains("prefix: satchel.catalogue") == true }
        }
        for (statement, count) in [
            ("CREATE TABLE notes (id int PRIMARY KEY)", 1), ("ALTER TABLE notes ADD COLUMN note text", 1),
            // Once, not for each trigger that is made anew.
            ("ALTER TABLE steps DROP COLUMN amount", 1), ("DROP TABLE notes", 1),
            ("CREATE PUBLICATION mine FOR TABLE plans; DROP PUBLICATION mine", 2),
            ("CREATE TEMP TABLE own AS SELECT 1 AS id; ALTER TABLE own ADD COLUMN more text", 0),
            ("CREATE INDEX ON steps (name); INSERT INTO steps (id) VALUES (1)", 0),
        ] {
            #expect(try notices(statement) == count, "\(statement)")
        }
        #expect(try Bookkeeping.setup(on: sql, tables: Self.tables).followsAlterations)
        #expect(try notices("SELECT 1") == 1)
    }

    @Test func aColumnThatWasAddedIsStamped() throws {
        let sql = try owned()
        try sql.execute("INSERT INTO steps (id) VALUES (1); ALTER TABLE steps ADD COLUMN \"$1 satchel_now\" text")
        try sql.execute("UPDATE steps SET \"$1 satchel_now\" = 'x'")
        #expect(
            try clock(sql, "columns -> '$1 satchel_now' ->> 0 = version::text, stamp_version < version", of: "1")
                == ["t", "t"])
    }

    /// The values of a deleted row do not depend on the session, and what the session had set stays.
    @Test func textIsWrittenUnderPinnedSettingsThatTheSessionDoesNotKeep() throws {
        let sql = try owned()
        try sql.execute("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'")
        try sql.execute(
            """
            INSERT INTO steps (id, at) VALUES (1, '2024-01-02 03:04:05+00'); ALTER TABLE steps RENAME at TO seen;
            BEGIN; UPDATE steps SET id = 2; COMMIT
            """)
        #expect(try clock(sql, "row ->> 'seen'", of: "1") == ["2024-01-02 03:04:05+00"])
        #expect(try sql.query("SELECT seen FROM steps").value == "02.01.2024 12:04:05 JST")
    }

    @Test(arguments: [false, true])
    func aReferenceThatIsSetToNullIsKeptAfterEitherTableWasAltered(byEventTrigger: Bool) throws {
        let sql = try owned()
        if byEventTrigger {
            try sql.execute("RESET ROLE")
            #expect(try Bookkeeping.setup(on: sql, tables: Self.tables).followsAlterations)
        }
        try sql.execute(
            """
            INSERT INTO plans VALUES (1), (2); INSERT INTO steps (id, plan) VALUES (1, 1), (2, 2);
            UPDATE steps SET name = 'x'; ALTER TABLE plans RENAME id TO number; DELETE FROM plans WHERE number = 1;
            ALTER TABLE steps RENAME plan TO plan_id; DELETE FROM plans WHERE number = 2
            """)
        #expect(
            try sql.query("SELECT key, row ->> 'plan', row ->> 'plan_id' FROM satchel.nulled ORDER BY key").rows
                == [["\"1\"", "1", nil], ["\"2\"", nil, "2"]])
    }

    @Test func aTableWithoutAKeyIsWrittenAndOneOfAnotherNameIsStampedUnderIt() throws {
        let sql = try owned()
        // PostgreSQL itself refuses to update what is published and has no identity.
        try sql.execute(
            """
            ALTER TABLE steps DROP COLUMN id, REPLICA IDENTITY FULL; INSERT INTO steps (name) VALUES ('a');
            UPDATE steps SET name = 'b'; DELETE FROM steps
            """)
        #expect(try sql.query("SELECT count(*) FROM satchel.clock").value == "0")
        try sql.execute("ALTER TABLE plans RENAME TO goals; INSERT INTO goals VALUES (1)")
        #expect(try sql.query("SELECT relation FROM satchel.clock").rows == [["public.goals"]])
    }

    @Test func setupAgainBringsTheTriggersUpToDateAndStaleOnesAreFound() throws {
        let sql = try owned()
        #expect(try Bookkeeping.staleTables(on: sql).isEmpty)
        try sql.execute("ALTER TABLE steps RENAME amount TO count")
        #expect(try Bookkeeping.staleTables(on: sql) == [TableName("steps")])
        _ = try Bookkeeping.setup(on: sql, tables: Self.tables)
        #expect(try Bookkeeping.staleTables(on: sql).isEmpty)
        // The columns are the same ones, the key is another.
        try sql.execute("ALTER TABLE plans DROP CONSTRAINT plans_pkey CASCADE, ADD PRIMARY KEY (name)")
        #expect(try Bookkeeping.staleTables(on: sql) == [TableName("plans"), TableName("steps")])
        try sql.execute("RESET ROLE")
        _ = try Bookkeeping.setup(on: sql, tables: Self.tables)
        try sql.execute("ALTER TABLE steps RENAME count TO amount")
        #expect(try Bookkeeping.staleTables(on: sql).isEmpty)
        try sql.execute("DROP EVENT TRIGGER satchel_follow_ddl")
        #expect(try Bookkeeping.staleTables(on: sql) == [TableName("plans"), TableName("steps")])
    }
}
