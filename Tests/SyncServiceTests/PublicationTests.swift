import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Synchronization
import Testing

@testable import SyncService

/// Tables that the service follows by other publications than the one that `setup` makes.
@Suite struct PublicationTests {
    private static let items = """
        CREATE TABLE items (id int4 PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a'), (2, 'b');
        """
    private static let all = #"{"root_table": "items"}"#

    private func catalogueChanges(_ fixture: ServiceFixture, _ change: () throws -> Void) async throws {
        let mirror = fixture.service.mirror
        let tag = mirror.state.schemaTag
        try change()
        await eventually { mirror.state.schemaTag != tag && mirror.state.pending == nil }
        try await fixture.caughtUp()
    }

    /// Nobody can ask for rows of a table that the device does not know.
    @Test func whoeverWaitsIsToldOfOtherTablesAtOnce() async throws {
        let fixture = try await ServiceFixture(
            Self.items + "CREATE PUBLICATION everything FOR ALL TABLES", hold: .seconds(600),
            publications: ["everything"])
        let mirror = fixture.service.mirror
        var items = try ShapeFollower(Self.all, port: fixture.port)
        try items.read()
        let told = Mutex<SyncBatch?>(nil)
        let shape = SyncRequest.Shape(
            id: "s", definition: items.definition, handle: items.handle, offset: items.offset)
        let request = SyncRequest(replica: ReplicaID("waiting"), isLive: true, shapes: [shape])
        let port = fixture.port
        let waiting = Task.detached {
            let batch = try SyncRouteTests.ask(request, port)
            told.withLock { $0 = batch }
        }
        await eventually { mirror.signal.waiting > 0 }
        try await catalogueChanges(fixture) {
            try fixture.connection.execute("CREATE TABLE public.notes (id int4 PRIMARY KEY, note text)")
        }
        await eventually { told.withLock { $0 != nil } }
        #expect(told.withLock { $0?.frontier.schemaTag } == mirror.state.schemaTag)
        await fixture.stop()
        try await waiting.value
    }

    /// It never looks by itself here: what the stream tells is its reason.
    @Test func whatIsAlteredIsNoticedFromTheStream() async throws {
        let fixture = try await ServiceFixture(
            Self.items + "CREATE TYPE mood AS ENUM ('good')", secondsPerLook: .max)
        let names = { fixture.service.mirror.catalogue?.tables.map(\.name.name) }
        let connection = fixture.connection
        let made = "CREATE TABLE public.notes (id int4 PRIMARY KEY, mood mood)"
        try connection.execute(made)
        try await catalogueChanges(fixture) {
            _ = try Bookkeeping.setup(on: connection, tables: [TableName("items"), TableName("notes")])
        }
        #expect(names() == ["items", "notes"])
        try await catalogueChanges(fixture) { try connection.execute("ALTER TYPE mood ADD VALUE 'bad'") }
        try await catalogueChanges(fixture) { try connection.execute("ALTER TABLE items ADD COLUMN more text") }
        try await catalogueChanges(fixture) { try connection.execute("DROP TABLE public.notes") }
        #expect(names() == ["items"])
        try await catalogueChanges(fixture) {
            try connection.execute("\(made); ALTER PUBLICATION satchel_tables ADD TABLE public.notes")
        }
        #expect(names() == ["items", "notes"])
        await fixture.stop()
    }

