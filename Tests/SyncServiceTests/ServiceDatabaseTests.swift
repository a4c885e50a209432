import Foundation
import Postgres
import PostgresTesting
import SyncService
import Testing

/// Which database `check`, `setup` and `teardown` look at.
@Suite struct ServiceDatabaseTests {
    @Test func withoutADatabaseNoClusterIsMade() throws {
        var options = ServiceOptions()
        options.stateDirectory = try TestCluster.temporaryDirectory() + "/state"
        let error = #expect(throws: OptionsError.self) { try options.withDatabase("test") { _ in } }
        for part in ["--database-url", "--state", options.stateDirectory, "postgres start"] {
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        }
        #expect(!FileManager.default.fileExists(atPath: options.stateDirectory))
    }

    @Test func aPrivateClusterIsLeftAsItWasFound() throws {
        var options = ServiceOptions()
        options.stateDirectory = try TestCluster.temporaryDirectory()
        options.privateCluster = options.stateDirectory + "/own"
        let cluster = try options.cluster
        try cluster.start()
        defer { try? cluster.stop() }
        let name = { (database: PostgresConnection) in try database.query("SELECT current_database()").value }
        #expect(try options.withDatabase("test", name) == "postgres")
        #expect(cluster.isRunning)
        try cluster.stop()
        #expect(try options.withDatabase("test", name) == "postgres")
        #expect(!cluster.isRunning)
    }

    @Test func theNamedDatabaseIsTaken() throws {
        let database = try TestDatabase()
        var options = ServiceOptions()
        options.database = database.connectionString
        let name = try options.withDatabase("test") { try $0.query("SELECT current_database()").value }
        #expect(name == database.name)
        #expect(throws: OptionsError.self) { try options.cluster }
    }
}
