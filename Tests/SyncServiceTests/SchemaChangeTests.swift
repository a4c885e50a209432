import Postgres
import PostgresTesting
import Shapes
import SyncModel
import Testing

@testable import SyncService

/// The database changes shape while readers follow: those that can go on do so without fetching anything anew.
@Suite struct SchemaChangeTests {
    private static let sql = """
        CREATE TABLE teams (id int4 PRIMARY KEY, name text);
        CREATE TABLE items (id int4 PRIMARY KEY, team_id int4 REFERENCES teams, name text, score int4);
        INSERT INTO teams VALUES (1, 'a'), (2, 'b');
        INSERT INTO items SELECT i, i % 2 + 1, 'item ' || i, i FROM generate_series(1, 20) i;
        """
    private static let all = #"{"root_table": "items"}"#
    private static let names = #"{"root_table": "items", "where": "score < 5", "select": ["id", "name"]}"#
    private static let teams = #"{"root_table": "teams"}"#

    private func followers(_ definitions: [String], _ fixture: ServiceFixture) throws -> [ShapeFollower] {
        try definitions.map { definition in
            var follower = try ShapeFollower(definition, port: fixture.port)
            try follower.read()
            #expect(follower.ended == nil)
            return follower
        }
    }

    /// DDL, and a change that makes the stream speak of it; then until the mirror has the new catalogue.
    private func change(_ ddl: String, _ then: String, _ fixture: ServiceFixture) async throws {
        let mirror = fixture.service.mirror
        let tag = mirror.state.schemaTag
        try fixture.connection.execute(ddl)
        try fixture.connection.execute(then)
        await eventually { mirror.state.schemaTag != tag && mirror.state.pending == nil }
        try await fixture.caughtUp()
    }

