import Postgres
import Synchronization

/// A fresh, empty database for one test, in the shared cluster or a given one. Never dropped: the cluster
/// goes as a whole.
package struct TestDatabase: Sendable {
    package let name: String
    package let connectionString: String

    private static let counter = Atomic<Int>(0)

    /// `setup` is run in it first.
    package init(_ setup: String = "", in cluster: PrivateCluster? = nil) throws {
        let cluster = try cluster ?? TestCluster.shared
        name = "test_\(Self.counter.add(1, ordering: .relaxed).newValue)"
        connectionString = cluster.connectionString(database: name)
        let admin = try PostgresConnection(cluster.connectionString(), applicationName: "test setup")
        // template0: CREATE DATABASE fails while anybody is connected to its template.
        try admin.query("CREATE DATABASE \(name) TEMPLATE template0")
        if !setup.isEmpty { try connect().execute(setup) }
    }

    package func connect(_ applicationName: String = "test") throws -> PostgresConnection {
        try PostgresConnection(connectionString, applicationName: applicationName)
    }
}
