import Postgres
import SyncModel
import Testing

/// A row that comes back gets the references back that its delete had set to null.
@Suite struct NulledReferenceTests {
    private static let tables = """
        CREATE TABLE steps (id int PRIMARY KEY, name text, day date DEFAULT '2026-02-01', UNIQUE (id, day));
        CREATE TABLE comments (
            id int PRIMARY KEY, step_id int REFERENCES steps ON DELETE SET NULL, content text,
            other_id int, other_day date,
            CONSTRAINT other FOREIGN KEY (other_id, other_day) REFERENCES steps (id, day)
                ON DELETE SET NULL (other_id));
        INSERT INTO steps (id) VALUES (1), (2);
        """

    /// Three comments on step 1; it goes, `change` happens, and an update that had not seen its end arrives.
    private func comments(after change: String, delete: String = "DELETE FROM steps WHERE id = 1") throws -> [String] {
        let fixture = try OperationFixture(Self.tables)
        try fixture.sql.execute(
            """
            UPDATE steps SET name = 'old';
            INSERT INTO comments (id, step_id, content) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')
            """)
        let base = try fixture.version("steps", 1)
        try fixture.sql.execute(delete)
        try fixture.sql.execute(change)
        var ben = Device("ben")
        let verdict = try ben.sends(to: fixture, .update, "steps", 1, ["name": "new"], at: 1 << 60, base: base)
        #expect(verdict.outcome == .applied)
        return try fixture.rows("SELECT id, step_id FROM comments ORDER BY id")
    }

    @Test func theyComeBack() throws {
        #expect(try comments(after: "") == ["1|1", "2|1", "3|2"])
        #expect(try comments(after: "UPDATE comments SET content = 'edited'") == ["1|1", "2|1", "3|2"])
    }

    @Test func whatSomebodyChangedSinceStays() throws {
        #expect(try comments(after: "UPDATE comments SET step_id = 2 WHERE id = 1") == ["1|2", "2|1", "3|2"])
        let cleared = "UPDATE comments SET step_id = 2 WHERE id = 1; UPDATE comments SET step_id = NULL WHERE id = 1"
        #expect(try comments(after: cleared) == ["1|∅", "2|1", "3|2"])
        #expect(try comments(after: "DELETE FROM comments WHERE id = 2") == ["1|1", "3|2"])
    }

    @Test func whatTheDeleterClearedByHandStays() throws {
        let delete = "BEGIN; UPDATE comments SET step_id = NULL WHERE id = 1; DELETE FROM steps WHERE id = 1; COMMIT"
        #expect(try comments(after: "", delete: delete) == ["1|∅", "2|1", "3|2"])
    }

    @Test func theyKeepTheirClocks() throws {
        let fixture = try OperationFixture(Self.tables)
        var ana = Device("ana")
        ana.add(.insert, "comments", 1, ["step_id": "1", "content": "a"], at: 500)
        _ = try ana.send(to: fixture)
        let base = try fixture.version("steps", 1)
        try ana.sends(to: fixture, .delete, "steps", 1, base: base)
        #expect(try fixture.rows("SELECT step_id FROM comments") == ["∅"])
        var ben = Device("ben")
        try ben.sends(to: fixture, .update, "steps", 1, ["name": "new"], at: 1 << 60, base: base)
        #expect(try fixture.rows("SELECT step_id FROM comments") == ["1"])
        #expect(
            try fixture.rows(
                """
                SELECT columns -> 'step_id' ->> 1, columns -> 'step_id' ->> 2, stamp_replica
                FROM satchel.clock WHERE relation = 'public.comments'
                """) == ["500|ana|ana"])
        #expect(try fixture.rows("SELECT count(*) FROM satchel.nulled") == ["0"])
    }

    /// Of a composite reference only some columns may become null.
    @Test func aCompositeReferenceComesBackWithTheColumnsThatWent() throws {
        let fixture = try OperationFixture(Self.tables)
        try fixture.sql.execute("INSERT INTO comments (id, other_id, other_day) VALUES (1, 1, '2026-02-01')")
        let base = try fixture.version("steps", 1)
        try fixture.sql.execute("SET DateStyle = 'SQL, DMY'; DELETE FROM steps WHERE id = 1")
        #expect(try fixture.rows("SELECT other_id FROM comments") == ["∅"])
        var ben = Device("ben")
        try ben.sends(to: fixture, .update, "steps", 1, ["name": "new"], at: 1 << 60, base: base)
        #expect(try fixture.rows("SELECT other_id FROM comments") == ["1"])
    }
}