    @Test func anAddedColumnComesAsChangesOfTheRowsThatHaveAValue() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try followers([Self.all, Self.names, Self.teams], fixture)
        let before = held
        try await change(
            "ALTER TABLE items ADD COLUMN colour text; UPDATE items SET colour = 'red' WHERE id IN (2, 3)",
            "UPDATE teams SET name = 'c' WHERE id = 2", fixture)
        for index in held.indices {
            try held[index].read()
            #expect(!held[index].isReset && held[index].handle == before[index].handle)
        }
        #expect(held[0].told == [#"update items "2" id=2,colour=red"#, #"update items "3" id=3,colour=red"#])
        #expect(held[1].told.allSatisfy { !$0.contains("colour") })
        #expect(held[2].told == [#"update teams "2" id=2,name=c"#])
        try fixture.connection.execute("INSERT INTO items VALUES (30, 1, 'new', 3, 'blue')")
        try await fixture.caughtUp()
        try held[0].read()
        try held[1].read()
        #expect(held[0].told == [#"insert items "30" id=30,team_id=1,name=new,score=3,colour=blue"#])
        #expect(held[1].told == [#"insert items "30" id=30,name=new"#])
        // A late reader gets the old snapshot and the log, which says what was added.
        var late = try ShapeFollower(Self.all, port: fixture.port)
        try late.read()
        #expect(late.handle == held[0].handle)
        #expect(late.rows[TableName("items")]?[RowKey(values: ["3"])]?["colour"] == "red")
        await fixture.stop()
    }

    @Test func aDefaultComesToEveryRow() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try followers([Self.all], fixture)
        try await change(
            "ALTER TABLE items ADD COLUMN colour text DEFAULT 'red'", "UPDATE items SET name = 'x' WHERE id = 1",
            fixture)
        try held[0].read()
        #expect(!held[0].isReset && held[0].messages.count >= 20)
        try held[0].expectRows(of: "items", "SELECT * FROM items", fixture.connection)
        await fixture.stop()
    }

    @Test func aDroppedColumnEndsTheShapesThatNameItOnly() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let selected = #"{"root_table": "items", "select": ["id", "name"]}"#
        var held = try followers([Self.all, Self.names, selected], fixture)
        var behind = held[0]
        let before = held
        try fixture.connection.execute("UPDATE items SET name = 'before' WHERE id = 1")
        try await fixture.caughtUp()
        for index in held.indices { try held[index].read() }
        try await change("ALTER TABLE items DROP COLUMN score", "UPDATE items SET name = 'x' WHERE id = 7", fixture)
        for index in held.indices { try held[index].read() }
        #expect(held[1].ended?.code == "schema_changed")
        #expect(held[1].ended?.message.contains("column public.items.score was dropped") == true)
        for index in [0, 2] {
            #expect(!held[index].isReset && held[index].handle == before[index].handle)
            #expect(held[index].told == [#"update items "7" id=7,name=x"#])
        }
        // One that had not come as far is of other columns.
        try behind.read()
        #expect(behind.isReset && behind.handle != held[0].handle)
        try behind.expectRows(of: "items", "SELECT * FROM items", fixture.connection)
        await fixture.stop()
        let again = try await fixture.restarted()
        held[0] = held[0].moved(to: again.port)
        held[1] = held[1].moved(to: again.port)
        try again.connection.execute("UPDATE items SET name = 'y' WHERE id = 8")
        try await again.caughtUp()
        try held[0].read()
        #expect(!held[0].isReset && held[0].told == [#"update items "8" id=8,name=y"#])
        try held[1].read()
        #expect(held[1].ended?.message.contains("score was dropped") == true)
        await again.stop()
    }

    @Test func renamedAndRetypedColumnsEndTheShapesThatUseThem() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let ids = #"{"root_table": "items", "select": ["id"]}"#
        var held = try followers([Self.all, Self.names, ids, Self.teams], fixture)
        try await change(
            "ALTER TABLE items RENAME COLUMN name TO title", "UPDATE items SET title = 'x' WHERE id = 7", fixture)
        for index in held.indices { try held[index].read() }
        for index in [0, 1] {
            #expect(held[index].ended?.message.contains("column public.items.name was renamed to title") == true)
        }
        for index in [2, 3] { #expect(held[index].ended == nil && !held[index].isReset) }

        let scores = #"{"root_table": "items", "where": "score < 5", "select": ["id"]}"#
        held = try followers([scores, ids], fixture)
        try await change(
            "ALTER TABLE items ALTER COLUMN score TYPE numeric", "UPDATE items SET score = 1 WHERE id = 7", fixture)
        for index in held.indices { try held[index].read() }
        #expect(held[0].ended?.message.contains("column public.items.score has another type") == true)
        #expect(held[1].ended == nil && !held[1].isReset)
        await fixture.stop()
    }

    @Test func tablesThatComeAndGoDisturbNobodyElse() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let orphans = #"{"root_table": "teams", "where": "id NOT IN (SELECT team_id FROM items)"}"#
        var held = try followers([Self.teams, orphans], fixture)
        let before = held
        try await change(
            """
            CREATE TABLE public.notes (id int4 PRIMARY KEY, note text); INSERT INTO public.notes VALUES (1, 'x');
            ALTER PUBLICATION satchel_tables ADD TABLE public.notes
            """, "INSERT INTO public.notes VALUES (2, 'y')", fixture)
        var notes = try ShapeFollower(#"{"root_table": "notes"}"#, port: fixture.port)
        try notes.read()
        #expect(notes.ended == nil)
        try notes.expectRows(of: "notes", "SELECT * FROM public.notes", fixture.connection)
        try fixture.connection.execute(
            "INSERT INTO public.notes VALUES (3, 'z'); UPDATE teams SET name = 'q' WHERE id = 1")
        try await fixture.caughtUp()
        try notes.read()
        #expect(notes.told == [#"insert notes "3" id=3,note=z"#])
        try held[0].read()
        #expect(held[0].handle == before[0].handle && held[0].told == [#"update teams "1" id=1,name=q"#])

        try await change("DROP TABLE public.notes", "UPDATE teams SET name = 'r' WHERE id = 1", fixture)
        try notes.read()
        #expect(notes.ended?.message.contains("table public.notes was dropped") == true)
        try await change(
            "ALTER PUBLICATION satchel_tables DROP TABLE items", "UPDATE teams SET name = 's' WHERE id = 1", fixture)
        for index in held.indices { try held[index].read() }
        #expect(held[1].ended?.message.contains("table public.items was dropped, or is no longer published") == true)
        #expect(held[0].ended == nil && held[0].handle == before[0].handle)
        try held[0].expectRows(of: "teams", "SELECT * FROM teams", fixture.connection)
        await fixture.stop()
    }

    @Test func aChangedKeyEndsTheTablesShapes() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try followers([Self.all, Self.teams], fixture)
        try await change(
            "ALTER TABLE items DROP CONSTRAINT items_pkey; ALTER TABLE items ADD PRIMARY KEY (id, score)",
            "UPDATE items SET name = 'x' WHERE id = 7", fixture)
        for index in held.indices { try held[index].read() }
        #expect(held[0].ended?.message.contains("primary key of table public.items changed") == true)
        #expect(held[1].ended == nil && !held[1].isReset)
        var anew = try ShapeFollower(#"{"root_table": "items", "where": "id > 0"}"#, port: fixture.port)
        try anew.read()
        try anew.expectRows(of: "items", "SELECT * FROM items", fixture.connection)
        await fixture.stop()
    }

    /// The column is gone again when the catalogue is looked at; the stream still speaks of it.
    @Test func aColumnThatCameAndWentIsPassedOver() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try followers([Self.all, Self.teams], fixture)
        let before = held
        try fixture.connection.execute("UPDATE teams SET name = 'first' WHERE id = 1")
        await fixture.stop()
        try fixture.connection.execute(
            """
            ALTER TABLE items ADD COLUMN passing text; UPDATE items SET passing = 'x', name = 'seen' WHERE id = 3;
            ALTER TABLE items DROP COLUMN passing; UPDATE teams SET name = 'second' WHERE id = 1
            """)
        let again = try await fixture.restarted()
        let mirror = again.service.mirror
        await eventually { mirror.state.pending == nil && mirror.state.position?.unsettled == nil }
        try await again.caughtUp()
        for index in held.indices {
            held[index] = held[index].moved(to: again.port)
            try held[index].read()
            #expect(!held[index].isReset && held[index].handle == before[index].handle)
        }
        #expect(held[0].told == [#"update items "3" id=3,name=seen"#])
        try held[1].expectRows(of: "teams", "SELECT * FROM teams", again.connection)
        await again.stop()
    }

    // MARK: - Another table under the same name

    private static let items =
        "CREATE TABLE public.items (id int4 PRIMARY KEY, team_id int4 REFERENCES teams, name text, score int4);"

    private func expectItems(
        _ held: [ShapeFollower], _ before: [ShapeFollower], _ connection: PostgresConnection
    ) throws {
        for (follower, before) in zip(held, before) {
            #expect(!follower.isReset && follower.ended == nil && follower.handle == before.handle)
        }
        try held[0].expectRows(of: "items", "SELECT * FROM items", connection)
    }

    @Test func aTableThatTakesAnothersPlaceIsReadAnew() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        var held = try followers([Self.all, Self.teams], fixture)
        let before = held
        try fixture.connection.execute(
            """
            BEGIN; DROP TABLE items; \(Self.items) ALTER PUBLICATION satchel_tables ADD TABLE public.items;
            INSERT INTO public.items VALUES (3, 1, 'other', 1); COMMIT
            """)
        try await fixture.caughtUp()
        for index in held.indices { try held[index].read() }
        try expectItems(held, before, fixture.connection)
        #expect(held[0].messages.count == 20)

        try fixture.connection.execute(
            """
            CREATE TABLE public.next (id int4 PRIMARY KEY, team_id int4 REFERENCES teams, name text, score int4);
            INSERT INTO public.next VALUES (4, 2, 'next', 1), (5, 2, 'next', 1); ALTER PUBLICATION satchel_tables ADD TABLE public.next
            """)
        try fixture.connection.execute("UPDATE public.next SET score = 2 WHERE id = 4")
        await eventually { mirror.catalogue?[TableName(name: "next")] != nil && mirror.state.pending == nil }
        try fixture.connection.execute(
            """
            BEGIN; ALTER TABLE items RENAME TO items_old; ALTER TABLE public.next RENAME TO items; COMMIT;
            UPDATE items SET score = 3 WHERE id = 5
            """)
        try await fixture.caughtUp()
        for index in held.indices { try held[index].read() }
        try expectItems(held, before, fixture.connection)
        await fixture.stop()
    }

    /// Nothing in the stream tells of it.
    @Test func whatWasWrittenWhileATableWasNotPublishedComesAsWell() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        var held = try followers([Self.all, Self.teams], fixture)
        let before = held
        await fixture.stop()
        try fixture.connection.execute("ALTER PUBLICATION satchel_tables DROP TABLE items")
        try fixture.connection.execute("UPDATE items SET name = 'unseen' WHERE id = 3; DELETE FROM items WHERE id = 4")
        try fixture.connection.execute("ALTER PUBLICATION satchel_tables ADD TABLE public.items")
        let again = try await fixture.restarted()
        try await again.caughtUp()
        for index in held.indices {
            held[index] = held[index].moved(to: again.port)
            try held[index].read()
        }
        try expectItems(held, before, again.connection)
        #expect(held[0].told.sorted() == [#"delete items "4" id=4"#, #"update items "3" id=3,name=unseen"#])
        await again.stop()
    }

    @Test func aResyncThatWasBegunIsEndedAfterARestart() async throws {
        let fixture = try await ServiceFixture(Self.sql)
        let mirror = fixture.service.mirror
        var held = try followers([Self.all, Self.teams], fixture)
        await fixture.stop()
        try mirror.unsettle([TableName("items")])
        try fixture.connection.execute(
            "UPDATE items SET name = 'x' WHERE id = 3; UPDATE teams SET name = 'y' WHERE id = 1")
        let again = try await fixture.restarted()
        try await again.caughtUp()
        for index in held.indices {
            held[index] = held[index].moved(to: again.port)
            try held[index].read()
            #expect(!held[index].isReset)
        }
        #expect(held[0].told == [#"update items "3" id=3,name=x"#])
        #expect(held[1].told == [#"update teams "1" id=1,name=y"#])
        #expect(again.service.mirror.state.position?.unsettled == nil)
        await again.stop()
    }
}
