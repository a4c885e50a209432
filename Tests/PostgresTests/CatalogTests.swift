import Postgres
import PostgresTesting
import SyncModel
import Testing

@Suite struct CatalogTests {
    @Test func readsColumnsTypesAndKeys() throws {
        let connection = try TestDatabase(
            """
            CREATE TYPE mood AS ENUM ('sad', 'so so', 'a,"b"');
            CREATE DOMAIN short AS varchar(9) NOT NULL DEFAULT '';
            CREATE DOMAIN shorter AS short; CREATE SCHEMA "Other.One";
            CREATE TABLE parents (a int, b text, PRIMARY KEY (b, a));
            CREATE TABLE "Other.One"."T able" (
                gone int, id uuid DEFAULT gen_random_uuid() PRIMARY KEY, n numeric(8, 3), tags text[],
                grid int[][],
                m mood, ms mood[], s shorter, i int GENERATED ALWAYS AS IDENTITY,
                "Ünï ""c" timestamptz NOT NULL,
                pb text, pa int,
                CONSTRAINT to_parent FOREIGN KEY (pa, pb) REFERENCES parents (a, b) ON DELETE CASCADE,
                self uuid CONSTRAINT to_self REFERENCES "Other.One"."T able" ON DELETE SET NULL,
                UNIQUE (n, m), UNIQUE (i) INCLUDE (n));
            ALTER TABLE "Other.One"."T able" DROP gone;
            CREATE UNIQUE INDEX partial ON "Other.One"."T able" (n) WHERE n > 0;
            CREATE UNIQUE INDEX expression ON "Other.One"."T able" (lower(pb));
            CREATE PUBLICATION everything FOR ALL TABLES
            """
        ).connect()
        let catalog = try Catalog.read(connection, publications: ["everything"])
        #expect(catalog.refusals == [])
        #expect(catalog.schema.tables.map(\.name.description) == ["Other.One.T able", "public.parents"])
        let labels = ["sad", "so so", "a,\"b\""]
        let expected = TableSchema(
            name: TableName(schema: "Other.One", name: "T able"),
            columns: [
                Column("id", number: 2, type: ColumnType("uuid"), isNotNull: true, hasDefault: true),
                Column("n", number: 3, type: ColumnType("numeric", modifier: 8 << 16 | 3 + 4)),
                Column("tags", number: 4, type: ColumnType("text", dimensions: 1)),
                Column("grid", number: 5, type: ColumnType("int4", dimensions: 2)),
                Column("m", number: 6, type: ColumnType("mood", labels: labels)),
                Column("ms", number: 7, type: ColumnType("mood", dimensions: 1, labels: labels)),
                Column(
                    "s", number: 8, type: ColumnType("varchar", modifier: 13), isNotNull: true,
                    hasDefault: true),
                Column("i", number: 9, type: ColumnType("int4"), isNotNull: true, hasDefault: true),
                Column("Ünï \"c", number: 10, type: ColumnType("timestamptz"), isNotNull: true),
                Column("pb", number: 11, type: ColumnType("text")),
                Column("pa", number: 12, type: ColumnType("int4")),
                Column("self", number: 13, type: ColumnType("uuid")),
            ],
            primaryKey: ["id"],
            foreignKeys: [
                ForeignKey(
                    "to_parent", columns: ["pa", "pb"], references: TableName(name: "parents"),
                    referencedColumns: ["a", "b"], onDelete: .cascade),
                ForeignKey(
                    "to_self", columns: ["self"], references: TableName(schema: "Other.One", name: "T able"),
                    referencedColumns: ["id"], onDelete: .setNull),
            ],
            uniques: [["i"], ["n", "m"]])
        #expect(catalog.schema.tables[0] == expected)
        #expect(catalog.schema.tables[1].primaryKey == ["b", "a"])
        let one = try Catalog.read(connection, tables: [expected.name])
        #expect(one.schema.tables == [expected])
        #expect(throws: PostgresError.self) {
            try Catalog.read(connection, tables: [TableName(name: "nowhere")])
        }
    }

    @Test func refusesWhatReplicationWouldNotCarry() throws {
        let connection = try TestDatabase(
            """
            CREATE TABLE good (id int PRIMARY KEY);
            CREATE TABLE generated (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
            CREATE TABLE keyless (id int);
            CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE);
            CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
            CREATE TABLE other (id int PRIMARY KEY, a int NOT NULL); CREATE UNIQUE INDEX other_a ON other (a);
            ALTER TABLE other REPLICA IDENTITY USING INDEX other_a;
            CREATE TABLE full_row (id int PRIMARY KEY); ALTER TABLE full_row REPLICA IDENTITY FULL;
            CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE part PARTITION OF root FOR VALUES FROM (0) TO (10);
            CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS id;
            CREATE PUBLICATION chosen
                FOR TABLE good, generated, keyless, deferred, nothing, other, full_row, root
            """
        ).connect()
        let catalog = try Catalog.read(connection, publications: ["chosen"])
        #expect(catalog.schema.tables.map(\.name.name) == ["full_row", "good"])
        let words = [
            "deferred": "DEFERRABLE", "generated": "generated columns (b)", "keyless": "no primary key",
            "nothing": "REPLICA IDENTITY", "other": "REPLICA IDENTITY", "part": "publish_via_partition_root",
        ]
        #expect(catalog.refusals.map(\.table.name) == words.keys.sorted())
        for refusal in catalog.refusals {
            #expect(refusal.reason.contains(words[refusal.table.name] ?? "?"), "\(refusal)")
        }
        try connection.execute("ALTER PUBLICATION chosen SET (publish_via_partition_root = true)")
        let root = TableName(name: "root")
        #expect(try Catalog.read(connection, publications: ["chosen"]).schema[root] != nil)
        let listed = try Catalog.read(
            connection, tables: [TableName(name: "unlogged"), TableName(name: "v")])
        #expect(
            listed.refusals.map(\.reason).map { $0.prefix(20) } == [
                "public.unlogged is u", "public.v is no table",
            ])
        let missing = #expect(throws: PostgresError.self) {
            try Catalog.read(connection, publications: ["chosen", "CHOSEN"])
        }
        #expect(missing?.code == .undefinedObject)
    }

    @Test func refusesPublicationsThatLeaveSomethingOut() throws {
        let connection = try TestDatabase(
            """
            CREATE TABLE rows (id int PRIMARY KEY, a int); CREATE TABLE cols (id int PRIMARY KEY, a int);
            CREATE TABLE ops (id int PRIMARY KEY); CREATE TABLE good (id int PRIMARY KEY);
            CREATE PUBLICATION filtered FOR TABLE good, rows WHERE (id > 0), cols (id);
            CREATE PUBLICATION inserts FOR TABLE ops WITH (publish = 'insert')
            """
        ).connect()
        let catalog = try Catalog.read(connection, publications: ["filtered", "inserts"])
        #expect(catalog.schema.tables.map(\.name.name) == ["good"])
        #expect(catalog.refusals.map(\.table.name) == ["cols", "ops", "rows"])
        #expect(catalog.refusals.map { $0.reason.contains("column list") } == [true, false, false])
        #expect(catalog.refusals.map { $0.reason.contains("row filter") } == [false, false, true])
    }

    @Test func refusesRowsAndTablesThatTheRoleMayNotSee() throws {
        let database = try TestDatabase(
            """
            CREATE TABLE hidden (id int PRIMARY KEY); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
            CREATE TABLE closed (id int PRIMARY KEY)
            """)
        let connection = try database.connect()
        let role = "role_\(database.name)"
        try connection.execute("CREATE ROLE \(role); GRANT SELECT ON hidden TO \(role); SET ROLE \(role)")
        let tables = ["hidden", "closed"].map { TableName(name: $0) }
        let catalog = try Catalog.read(connection, tables: tables)
        #expect(catalog.refusals.map(\.table.name) == ["closed", "hidden"])
        #expect(catalog.refusals[1].reason.contains("BYPASSRLS"))
        try connection.execute("RESET ROLE")
        #expect(try Catalog.read(connection, tables: tables).refusals == [])
    }

    @Test func copiesEveryTableInTheOrderOfItsColumns() throws {
        let connection = try TestDatabase(
            """
            CREATE TABLE "we ird" ("b ""c" int, gone int, id int PRIMARY KEY); ALTER TABLE "we ird" DROP gone;
            INSERT INTO "we ird" VALUES (1, 2);
            CREATE TABLE child (more int) INHERITS ("we ird"); INSERT INTO child VALUES (3, 4, 5);
            CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE part PARTITION OF root FOR VALUES FROM (0) TO (10); INSERT INTO root VALUES (7)
            """
        ).connect()
        let catalog = try Catalog.read(
            connection, tables: [TableName(name: "we ird"), TableName(name: "root")])
        var lines: [String] = []
        for table in catalog.schema.tables {
            try connection.copyOut(catalog.copyStatement(for: table)) {
                lines.append(String(decoding: $0, as: UTF8.self))
            }
        }
        #expect(lines == ["7", "1\t2"])
    }

    @Test func saysWhatTheServerIs() throws {
        let database = try TestDatabase()
        let connection = try database.connect()
        let info = try ServerInfo.read(connection)
        #expect(info.version >= 140_000)
        #expect(info.problems() == [])
        #expect(info.warnings == [])
        let identification = try SystemIdentification.read(conninfo: database.connectionString)
        let expected = try connection.query(
            "SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()")
        #expect(identification.epoch.description == expected.row(0).compactMap { $0 }.joined(separator: "/"))
        #expect(identification.position > .zero)
        let role = "plain_\(database.name)"
        try connection.execute("CREATE ROLE \(role); SET ROLE \(role)")
        #expect(
            try ServerInfo.read(connection).problems()
                == ["the role \(role) may not replicate: ALTER ROLE \"\(role)\" REPLICATION"])
    }
}
