import Foundation
import Postgres

/// Which database it is, and how it is reached.
extension ServiceOptions {
    private var clusterDirectory: String { privateCluster ?? stateDirectory + "/postgres" }

    /// Its parent directory is made.
    package var cluster: PrivateCluster {
        get throws {
            if database != nil {
                throw OptionsError(
                    "A database is named (--database-url or electric.database_url), so that there is no private "
                        + "cluster: give --private-postgres DIR")
            }
            let directory = clusterDirectory
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: directory).deletingLastPathComponent(), withIntermediateDirectories: true)
            return try PrivateCluster(directory: directory)
        }
    }

    /// For the service itself. The private cluster is made and started where no database was named.
    package func reachDatabase() throws -> String {
        if let database { return database }
        let cluster = try cluster
        try cluster.start()
        return cluster.connectionString()
    }

    /// For what looks at the database once: the one that is named, or the private cluster that is there, which is left
    /// as it was found, running or not. None is made.
    package func withDatabase<Result>(
        _ applicationName: String, _ body: (PostgresConnection) throws -> Result
    ) throws -> Result {
        if let database { return try Self.withConnection(database, applicationName, body) }
        guard FileManager.default.fileExists(atPath: clusterDirectory + "/data") else {
            throw OptionsError(
                "No database is named, and there is no private cluster in \(clusterDirectory): give --database-url "
                    + "'host=… dbname=…', or --state DIR of the service that has one (`satchel-service postgres start` "
                    + "makes one)")
        }
        let cluster = try cluster
        let wasRunning = cluster.isRunning
        try cluster.start()
        defer { if !wasRunning { try? cluster.stop() } }
        return try Self.withConnection(cluster.connectionString(), applicationName, body)
    }

    private static func withConnection<Result>(
        _ conninfo: String, _ applicationName: String, _ body: (PostgresConnection) throws -> Result
    ) throws -> Result {
        let connection = try PostgresConnection(conninfo, applicationName: applicationName)
        defer { connection.close() }
        return try body(connection)
    }
}
