import Postgres

/// One private PostgreSQL for all tests of a process, made when the first test asks for it.
package enum TestCluster {
    /// Throws in every test that asks when PostgreSQL could not be started.
    package static var shared: PrivateCluster {
        get throws { try result.get() }
    }

    private static let result = Result { () throws -> PrivateCluster in
        let cluster = try separate()
        try cluster.start()
        return cluster
    }

    /// A cluster of a test's own, for what would disturb others (stopping it, say). Not started.
    package static func separate(named name: String = "pg") throws -> PrivateCluster {
        let many = [("max_connections", "200"), ("max_wal_senders", "100"), ("max_replication_slots", "1000")]
        return try PrivateCluster(
            directory: "\(temporaryDirectory())/\(name)",
            settings: many.map { PrivateCluster.Setting($0.0, $0.1) }, isDurable: false)
    }

    /// A fresh directory that other accounts may pass through.
    package static func temporaryDirectory() throws -> String { try TestDirectory.next() }
}

package struct TestClusterError: Error {
    package let message: String
}
