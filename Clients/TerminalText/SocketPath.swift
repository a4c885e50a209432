/// Where the daemon of this user listens.
package struct SocketPath: Hashable, Sendable {
    package let path: String
    /// Somebody named it: nothing is started there unless asked to.
    package let isExplicit: Bool

    /// Bytes of a Unix socket's path on Linux, without the closing NUL.
    package static let maxLength = 107

    /// `option`, else `SATCHEL_SOCKET`, else `$XDG_RUNTIME_DIR/satchel/satchel.sock`, else
    /// `$TMPDIR/satchel-<uid>/satchel.sock`.
    package init(option: String?, environment: [String: String], userID: UInt32) throws(UsageError) {
        let named = option ?? environment["SATCHEL_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        if let named {
            path = named
        } else if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            path = "\(runtime)/satchel/satchel.sock"
        } else {
            let temporary = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
            let folder =
                temporary.count > 1 && temporary.hasSuffix("/") ? String(temporary.dropLast()) : temporary
            path = "\(folder)/satchel-\(userID)/satchel.sock"
        }
        isExplicit = named != nil
        guard !path.isEmpty, path.utf8.count <= Self.maxLength else {
            throw UsageError(
                "The socket path has \(path.utf8.count) bytes; the system takes 1 to \(Self.maxLength): "
                    + "choose a shorter one with --socket.")
        }
    }

    package var directory: String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// Whether the daemon is started when nobody listens.
    package func startsDaemon(environment: [String: String]) -> Bool {
        switch environment["SATCHEL_AUTOSTART"] {
        case "1": true
        case "0": false
        default: !isExplicit
        }
    }
}
