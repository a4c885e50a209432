import Glibc

/// What systemd wants to hear from a service of `Type=notify` (sd_notify(3)).
package struct ServiceManager: Sendable {
    private let socketPath: String?

    package init(environment: [String: String]) {
        socketPath = environment["NOTIFY_SOCKET"]
    }

    /// `READY=1`, `STOPPING=1`. Without effect where nobody listens.
    package func notify(_ state: String) {
        guard let socketPath, let (address, length) = LocalSocket.address(socketPath) else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                state.withCString { sendto(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL), address, length) }
            }
        }
    }
}
