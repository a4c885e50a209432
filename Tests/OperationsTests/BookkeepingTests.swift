import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

@Suite struct BookkeepingTests {
    private static let steps = """
        CREATE TABLE steps (
            id int PRIMARY KEY, name text, done boolean, score numeric, config jsonb, code char(4), host inet);
        """

    private func installed(_ setup: String = steps, _ tables: [String] = ["steps"]) throws -> PostgresConnection {
        let connection = try TestDatabase(setup).connect()
        _ = try Bookkeeping.setup(on: connection, tables: tables.map { TableName(name: $0) })
        return connection
    }

    private func clock(_ connection: PostgresConnection, _ columns: String, key: String = "\"1\"") throws -> [String?] {
        let result = try connection.query("SELECT \(columns) FROM satchel.clock WHERE key = $1", [key])
        return result.rowCount > 0 ? result.row(0) : []
    }

    @Test func plainSQLIsStampedInsertByInsertAndColumnByColumn() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps (id, name) VALUES (1, 'a')")
        let inserted = try clock(
            sql, "version = stamp_version, clock = stamp_clock, stamp_replica, stamp_seq, columns, deleted")
        #expect(inserted == ["t", "t", "", "0", "{}", "f"])
        try sql.execute("UPDATE steps SET name = 'b', done = done WHERE id = 1")
        let updated = try clock(
            sql,
            """
            version > stamp_version, (columns -> 'name' ->> 0)::bigint = version,
            (columns -> 'name' ->> 1)::bigint = clock, columns -> 'name' ->> 2, columns -> 'name' ->> 3,
            (SELECT count(*) FROM jsonb_object_keys(columns)), clock > stamp_clock
            """)
        #expect(updated == ["t", "t", "t", "", "0", "1", "t"])
    }

    @Test func theClockMovesPastAStoredOneThatIsAhead() throws {
        let sql = try installed()
        try sql.execute(
            """
            INSERT INTO steps (id) VALUES (1);
            UPDATE satchel.clock SET clock = 9000000000000000;
            UPDATE steps SET name = 'b', done = true
            """)
        let ahead = try clock(sql, "clock, columns -> 'name' ->> 1, columns -> 'done' ->> 1")
        #expect(ahead == ["9000000000000001", "9000000000000001", "9000000000000001"])
    }

    @Test func anUpdateThatChangesNothingIsNotStamped() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps VALUES (1, 'a', true, 1.0, '{\"a\": 1}', 'x', '10.0.0.1')")
        let before = try clock(sql, "version, clock, columns")
        try sql.execute("UPDATE steps SET name = name, score = 1.0, config = '{\"a\":1}', code = 'x', done = true")
        #expect(try clock(sql, "version, clock, columns") == before)
        // Equal for SQL, but not in their text.
        try sql.execute("UPDATE steps SET score = 1.00")
        #expect(try clock(sql, "columns ? 'score', columns ? 'name'") == ["t", "f"])
    }

    @Test func aDeletedRowLeavesItsLastValuesInTextForm() throws {
        let sql = try installed()
        try sql.execute("SET DateStyle = 'SQL, DMY'")
        try sql.execute("INSERT INTO steps VALUES (1, 'a', true, 1.50, '{\"a\": 1}', 'x', '10.0.0.1')")
        try sql.execute("UPDATE steps SET name = NULL")
        let stamped = try clock(sql, "stamp_version, columns")
        try sql.execute("BEGIN; DELETE FROM steps")
        let transaction = try sql.query("SELECT pg_current_xact_id()").value
        try sql.execute("COMMIT")
        let row = try clock(
            sql,
            """
            row ->> 'id', row ->> 'name', row ? 'name', row ->> 'done', row ->> 'score', row ->> 'config',
            row ->> 'code', row ->> 'host', deleted, deleted_by, deleted_replica, deleted_seq
            """)
        #expect(
            row == ["1", nil, "t", "t", "1.50", "{\"a\": 1}", "x   ", "10.0.0.1", "t", transaction, "", "0"])
        #expect(try clock(sql, "stamp_version, columns") == stamped)
        try sql.execute("INSERT INTO steps (id) VALUES (1)")
        #expect(try clock(sql, "deleted, row, deleted_by, columns") == ["f", nil, nil, "{}"])
    }

    @Test func aChangedKeyIsADeleteAndAnInsert() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps (id, name) VALUES (1, 'a'), (2, 'b')")
        try sql.execute("UPDATE steps SET id = id - 1, name = name || '!'")
        #expect(try clock(sql, "deleted, row ->> 'name'", key: "\"2\"") == ["t", "b"])
        // Key 1 was the first row's and is the second row's now.
        #expect(try clock(sql, "deleted, columns ? 'name', stamp_version < version") == ["f", "t", "t"])
        #expect(try clock(sql, "deleted, stamp_version = version", key: "\"0\"") == ["f", "t"])
    }

    /// The images of both come in one pair of transition tables.
    @Test func aRowThatTwoCascadesOfAStatementReachIsStampedOnce() throws {
        let setup = """
            CREATE TABLE parts (
                id int PRIMARY KEY, a int REFERENCES parts ON DELETE SET NULL ON UPDATE CASCADE,
                b int REFERENCES parts ON DELETE SET NULL ON UPDATE CASCADE, name text);
            CREATE TABLE pairs (
                a int REFERENCES parts ON DELETE CASCADE ON UPDATE CASCADE,
                b int REFERENCES parts ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (a, b));
            """
        let sql = try installed(setup, ["parts", "pairs"])
        try sql.execute(
            """
            INSERT INTO parts VALUES (1, NULL, NULL), (2, 1, 1), (3, 2, 2);
            INSERT INTO pairs VALUES (1, 1), (2, 2), (1, 2);
            UPDATE parts SET id = 11 WHERE id = 1
            """)
        #expect(
            try clock(sql, "deleted, columns ? 'a', columns ? 'b', columns ? 'name'", key: "\"2\"")
                == ["f", "t", "t", "f"])
        let pairs = "SELECT key FROM satchel.clock WHERE relation = 'public.pairs' AND NOT deleted ORDER BY 1"
        #expect(try sql.query(pairs).rows == [["\"11\"/\"11\""], ["\"11\"/\"2\""], ["\"2\"/\"2\""]])
        try sql.execute("DELETE FROM parts WHERE id = 11")
        #expect(try sql.query("SELECT a, b FROM parts WHERE id = 2").row(0) == [nil, nil])
        let nulled = "SELECT key, reference, row ->> 'id' FROM satchel.nulled ORDER BY reference"
        #expect(
            try sql.query(nulled).rows == [["\"2\"", "parts_a_fkey", "2"], ["\"2\"", "parts_b_fkey", "2"]])
        // A row that is written and reached by a cascade, in one statement.
        try sql.execute("WITH gone AS (DELETE FROM parts WHERE id = 2) UPDATE parts SET name = 'x' WHERE id = 3")
        #expect(
            try clock(sql, "columns ? 'a', columns ? 'b', columns ? 'name', columns = '{}'", key: "\"3\"")
                == ["t", "t", "t", "f"])
        try sql.execute("DELETE FROM parts")
        #expect(try sql.query("SELECT count(*) FROM satchel.clock WHERE NOT deleted").value == "0")
    }

    @Test func truncateLeavesTombstones() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps (id, name) VALUES (1, 'a'), (2, 'b'); TRUNCATE steps")
        let deleted = try sql.query("SELECT key, row ->> 'name' FROM satchel.clock WHERE deleted ORDER BY key").rows
        #expect(deleted == [["\"1\"", "a"], ["\"2\"", "b"]])
    }

    @Test func keysAreSpelledAsRowKeyDoes() throws {
        let setup = """
            CREATE TYPE mood AS ENUM ('so/so');
            CREATE TABLE keys (
                a text, b boolean, c int8, d timestamptz, e char(3), f mood, g bytea, h float8, i uuid, j inet,
                PRIMARY KEY (a, b, c, d, e, f, g, h, i, j))
            """
        let sql = try installed(setup, ["keys"])
        try sql.execute(
            """
            SET TimeZone = 'Europe/Berlin'; SET DateStyle = 'German'; SET extra_float_digits = -3;
            INSERT INTO keys VALUES ('a/"é', true, -5, '2024-02-03 04:05:06.7+00', 'x', 'so/so', '\\x2f', 0.1,
                'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '10.1.2.3')
            """)
        let pinned = try withPinnedSettings(sql)
        let values = try pinned.query("SELECT * FROM keys").row(0).map { Value($0) }
        let stored = try pinned.query("SELECT key FROM satchel.clock").value ?? ""
        #expect(RowKey(text: Text(stored)) == RowKey(values: values))
        try sql.execute("UPDATE keys SET c = 6; DELETE FROM keys")
        #expect(try pinned.query("SELECT count(*) FROM satchel.clock WHERE deleted").value == "2")
    }

    @Test func anOrdinaryRoleWritesWithoutAnyRightInTheSchema() throws {
        let role = "writer_\(UInt32.random(in: 0 ... .max))"
        let sql = try installed(
            "\(Self.steps) CREATE ROLE \(role); GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON steps TO \(role)")
        try sql.execute("SET ROLE \(role)")
        try sql.execute("INSERT INTO steps (id) VALUES (1); UPDATE steps SET name = 'x'; DELETE FROM steps")
        try sql.execute("INSERT INTO steps (id) VALUES (2); TRUNCATE steps")
        #expect(throws: PostgresError.self) { try sql.query("SELECT * FROM satchel.clock") }
        #expect(throws: PostgresError.self) { try sql.query("SELECT satchel.track('steps')") }
        try sql.execute("RESET ROLE")
        #expect(try sql.query("SELECT count(*) FROM satchel.clock WHERE deleted").value == "2")
        try sql.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test func writesOfAReplicationApplyWorkerAreStampedToo() throws {
        let sql = try installed()
        try sql.execute("SET session_replication_role = replica; INSERT INTO steps (id) VALUES (1)")
        #expect(try clock(sql, "deleted") == ["f"])
    }

    @Test func triggersFollowAlteredTables() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps (id, name) VALUES (1, 'a')")
        try sql.execute("ALTER TABLE steps DROP COLUMN score, ADD COLUMN \"Größe \"\"x\" int")
        try sql.execute("ALTER TABLE steps RENAME COLUMN done TO finished")
        try sql.execute("UPDATE steps SET \"Größe \"\"x\" = 1, finished = true")
        #expect(try clock(sql, "columns ? 'Größe \"x', columns ? 'finished'") == ["t", "t"])
        try sql.execute("ALTER TABLE steps DROP CONSTRAINT steps_pkey")
        // No key, no clock.
        #expect(try sql.query("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'satchel_%'").value == "0")
    }

    @Test func anOwnerWithoutRightsAltersRenamesAndDropsItsTable() throws {
        let role = "owner_\(UInt32.random(in: 0 ... .max))"
        let sql = try installed("\(Self.steps) CREATE ROLE \(role); ALTER TABLE steps OWNER TO \(role)")
        try sql.execute("GRANT CREATE ON SCHEMA public TO \(role); SET ROLE \(role)")
        try sql.execute(
            "INSERT INTO steps (id) VALUES (1); ALTER TABLE steps DROP COLUMN score; UPDATE steps SET name = 'x'")
        try sql.execute("ALTER TABLE steps RENAME TO stages")
        try sql.execute("UPDATE stages SET name = 'y'; DELETE FROM stages; DROP TABLE stages")
        try sql.execute("RESET ROLE")
        let relations = try sql.query("SELECT relation, deleted FROM satchel.clock ORDER BY 1").rows
        #expect(relations == [["public.stages", "t"], ["public.steps", "f"]])
        try sql.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test func aChangedKeyLeavesTextUnderPinnedSettingsWhateverTheSession() throws {
        let sql = try installed("CREATE TABLE steps (id int PRIMARY KEY, at timestamptz, score float8, data bytea)")
        try sql.execute(
            """
            SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET extra_float_digits = -5;
            SET bytea_output = 'escape';
            INSERT INTO steps VALUES (1, '2024-01-02 03:04:05+00', 0.1234567890123, 'a');
            UPDATE steps SET id = 2
            """)
        #expect(
            try clock(sql, "row ->> 'at', row ->> 'score', row ->> 'data'")
                == ["2024-01-02 03:04:05+00", "0.1234567890123", "\\x61"])
    }

    @Test func aPartitionedTableIsTrackedThroughItsRoot() throws {
        let setup = """
            CREATE TABLE steps (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
            CREATE TABLE steps_low PARTITION OF steps FOR VALUES FROM (0) TO (10);
            CREATE TABLE steps_high PARTITION OF steps FOR VALUES FROM (10) TO (20);
            """
        let sql = try installed(setup)
        try sql.execute("INSERT INTO steps VALUES (1, 'a'), (2, 'b'); UPDATE steps SET name = 'c' WHERE id = 2")
        try sql.execute("UPDATE steps SET id = 12 WHERE id = 2; TRUNCATE steps")
        let rows = try sql.query("SELECT key, deleted, row ->> 'name' FROM satchel.clock ORDER BY key").rows
        #expect(
            rows
                == [["\"12\"", "t", "c"], ["\"1\"", "t", "a"], ["\"2\"", "t", "c"]].sorted {
                    ($0[0] ?? "") < ($1[0] ?? "")
                })
    }

    @Test func setupIsRepeatableAndTracksExactlyWhatItIsGiven() throws {
        let setup = "\(Self.steps) CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE log (line text)"
        let sql = try installed(setup, ["steps", "other"])
        try sql.execute("INSERT INTO other VALUES (1)")
        let before = try sql.query("SELECT oid FROM pg_trigger WHERE tgname LIKE 'satchel_%' ORDER BY 1").rows
        let report = try Bookkeeping.setup(on: sql, tables: ["log", "steps", "other"].map { TableName(name: $0) })
        #expect(report.tracked.map(\.name) == ["other", "steps"])
        #expect(report.refused.map(\.table.name) == ["log"])
        #expect(report.followsAlterations)
        #expect(try sql.query("SELECT oid FROM pg_trigger WHERE tgname LIKE 'satchel_%' ORDER BY 1").rows == before)
        _ = try Bookkeeping.setup(on: sql, tables: [TableName(name: "steps")])
        try sql.execute("INSERT INTO other VALUES (2)")
        #expect(try sql.query("SELECT count(*) FROM satchel.clock").value == "1")
        let published = try Bookkeeping.tables(publishedBy: [Bookkeeping.defaultPublication], on: sql)
        #expect(published == [TableName(name: "steps")])
        #expect(
            try sql.query("SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'satchel'").rows
                == [["satchel", "clock"]])
    }

    @Test func aPublicationOfSomebodyElseIsLeftAlone() throws {
        let connection = try TestDatabase(
            "\(Self.steps) CREATE TABLE other (id int PRIMARY KEY); CREATE PUBLICATION mine FOR TABLE other"
        ).connect()
        _ = try Bookkeeping.setup(on: connection, tables: [TableName(name: "steps")], publication: "mine")
        #expect(try Bookkeeping.tables(publishedBy: ["mine"], on: connection) == [TableName(name: "other")])
        try Bookkeeping.teardown(on: connection)
        #expect(try connection.query("SELECT pubname FROM pg_publication").rows == [["mine"]])
    }

    @Test func teardownRemovesEverything() throws {
        let sql = try installed()
        try sql.execute("INSERT INTO steps (id) VALUES (1)")
        try Bookkeeping.teardown(on: sql)
        let left = try sql.query(
            """
            SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'satchel%'),
                (SELECT count(*) FROM pg_namespace WHERE nspname = 'satchel'),
                (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_event_trigger),
                (SELECT count(*) FROM steps)
            """
        ).row(0)
        #expect(left == ["0", "0", "0", "0", "1"])
        #expect(try !Bookkeeping.isInstalled(on: sql))
        try sql.execute("UPDATE steps SET name = 'still writable'")
        try Bookkeeping.teardown(on: sql)
        _ = try Bookkeeping.setup(on: sql, tables: [TableName(name: "steps")])
    }

    @Test func anUnknownTableOrFormatIsNamed() throws {
        let sql = try installed()
        let table = #expect(throws: PostgresError.self) {
            try Bookkeeping.setup(on: sql, tables: [TableName(name: "nowhere")])
        }
        #expect(table?.message.contains("public.nowhere") == true)
        try sql.execute("UPDATE satchel.meta SET value = '99' WHERE name = 'format'")
        let format = #expect(throws: PostgresError.self) {
            try Bookkeeping.setup(on: sql, tables: [TableName(name: "steps")])
        }
        #expect(format?.message.contains("format 99") == true)
    }

    /// Makes the session's text forms what Satchel's own connections have.
    private func withPinnedSettings(_ connection: PostgresConnection) throws -> PostgresConnection {
        try connection.execute(
            "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, DMY'; SET extra_float_digits = 1; SET bytea_output = 'hex'")
        return connection
    }

    @Test func aTombstoneGoesOnceNoReplicaCanNeedIt() throws {
        let sql = try installed()
        try sql.execute(
            """
            INSERT INTO steps (id) VALUES (1), (2), (3), (4); DELETE FROM steps WHERE id < 4;
            UPDATE satchel.clock SET clock = (extract(epoch FROM now() - interval '8 days') * 1000000)::bigint
            WHERE key IN ('"1"', '"4"');
            UPDATE satchel.clock SET clock = (extract(epoch FROM now() - interval '30 days') * 1000000)::bigint
            WHERE key = '"2"';
            INSERT INTO satchel.replica (id, user_name, seen_at) VALUES ('here', 'ana', now()),
                ('away', 'ben', now() - interval '20 days'), ('lost', 'eva', now() - interval '91 days')
            """)
        // One may still be offline with changes in a row that went after it was seen.
        #expect(try Bookkeeping.collect(on: sql) == 1)
        let left = "SELECT string_agg(key, ' ' ORDER BY key) FROM satchel.clock"
        #expect(try sql.query(left).value == #""1" "3" "4""#)
        try sql.execute("UPDATE satchel.replica SET seen_at = now() WHERE id = 'away'")
        #expect(try Bookkeeping.collect(on: sql) == 1)
        // Young ones, and those of living rows, stay.
        #expect(try sql.query(left).value == #""3" "4""#)
    }
}
