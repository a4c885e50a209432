/// Where the service is: `http://host:port`, `https://host`, or `unix:///path/to/socket`.
package struct ServiceAddress: Hashable, Sendable, CustomStringConvertible {
    /// Scheme and authority, without a slash at the end. `http://localhost` for a Unix socket.
    package let origin: String
    package let unixSocket: String?
    /// The connection is encrypted.
    package let isSecure: Bool
    /// The service is on this machine: no proxy is asked.
    package let isLocal: Bool
    package let description: String

    /// nil for anything else, a user name or a path included.
    package init?(_ text: String) {
        description = text
        if let path = text.removing(prefix: "unix://") {
            guard path.first == "/", path.utf8.count < 108, Self.isPlain(path) else { return nil }
            (origin, unixSocket, isSecure, isLocal) = ("http://localhost", path, false, true)
            return
        }
        let trimmed = text.last == "/" ? String(text.dropLast()) : text
        isSecure = trimmed.removing(prefix: "https://") != nil
        guard let authority = trimmed.removing(prefix: "https://") ?? trimmed.removing(prefix: "http://"),
            let host = Self.host(authority)
        else { return nil }
        origin = trimmed
        unixSocket = nil
        isLocal = host == "localhost" || host == "[::1]" || host.utf8.starts(with: "127.".utf8)
    }

    private static func host(_ authority: String) -> String? {
        guard isPlain(authority), !authority.contains(where: { "/?#@\\ ".contains($0) }) else { return nil }
        var host = authority
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            guard let port = UInt16(authority[authority.index(after: colon)...]), port > 0 else { return nil }
            host = String(authority[..<colon])
        }
        let isBracketed = host.first == "[" && host.last == "]"
        guard !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
        return host
    }

    /// Printable ASCII only for hosts; for paths everything but control characters.
    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 0x20 || $0 == 0x7f } }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        utf8.starts(with: prefix.utf8) ? String(dropFirst(prefix.count)) : nil
    }
}
