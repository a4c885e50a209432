import Foundation
import Postgres
import PostgresTesting
import Testing

/// `satchel-service setup` and `teardown` as people run them.
@Suite(.timeLimit(.minutes(5))) struct SetupTests {
    private static let tables = """
        CREATE TABLE notes (id int PRIMARY KEY); CREATE TABLE plans (id int PRIMARY KEY);
        CREATE TABLE nokey (line text); CREATE UNLOGGED TABLE cache (id int PRIMARY KEY);
        """

    private let directory = TestDirectory()
    /// Slots have one name for all databases of the cluster that tests share, and other tests leave theirs.
    private static let slot = "setup_tests"

    private func run(_ arguments: String..., on database: TestDatabase) throws -> (status: Int32, said: String) {
        try run(arguments, conninfo: database.connectionString)
    }

    private func run(_ arguments: [String], conninfo: String) throws -> (status: Int32, said: String) {
        let options = "\(directory.path)/slot.yaml"
        try "service: {slot: \(Self.slot)}\n".write(toFile: options)
        let config = arguments.contains("--config") ? [] : ["--config", options]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestProcess.path(of: "satchel-service"))
        process.arguments = arguments + config + ["--database-url", conninfo]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    private func published(_ sql: PostgresConnection) throws -> [String] {
        try sql.query(
            "SELECT tablename FROM pg_publication_tables WHERE pubname = 'satchel_tables' ORDER BY 1"
        ).rows.compactMap { $0[0] }
    }

    @Test func tablesAreAddedAndGoOnlyByWish() throws {
        let database = try TestDatabase(
            Self.tables + "CREATE SCHEMA other; CREATE TABLE other.far (id int PRIMARY KEY)")
        let sql = try database.connect()
        let all = try run("setup", on: database)
        #expect(all.status == 0, "\(all.said)")
        for line in [
            "published  public.notes", "refused    public.cache is unlogged",
            "refused    public.nokey has no primary key",
        ] { #expect(all.said.contains(line), "\(all.said)") }
        #expect(all.said.contains("no data model was given (--model FILE"), "\(all.said)")
        #expect(!all.said.contains("no rule") && !all.said.contains("takes it up"), "\(all.said)")
        #expect(try published(sql) == ["notes", "plans"])
        #expect(try run("setup", "--table", "other.far", on: database).status == 0)
        #expect(try run("setup", on: database).status == 0)
        #expect(try published(sql) == ["far", "notes", "plans"])
        #expect(try run("setup", "--only", on: database).status == 2)
        let only = try run("setup", "--only", "--table", "public.plans", on: database)
        #expect(only.status == 0 && only.said.contains("removed    public.notes\n"), "\(only.said)")
        #expect(only.said.contains("removed    other.far\n") && !only.said.contains("removed    public.plans"))
        #expect(try published(sql) == ["plans"])
        // Nothing that could take its place: its triggers stay too.
        let none = try run("setup", "--only", "--table", "public.nokey", on: database)
        #expect(none.status == 1 && none.said.contains("public.nokey has no primary key"), "\(none.said)")
        try sql.execute("INSERT INTO plans VALUES (1)")
        #expect(try sql.query("SELECT relation FROM satchel.clock").rows == [["public.plans"]])
    }

    @Test func aTableAskedForByNameThatIsRefusedIsAFailure() throws {
        let database = try TestDatabase(
            Self.tables + "CREATE TABLE sums (id int PRIMARY KEY, n int GENERATED ALWAYS AS (id) STORED)")
        for (table, line) in [
            ("nokey", "refused    public.nokey has no primary key"), ("cache", "refused    public.cache is unlogged"),
            ("sums", "not served public.sums has generated columns"),
        ] {
            let (status, said) = try run("setup", "--table", "public.notes", "--table", "public.\(table)", on: database)
            #expect(status == 1 && said.contains(line), "\(status) \(said)")
            #expect(said.contains("published  public.notes"), "\(said)")
        }
        #expect(try run("setup", "--table", "public.notes", on: database).status == 0)
    }

    @Test func saysWhenAServiceThatRunsWillNotice() throws {
        let database = try TestDatabase(Self.tables)
        let lock = SlotLock(try Slot(Self.slot), conninfo: database.connectionString)
        try lock.take()
        let during = try run("setup", on: database)
        #expect(during.status == 0, "\(during.said)")
        #expect(during.said.contains("The service that follows this database takes it up now."), "\(during.said)")
        lock.release()
    }

    @Test func aWrongModelChangesNothing() throws {
        let database = try TestDatabase(Self.tables)
        let directory = TestDirectory()
        let sql = try database.connect()
        let (form, names) = ("\(directory.path)/form.yaml", "\(directory.path)/names.yaml")
        try "nonsense: [".write(toFile: form)
        try "permissions:\n  nowhere:\n    read: \"true\"\n".write(toFile: names)
        for model in [form, names] {
            let (status, said) = try run("setup", "--model", model, on: database)
            #expect(status == 78, "\(said)")
            #expect(
                try sql.query("SELECT to_regnamespace('satchel'), count(*) FROM pg_publication").rows == [[nil, "0"]])
        }
        #expect(try run("setup", "--table", "public.plans", on: database).status == 0)
        #expect(try run("setup", "--table", "public.notes", "--model", names, on: database).status == 78)
        #expect(try published(sql) == ["plans"])
    }

    @Test func teardownNamesSomebodysTablesAndRemovesNothing() throws {
        let database = try TestDatabase(Self.tables)
        let sql = try database.connect()
        #expect(try run("setup", on: database).status == 0)
        try sql.execute("CREATE TABLE satchel.mine (id int PRIMARY KEY)")
        let (status, said) = try run("teardown", on: database)
        #expect(status == 1 && said.contains(#"ALTER TABLE "satchel"."mine" SET SCHEMA public"#), "\(status) \(said)")
        #expect(try published(sql) == ["notes", "plans"])
        try sql.execute("ALTER TABLE satchel.mine SET SCHEMA public")
        #expect(try run("teardown", on: database).status == 0)
        #expect(try published(sql) == [])
    }

    /// As README asks for one: it owns the database and its tables, and may replicate.
    @Test func aRoleThatIsNoSuperuserSetsUp() throws {
        let database = try TestDatabase(Self.tables)
        let sql = try database.connect()
        let role = "owner_\(database.name)"
        try sql.execute(
            """
            CREATE ROLE \(role) LOGIN REPLICATION; ALTER DATABASE \(database.name) OWNER TO \(role);
            ALTER TABLE notes OWNER TO \(role); ALTER TABLE plans OWNER TO \(role)
            """)
        func run(_ arguments: String...) throws -> (status: Int32, said: String) {
            try self.run(arguments, conninfo: "\(database.connectionString) user=\(role)")
        }
        let check = try run("check")
        #expect(check.status == 1 && check.said.contains("problem  public.cache belongs to"), "\(check.said)")
        let setup = try run("setup", "--table", "public.notes", "--table", "public.plans")
        #expect(setup.status == 0, "\(setup.said)")
        let own = try PostgresConnection("\(database.connectionString) user=\(role)", applicationName: "test")
        try own.execute("INSERT INTO notes VALUES (1)")
        #expect(try sql.query("SELECT relation FROM satchel.clock").rows == [["public.notes"]])
        #expect(try run("check").status == 0)
        #expect(try run("teardown").said.hasPrefix("removed schema satchel"))
        #expect(try run("teardown").said.hasPrefix("There was nothing"))
    }

    @Test func aTableOfAnotherOwnerIsRefusedWithTheSQLThatMendsItAndTheOthersGoOn() throws {
        let database = try TestDatabase(
            "CREATE TABLE own (id int PRIMARY KEY); CREATE TABLE strange (id int PRIMARY KEY)")
        let sql = try database.connect()
        let role = "owner_\(database.name)"
        try sql.execute(
            """
            CREATE ROLE \(role) LOGIN REPLICATION; GRANT CREATE ON DATABASE \(database.name) TO \(role);
            ALTER TABLE own OWNER TO \(role)
            """)
        func run(_ arguments: String...) throws -> (status: Int32, said: String) {
            try self.run(arguments, conninfo: "\(database.connectionString) user=\(role)")
        }
        let mend = #"ALTER TABLE "public"."strange" OWNER TO "\#(role)";"#
        let before = try run("check")
        #expect(before.status == 1 && before.said.contains("problem  public.strange belongs to "), "\(before.said)")
        #expect(before.said.contains(mend) && before.said.contains("not set up: run satchel-service setup"))
        let setup = try run("setup")
        #expect(setup.status == 0 && setup.said.contains("published  public.own"), "\(setup.said)")
        #expect(setup.said.contains("refused    public.strange belongs to "), "\(setup.said)")
        #expect(setup.said.contains(mend), "\(setup.said)")
        #expect(try run("setup", "--table", "public.strange").status == 1)
        let after = try run("check")
        #expect(after.status == 0 && after.said.contains("set up: 1 table\n"), "\(after.said)")
        #expect(after.said.contains("warning  public.strange belongs to "), "\(after.said)")
        try sql.execute(mend)
        let mended = try run("setup")
        #expect(mended.status == 0 && mended.said.contains("published  public.strange"), "\(mended.said)")
        // Taken away again: what was tracked is left as it is.
        try sql.execute("ALTER TABLE strange OWNER TO CURRENT_USER")
        #expect(try run("setup", "--only", "--table", "public.own").said.contains("published  public.own"))
        try sql.execute("ALTER TABLE own RENAME id TO number")
        #expect(try run("check").said.contains("warning  the triggers of public.own were made for what it was before"))
    }

    @Test func checkSaysWhatSetupWouldMiss() throws {
        let database = try TestDatabase(Self.tables)
        let role = "guest_\(database.name)"
        try database.connect().execute("CREATE ROLE \(role) LOGIN REPLICATION")
        let (status, said) = try run(["check"], conninfo: "\(database.connectionString) user=\(role)")
        #expect(status == 1 && said.contains("GRANT CREATE ON DATABASE"), "\(said)")
    }

    /// Slots have one name for all databases of a server.
    @Test func theSlotOfAnotherDatabaseIsLeftToIt() throws {
        let (first, second) = (try TestDatabase(Self.tables), try TestDatabase(Self.tables))
        let slot = try Slot("of_\(first.name)")
        let sql = try first.connect()
        try sql.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot.name])
        let directory = TestDirectory()
        let file = "\(directory.path)/options.yaml"
        try "service: {slot: \(slot.name), listen: '127.0.0.1:0', state_directory: \(directory.path)/state}\n"
            .write(toFile: file)
        let clash = "the slot \(slot.name) is that of the database \(first.name) on the same server"
        for (command, status) in [("check", Int32(1)), ("setup", 78), ("serve", 78)] {
            let run = try run(command, "--config", file, on: second)
            #expect(run.status == status && run.said.contains(clash), "\(command): \(run.status) \(run.said)")
            #expect(run.said.contains("--slot NAME, SATCHEL_SLOT for Scripts/run, or service.slot"), "\(run.said)")
        }
        // The flag goes before the file.
        let other = try run("check", "--slot", "another_\(first.name)", "--config", file, on: second)
        #expect(other.status == 0 && !other.said.contains(clash), "\(other.said)")
        #expect(try run("check", "--slot", "Bad Slot", on: second).status == 2)
        #expect(try run("teardown", "--config", file, on: second).status == 0)
        #expect(try slot.status(sql)?.database == first.name)
        try slot.drop(sql)
    }

    @Test func whatCanNeverConnectEndsBeforeAnybodyListens() throws {
        let directory = TestDirectory()
        for command in ["serve", "setup", "check", "teardown"] {
            let (status, said) = try run([command, "--state", directory.path], conninfo: "bogus===")
            #expect(status == 78 && said.contains("--database-url: the PostgreSQL connection string"), "\(said)")
            #expect(!said.contains("listening"), "\(said)")
        }
    }

    @Test func aWrongFileIsNamedWithItsLine() throws {
        let directory = TestDirectory()
        let file = "\(directory.path)/options.yaml"
        for (text, member) in [
            ("\nservice: {slot: 'Bad Slot'}\n", "service.slot"),
            ("electric:\n  shapes: {shape_cache_ttl: 5}\n", "electric.shapes.shape_cache_ttl"),
        ] {
            try text.write(toFile: file)
            let (status, said) = try run(["serve", "--config", file], conninfo: "host=/nowhere")
            #expect(status == 78, "\(said)")
            #expect(said.contains("The configuration file \(file), line 2: \(member) is "), "\(said)")
        }
    }

    @Test func optionsThatDoNotFitTogetherAreNotTriedAgain() throws {
        let directory = TestDirectory()
        let file = "\(directory.path)/options.yaml"
        let database = try TestDatabase()
        for text in ["service: {listen: '0.0.0.0:0'}", "electric: {auth: {mode: secure}}"] {
            try (text + "\n").write(toFile: file)
            let (status, said) = try run("serve", "--config", file, "--state", directory.path, on: database)
            #expect(status == 78, "\(said)")
        }
    }
}