    @Test func aTableThatIsMadeUnderForAllTablesIsServed() async throws {
        let fixture = try await ServiceFixture(
            Self.items + "CREATE PUBLICATION everything FOR ALL TABLES", publications: ["everything"])
        var items = try ShapeFollower(Self.all, port: fixture.port)
        try items.read()
        try await catalogueChanges(fixture) {
            try fixture.connection.execute(
                "CREATE TABLE public.notes (id int4 PRIMARY KEY, note text); INSERT INTO public.notes VALUES (1, 'before')"
            )
        }
        var notes = try ShapeFollower(#"{"root_table": "notes"}"#, port: fixture.port)
        try notes.read()
        try notes.expectRows(of: "notes", "SELECT * FROM public.notes", fixture.connection)
        #expect(notes.ended == nil && notes.rows[TableName("notes")]?.count == 1)
        try fixture.connection.execute(
            "INSERT INTO public.notes VALUES (2, 'after'); DELETE FROM public.notes WHERE id = 1; UPDATE items SET name = 'c' WHERE id = 2"
        )
        try await fixture.caughtUp()
        try notes.read()
        #expect(notes.told.sorted() == [#"delete notes "1" id=1"#, #"insert notes "2" id=2,note=after"#])
        try items.read()
        #expect(items.told == [#"update items "2" id=2,name=c"#])
        await fixture.stop()
    }

    /// They are in such a publication too; clocks have the last rows of what was deleted.
    @Test func whatSetupKeepsIsNeverServed() async throws {
        let fixture = try await ServiceFixture(
            Self.items + "CREATE PUBLICATION everything FOR ALL TABLES", publications: ["everything"])
        #expect(fixture.service.mirror.catalogue?.tables.map(\.name) == [TableName("items")])
        try fixture.connection.execute("DELETE FROM items WHERE id = 1")
        try await fixture.caughtUp()
        let answer = try RawHTTP.get("/v1/shape?table=satchel.clock&offset=-1", port: fixture.port)
        #expect(answer.status == 400 && !answer.body.contains("\"a\""), "\(answer.body)")
        await fixture.stop()
    }

    /// The stream has no line of it: neither of the rows that a partition brings or takes, nor of its TRUNCATE.
    @Test func partitionsThatComeGoOrAreEmptiedAreNoticed() async throws {
        let fixture = try await ServiceFixture(
            """
            CREATE TABLE items (id int4 PRIMARY KEY, name text) PARTITION BY RANGE (id);
            CREATE TABLE low PARTITION OF items FOR VALUES FROM (0) TO (10);
            CREATE TABLE middle PARTITION OF items FOR VALUES FROM (10) TO (20);
            CREATE TABLE high (id int4 PRIMARY KEY, name text);
            INSERT INTO items VALUES (1, 'a'), (11, 'b'); INSERT INTO high VALUES (21, 'c');
            CREATE PUBLICATION roots FOR TABLE items WITH (publish_via_partition_root = true)
            """, publications: ["roots"])
        var running = fixture
        var held = try ShapeFollower(Self.all, port: fixture.port)
        try held.read()
        let handle = held.handle
        for (statement, told) in [
            (
                "ALTER TABLE items ATTACH PARTITION high FOR VALUES FROM (20) TO (30)",
                #"insert items "21" id=21,name=c"#
            ),
            ("TRUNCATE low", #"delete items "1" id=1"#),
            ("ALTER TABLE items DETACH PARTITION middle", #"delete items "11" id=11"#),
            ("DROP TABLE high", #"delete items "21" id=21"#),
        ] {
            await running.stop()
            try fixture.connection.execute(statement)
            running = try await running.restarted()
            try await running.caughtUp()
            held = held.moved(to: running.port)
            try held.read()
            #expect(held.told == [told], "\(statement)")
            #expect(held.handle == handle && !held.isReset)
        }
        await running.stop()
    }

    @Test func whatAPublicationLeftOutForAWhileComesAsWell() async throws {
        let fixture = try await ServiceFixture(Self.items)
        var held = try ShapeFollower(Self.all, port: fixture.port)
        try held.read()
        await fixture.stop()
        for statement in [
            "ALTER PUBLICATION satchel_tables SET (publish = 'insert')",
            "UPDATE items SET name = 'unseen' WHERE id = 1",
            "ALTER PUBLICATION satchel_tables SET (publish = 'insert, update, delete, truncate')",
        ] {
            try fixture.connection.execute(statement)
        }
        let again = try await fixture.restarted()
        try await again.caughtUp()
        held = held.moved(to: again.port)
        try held.read()
        #expect(held.told == [#"update items "1" id=1,name=unseen"#] && !held.isReset)
        await again.stop()
    }
}
