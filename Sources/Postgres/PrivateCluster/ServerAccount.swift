import Glibc

/// The unprivileged account that a server runs under when we are root: PostgreSQL refuses to run as root.
struct ServerAccount {
    let name: String
    let userID: uid_t
    let groupID: gid_t

    /// nil when we are not root, and the server runs as we do.
    static func ifRoot(name: String = "postgres") throws(PostgresError) -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw PostgresError(
                .clusterFailed,
                "PostgreSQL does not run as root, and there is no account `\(name)` to run it: "
                    + "install the Debian package `postgresql`, or start as an ordinary user")
        }
        return ServerAccount(name: name, userID: entry.pw_uid, groupID: entry.pw_gid)
    }

    /// What to put before a command to run it as this account.
    var prefix: [String] {
        ["/usr/bin/setpriv", "--reuid=\(userID)", "--regid=\(groupID)", "--init-groups", "--"]
    }
}
