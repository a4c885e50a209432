import Foundation
import Postgres
import PostgresTesting
import SyncModel
import SyncService
import Testing

/// What `serve` and `setup` say of a database that is not ready for them.
@Suite struct RightsTests {
    private static let sql = "CREATE TABLE items (id int4 PRIMARY KEY)"

    private func missing(_ connection: PostgresConnection) throws -> [String] {
        try Bookkeeping.missing(for: [Bookkeeping.defaultPublication], on: connection)
    }

    @Test func aDatabaseWithoutSetupIsToldToRunIt() throws {
        let connection = try TestDatabase(Self.sql).connect()
        #expect(try missing(connection).map { $0.contains("run `satchel-service setup`") } == [true])
        _ = try Bookkeeping.setup(on: connection, tables: [TableName("items")])
        #expect(try missing(connection) == [])
        try connection.execute("DROP PUBLICATION satchel_tables")
        #expect(try missing(connection).map { $0.contains("no publication satchel_tables") } == [true])
    }

    @Test func whatARoleMayNotDoIsNamedWithTheSQLThatMendsIt() throws {
        let database = try TestDatabase(Self.sql)
        let connection = try database.connect()
        _ = try Bookkeeping.setup(on: connection, tables: [TableName("items")])
        let role = "app_\(database.name)"
        try connection.execute("CREATE ROLE \(role); SET ROLE \(role)")
        #expect(
            try Bookkeeping.missingForSetup(on: connection)
                == [
                    "this role may not create the schema satchel: GRANT CREATE ON DATABASE \"\(database.name)\" TO \"\(role)\""
                ])
        try connection.execute("RESET ROLE; GRANT USAGE ON SCHEMA satchel TO \(role); SET ROLE \(role)")
        let problems = try missing(connection)
        #expect(problems.count == 2)
        // What is told is what mends it.
        try connection.execute("RESET ROLE")
        for problem in problems {
            let told = problem.components(separatedBy: "GRANT ").dropFirst().map { "GRANT " + $0 }
            for grant in told where grant.contains(" TO ") { try connection.execute(grant) }
        }
        try connection.execute("SET ROLE \(role)")
        #expect(try missing(connection) == [])
    }
}
