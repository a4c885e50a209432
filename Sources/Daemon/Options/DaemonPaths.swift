import Glibc

/// Where things are when nobody says otherwise. Every path is absolute.
package struct DaemonPaths: Sendable {
    private let environment: [String: String]
    private let userID: uid_t

    package init(environment: [String: String], userID: uid_t = getuid()) {
        self.environment = environment
        self.userID = userID
    }

    /// Relative values are void by the XDG base directory specification.
    private func directory(_ name: String) -> String? {
        guard let value = environment[name], value.utf8.first == UInt8(ascii: "/") else { return nil }
        return value
    }

    /// `$XDG_DATA_HOME/satchel`, or `~/.local/share/satchel`.
    package var state: String {
        let data = directory("XDG_DATA_HOME") ?? "\(directory("HOME") ?? "/tmp")/.local/share"
        return "\(data)/satchel"
    }

    /// `$SATCHEL_SOCKET`, `$XDG_RUNTIME_DIR/satchel/satchel.sock`, or a private folder under `$TMPDIR`.
    package var socket: String {
        if let socket = directory("SATCHEL_SOCKET") { return socket }
        if let runtime = directory("XDG_RUNTIME_DIR") { return "\(runtime)/satchel/satchel.sock" }
        return "\(directory("TMPDIR") ?? "/tmp")/satchel-\(userID)/satchel.sock"
    }

    /// Against the working directory, for what a person typed.
    package static func absolute(_ path: String) -> String {
        guard path.utf8.first != UInt8(ascii: "/"), let working = getcwd(nil, 0) else { return path }
        defer { free(working) }
        return "\(String(cString: working))/\(path)"
    }
}
