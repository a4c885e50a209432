import Glibc

/// The programs of one PostgreSQL version, as Debian installs them: `/usr/lib/postgresql/<version>/bin`.
package struct ServerInstallation: Hashable, Sendable {
    package let version: Int
    private let root: String

    /// The oldest version that Satchel works with.
    package static let minimumVersion = 14
    package static let debianRoot = "/usr/lib/postgresql"

    /// The newest one. Throws `.clusterFailed`, naming the package to install, when there is none.
    package static func newest(in root: String = debianRoot) throws(PostgresError) -> ServerInstallation {
        let versions = FileSystem.entries(of: root).compactMap { Int($0) }.filter { $0 >= minimumVersion }
            .sorted()
        for version in versions.reversed() {
            let installation = ServerInstallation(version: version, root: root)
            if installation.isComplete { return installation }
        }
        throw PostgresError(
            .clusterFailed,
            "no PostgreSQL server of version \(minimumVersion) or newer is installed under \(root): "
                + "install the Debian package `postgresql`, or name a database with `database_url`")
    }

    /// The one that made a data directory.
    package static func version(_ version: Int, in root: String = debianRoot) throws(PostgresError) -> Self {
        let installation = ServerInstallation(version: version, root: root)
        guard installation.isComplete else {
            throw PostgresError(
                .clusterFailed,
                "the private database was made by PostgreSQL \(version), which is not installed: "
                    + "install the Debian package `postgresql-\(version)`")
        }
        return installation
    }

    func program(_ name: String) -> String { "\(root)/\(version)/bin/\(name)" }

    private var isComplete: Bool {
        ["initdb", "pg_ctl", "postgres"].allSatisfy { access(program($0), X_OK) == 0 }
    }
}
