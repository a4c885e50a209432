import Foundation
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// Which tables `setup` publishes and serves, and what `teardown` leaves alone.
@Suite struct BookkeepingPublishingTests {
    private static let tables = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"

    private func published(_ sql: PostgresConnection) throws -> [String] {
        try Bookkeeping.tables(publishedBy: [Bookkeeping.defaultPublication], on: sql).map(\.name)
    }

    private func unserved(_ sql: PostgresConnection, _ report: Bookkeeping.Report) throws -> [String] {
        try Bookkeeping.unserved(of: report.tracked, publishedBy: [Bookkeeping.defaultPublication], on: sql).map(
            \.reason)
    }

    @Test func othersStayPublishedAndStampedWhereTheyAreKept() throws {
        let sql = try TestDatabase(Self.tables + "CREATE TABLE c (id int PRIMARY KEY)").connect()
        _ = try Bookkeeping.setup(on: sql, tables: [TableName("a"), TableName("c")])
        // Put there by hand, to be read only: not tracked, and not to be lost.
        try sql.execute(
            """
            CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL;
            ALTER PUBLICATION satchel_tables ADD TABLE log
            """)
        let report = try Bookkeeping.setup(on: sql, tables: [TableName("b")], keepingOthers: true)
        #expect(report.tracked.map(\.name) == ["a", "b", "c"] && report.refused.isEmpty)
        #expect(try published(sql) == ["a", "b", "c", "log"])
        try sql.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)")
        #expect(try sql.query("SELECT count(*) FROM satchel.clock").value == "3")
        _ = try Bookkeeping.setup(on: sql, tables: [TableName("b"), TableName("b")], keepingOthers: true)
        #expect(try published(sql) == ["a", "b", "c", "log"])
        let only = try Bookkeeping.setup(on: sql, tables: [TableName("b")])
        #expect(try only.tracked.map(\.name) == ["b"] && published(sql) == ["b"])
    }

    @Test func aCheckThatFailsSeesWhatWouldBeAndChangesNothing() throws {
        struct Wrong: Error {}
        let sql = try TestDatabase(Self.tables).connect()
        _ = try Bookkeeping.setup(on: sql, tables: [TableName("a")])
        var seen: [String] = []
        #expect(throws: Wrong.self) {
            try Bookkeeping.setup(on: sql, tables: [TableName("b")]) { report in
                #expect(report.tracked == [TableName("b")])
                seen = try published(sql)
                throw Wrong()
            }
        }
        #expect(seen == ["b"])
        #expect(try published(sql) == ["a"])
        try sql.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)")
        #expect(try sql.query("SELECT relation FROM satchel.clock").rows == [["public.a"]])
    }

    @Test func tablesThatCannotBePublishedArePassedOverWithTheReason() throws {
        let sql = try TestDatabase(
            """
            \(Self.tables) CREATE UNLOGGED TABLE cache (id int PRIMARY KEY); CREATE TABLE log (line text);
            CREATE VIEW seen AS SELECT 1 AS id;
            CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
            CREATE FOREIGN TABLE away (id int) SERVER far
            """
        ).connect()
        let names = ["a", "away", "b", "cache", "log", "seen"]
        let report = try Bookkeeping.setup(on: sql, tables: names.map { TableName($0) })
        #expect(report.tracked.map(\.name) == ["a", "b"])
        #expect(try published(sql) == ["a", "b"])
        #expect(report.refused.map(\.table.name) == ["away", "cache", "log", "seen"])
        for (refusal, part) in zip(
            report.refused, ["foreign table", "ALTER TABLE \"public\".\"cache\" SET LOGGED", "primary key", "view"])
        {
            #expect(
                refusal.reason.contains(part) && refusal.reason.hasPrefix("\(refusal.table) is")
                    || refusal.reason == "public.log has no primary key: add one", "\(refusal)")
        }
        try sql.execute("ALTER TABLE cache SET LOGGED")
        let again = try Bookkeeping.setup(on: sql, tables: [TableName("cache")], keepingOthers: true)
        #expect(again.tracked.map(\.name) == ["a", "b", "cache"])
    }

    @Test func publishedTablesThatAreNotServedAreTold() throws {
        let sql = try TestDatabase(
            """
            \(Self.tables) CREATE TABLE sums (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
            CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
            CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (20);
            """
        ).connect()
        let report = try Bookkeeping.setup(on: sql, tables: ["a", "parts", "sums"].map { TableName($0) })
        let told = try unserved(sql, report)
        #expect(told.count == 2, "\(told)")
        #expect(told.first?.hasPrefix("public.parts is partitioned") == true)
        #expect(told.last?.hasPrefix("public.sums has generated columns (twice)") == true)
        // What is told mends it, and a later setup leaves it mended.
        let statement = told.first?.split(separator: ": ").last.map { String($0) } ?? ""
        try sql.execute(statement)
        #expect(try unserved(sql, report).count == 1, "\(statement)")
        let again = try Bookkeeping.setup(on: sql, tables: [TableName("parts")], keepingOthers: true)
        #expect(try unserved(sql, again).map { $0.prefix(11) } == ["public.sums"])
    }

    @Test func aTableThatSomebodyElsesPublicationLacksIsTold() throws {
        let sql = try TestDatabase(Self.tables + "CREATE PUBLICATION mine FOR TABLE a").connect()
        let both = [TableName("a"), TableName("b")]
        let report = try Bookkeeping.setup(on: sql, tables: both, publication: "mine", keepingOthers: true)
        let told = { try Bookkeeping.unserved(of: report.tracked, publishedBy: ["mine"], on: sql) }
        let reason = try told().first?.reason ?? ""
        #expect(reason.hasPrefix("public.b is in no publication that is served: "))
        try sql.execute(reason.split(separator: ": ").last.map { String($0) } ?? "")
        #expect(try told().isEmpty)
    }

    @Test func teardownRefusesWhereSomebodysTablesAreInItsSchema() throws {
        let sql = try TestDatabase(Self.tables).connect()
        _ = try Bookkeeping.setup(on: sql, tables: [TableName("a")])
        try sql.execute(
            """
            CREATE TABLE satchel."My notes" (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
            INSERT INTO satchel."My notes" DEFAULT VALUES; CREATE VIEW satchel.seen AS SELECT 1 AS id;
            CREATE SEQUENCE satchel.counter
            """)
        let error = #expect(throws: OptionsError.self) { try Bookkeeping.teardown(on: sql) }
        let said = error?.description ?? ""
        #expect(said.contains("satchel.My notes, satchel.counter, satchel.seen. "), "\(said)")
        #expect(try Bookkeeping.isInstalled(on: sql) && published(sql) == ["a"])
        let begin = try #require(said.range(of: "first: ")).upperBound
        let end = try #require(said.range(of: ". Nothing")).lowerBound
        try sql.execute(String(said[begin..<end]))
        try Bookkeeping.teardown(on: sql)
        #expect(try !Bookkeeping.isInstalled(on: sql))
        #expect(try sql.query("SELECT t.id, n FROM public.\"My notes\" t, public.seen").rows == [["1", "1"]])
    }
}
