import Postgres
import PostgresTesting
import SyncModel
import Testing

/// What `Catalog.identities` takes from the catalogue, for each kind of publication.
@Suite struct TableIdentityTests {
    private static let sql = """
        CREATE SCHEMA other; CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
        CREATE TABLE other.c (id int PRIMARY KEY);
        CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10);
        CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
        CREATE TABLE highest PARTITION OF high FOR VALUES FROM (15) TO (20);
        """

    private func identities(
        _ publications: [String], _ connection: PostgresConnection
    ) throws -> [String: TableIdentity] {
        let identities = try Catalog.read(connection, publications: publications).identities
        return Dictionary(uniqueKeysWithValues: identities.map { ($0.key.description, $0.value) })
    }

    private func oid(_ query: String, _ connection: PostgresConnection) throws -> UInt32 {
        try #require(UInt32(try connection.query("SELECT (\(query))::oid").value ?? ""))
    }

    /// The oid of the table's own line in a publication.
    private func line(
        _ table: String, in publication: String, _ connection: PostgresConnection
    ) throws -> UInt32 {
        try oid(
            """
            SELECT r.oid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
            WHERE r.prrelid = '\(table)'::regclass AND p.pubname = '\(publication)'
            """, connection)
    }

    @Test func aListedTableIsPublishedByItsOwnLine() throws {
        let connection = try TestDatabase(
            Self.sql + "CREATE PUBLICATION one FOR TABLE a, b; CREATE PUBLICATION two FOR TABLE a, other.c"
        ).connect()
        let found = try identities(["one", "two"], connection)
        #expect(found.keys.sorted() == ["other.c", "public.a", "public.b"])
        let lines = [try line("a", in: "one", connection), try line("a", in: "two", connection)].sorted()
        #expect(found["public.a"]?.oid == (try oid("'a'::regclass", connection)))
        #expect(found["public.a"]?.publishedAs == lines)
        #expect(found["public.b"]?.publishedAs == [try line("b", in: "one", connection)])
        // A publication that nobody asked for is none of this one's.
        #expect(try identities(["one"], connection)["public.a"]?.publishedAs == [try line("a", in: "one", connection)])

        try connection.execute("ALTER PUBLICATION one DROP TABLE a; ALTER PUBLICATION one ADD TABLE a")
        let again = try identities(["one", "two"], connection)
        #expect(again["public.a"] != found["public.a"])
        #expect(again["public.b"] == found["public.b"])
        #expect(again["other.c"] == found["other.c"])
    }

    @Test func allTablesArePublishedByThePublication() throws {
        let connection = try TestDatabase(Self.sql + "CREATE PUBLICATION everything FOR ALL TABLES").connect()
        let found = try identities(["everything"], connection)
        // Partitions are published by themselves, and refused; so is the root, of which nothing is published then.
        #expect(found.keys.sorted() == ["other.c", "public.a", "public.b"])
        let publication = try oid("SELECT oid FROM pg_publication", connection)
        for name in found.keys { #expect(found[name]?.publishedAs == [publication]) }

        try connection.execute("DROP PUBLICATION everything; CREATE PUBLICATION everything FOR ALL TABLES")
        let again = try identities(["everything"], connection)
        for name in found.keys { #expect(again[name] != found[name] && again[name]?.oid == found[name]?.oid) }
        try connection.execute("CREATE TABLE later (id int PRIMARY KEY)")
        let later = try identities(["everything"], connection)
        #expect(later["public.later"]?.publishedAs == again["public.a"]?.publishedAs)
        #expect(later["public.a"] == again["public.a"])
    }

    @Test func tablesOfASchemaArePublishedByItsLine() throws {
        let connection = try TestDatabase(
            Self.sql + "CREATE PUBLICATION schemas FOR TABLES IN SCHEMA other; CREATE PUBLICATION one FOR TABLE other.c"
        ).connect()
        let found = try identities(["schemas", "one"], connection)
        #expect(found.keys.sorted() == ["other.c"])
        let schema = try oid("SELECT oid FROM pg_publication_namespace", connection)
        let own = try line("other.c", in: "one", connection)
        #expect(found["other.c"]?.publishedAs == [schema, own].sorted())

        try connection.execute(
            "ALTER PUBLICATION schemas DROP TABLES IN SCHEMA other; ALTER PUBLICATION schemas ADD TABLES IN SCHEMA other"
        )
        #expect(try identities(["schemas"], connection)["other.c"]?.publishedAs != [schema])
        try connection.execute("ALTER TABLE a SET SCHEMA other")
        #expect(try identities(["schemas"], connection).keys.sorted() == ["other.a", "other.c"])
    }

    @Test func aPartitionedTableIsPublishedAsItsRootOrNotAtAll() throws {
        let connection = try TestDatabase(
            Self.sql
                + """
                CREATE PUBLICATION parts FOR TABLE root;
                CREATE PUBLICATION roots FOR TABLE root, low WITH (publish_via_partition_root = true);
                CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true)
                """
        ).connect()
        #expect(try identities(["parts"], connection) == [:])
        let found = try #require(try identities(["roots"], connection)["public.root"])
        #expect(found.oid == (try oid("'root'::regclass", connection)))
        #expect(found.publishedAs.contains(try line("root", in: "roots", connection)))
        #expect(try identities(["roots"], connection).keys.sorted() == ["public.root"])
        #expect(
            try identities(["everything"], connection).keys.sorted() == [
                "other.c", "public.a", "public.b", "public.root",
            ])
        #expect(try identities(["roots"], connection)["public.root"] == found)
    }

    /// No transaction in the stream has these rows as the root's.
    @Test func partitionsThatComeGoOrAreEmptiedMakeAnotherOfTheirRoot() throws {
        let connection = try TestDatabase(
            Self.sql + "CREATE PUBLICATION roots FOR TABLE root, a WITH (publish_via_partition_root = true)"
        ).connect()
        var seen = [try #require(try identities(["roots"], connection)["public.root"])]
        let other = try identities(["roots"], connection)["public.a"]
        for statement in [
            "CREATE TABLE full_of_rows (id int PRIMARY KEY)",
            "INSERT INTO full_of_rows VALUES (23)", "INSERT INTO root VALUES (3), (17)",
        ] {
            try connection.execute(statement)
            #expect(try identities(["roots"], connection)["public.root"] == seen[0], "\(statement)")
        }
        for statement in [
            "ALTER TABLE root ATTACH PARTITION full_of_rows FOR VALUES FROM (20) TO (30)", "TRUNCATE low",
            "TRUNCATE highest", "ALTER TABLE high DETACH PARTITION highest", "DROP TABLE low",
        ] {
            try connection.execute(statement)
            let now = try #require(try identities(["roots"], connection)["public.root"])
            #expect(!seen.contains(now), "\(statement)")
            seen.append(now)
        }
        #expect(try identities(["roots"], connection)["public.a"] == other)
    }

    /// Whatever was not published in between did not come through the stream.
    @Test func aPublicationThatIsAlteredMakesOthersOfItsTables() throws {
        let connection = try TestDatabase(
            Self.sql + "CREATE PUBLICATION one FOR TABLE a; CREATE PUBLICATION two FOR TABLE b"
        ).connect()
        let found = try identities(["one", "two"], connection)
        try connection.execute("ALTER PUBLICATION one SET (publish = 'insert')")
        try connection.execute("ALTER PUBLICATION one SET (publish = 'insert, update, delete, truncate')")
        let again = try identities(["one", "two"], connection)
        #expect(again["public.a"] != found["public.a"])
        #expect(again["public.b"] == found["public.b"])
        #expect(again["public.b"]?.publishedAs.contains(try line("b", in: "two", connection)) == true)
    }

    @Test func whatKeepsATablesRowsKeepsItsIdentity() throws {
        let connection = try TestDatabase(
            Self.sql + "INSERT INTO a VALUES (1); CREATE PUBLICATION one FOR TABLE a"
        ).connect()
        let found = try identities(["one"], connection)["public.a"]
        try connection.execute("ALTER TABLE a ADD COLUMN n int DEFAULT 1")
        try connection.execute("ALTER TABLE a ALTER COLUMN n TYPE int8")
        try connection.execute("VACUUM FULL a")
        #expect(try identities(["one"], connection)["public.a"] == found)
        try connection.execute("ALTER TABLE a RENAME TO was_a")
        #expect(try identities(["one"], connection) == ["public.was_a": try #require(found)])
        try connection.execute("CREATE TABLE a (id int PRIMARY KEY); ALTER PUBLICATION one ADD TABLE a")
        #expect(try identities(["one"], connection)["public.a"]?.oid != found?.oid)
    }

    @Test func anIdentityIsReadAsItIsWritten() {
        let whole = TableIdentity(oid: 7, publishedAs: [3, .max], alteredBy: [4, 5], partitions: 6)
        #expect(whole.text == "7 3 4294967295|4 5|6")
        for identity in [
            TableIdentity(oid: 7), TableIdentity(oid: 7, publishedAs: [3]), TableIdentity(oid: 7, alteredBy: [3]),
            TableIdentity(oid: 7, partitions: 3), whole,
        ] {
            #expect(TableIdentity(identity.text) == identity)
        }
        for text in ["", "x", "1 x", "-1", "1 4294967296", "1|x", "|1", "1|1|1|1"] {
            #expect(TableIdentity(text) == nil, "\(text)")
        }
    }
}
