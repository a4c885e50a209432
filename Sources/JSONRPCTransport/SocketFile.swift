#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import NIOCore

/// Sockets as files: who may reach them, and what stands where they shall be.
enum SocketFile {
    /// `sockaddr_un.sun_path` with its NUL.
    private static let maxPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    static var user: UInt32 { geteuid() }

    /// A bound socket, mode 0600. It does not listen yet, so nobody gets in before the mode is set.
    static func listen(path: String) throws(TransportError) -> Int32 {
        guard path.utf8.count <= maxPath else {
            throw TransportError(
                "The socket path has \(path.utf8.count) bytes, and the system allows \(maxPath): choose a shorter one. "
                    + "It is \(path)")
        }
        guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else {
            throw TransportError("The socket path must begin with a slash. It is \(path)")
        }
        try prepareDirectory(slash == path.startIndex ? "/" : String(path[..<slash]))
        try removeSocket(path: path)
        let descriptor = socket(AF_UNIX, streamType, 0)
        guard descriptor >= 0 else { throw .system("A socket cannot be made") }
        do throws(TransportError) {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                throw .system("A socket cannot be set up")
            }
            try bind(descriptor, to: path)
            guard chmod(path, 0o600) == 0 else { throw .system("The mode of \(path) cannot be set") }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    #if canImport(Glibc)
        private static let streamType = Int32(SOCK_STREAM.rawValue)
    #else
        private static let streamType = SOCK_STREAM
    #endif

    private static func bind(_ descriptor: Int32, to path: String) throws(TransportError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { addresses in
                #if canImport(Glibc)
                    Glibc.bind(descriptor, addresses.baseAddress, socklen_t(bytes.count))
                #else
                    Darwin.bind(descriptor, addresses.baseAddress, socklen_t(bytes.count))
                #endif
            }
        }
        guard result == 0 else { throw .system("The socket \(path) cannot be bound") }
    }

    /// Makes the directory, mode 0700, or refuses one that others could enter.
    private static func prepareDirectory(_ path: String) throws(TransportError) {
        if mkdir(path, 0o700) == 0 { return }
        guard errno == EEXIST else { throw .system("The directory \(path) of the socket cannot be made") }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system("The directory \(path) cannot be looked at") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw TransportError("\(path), where the socket shall be, is no directory.")
        }
        guard status.st_uid == user, status.st_mode & 0o077 == 0 else {
            throw TransportError(
                "The directory \(path) of the socket must belong to you and be closed to others: chmod 700 \(path)"
            )
        }
    }

    private static func removeSocket(path: String) throws(TransportError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TransportError("\(path) is no socket: remove it, or choose another path.")
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system("The old socket \(path) cannot be removed")
        }
    }

    static func remove(path: String) {
        unlink(path)
    }

    static func checkIsUnixSocket(_ descriptor: Int32) throws(TransportError) {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &length) }
        }
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else {
            throw TransportError(
                "The inherited descriptor \(descriptor) is no Unix socket: check the .socket unit.")
        }
    }
}

extension TransportError {
    /// With the system's reason for the call that has just failed.
    fileprivate static func system(_ what: String) -> TransportError {
        TransportError("\(what): \(String(cString: strerror(errno))).")
    }
}

extension Channel {
    /// nil where the system does not say.
    func peer() -> EventLoopFuture<Peer?> {
        #if os(Linux)
            guard let options = self as? any SocketOptionProvider else {
                return eventLoop.makeSucceededFuture(nil)
            }
            // struct ucred; Glibc's module does not have it.
            typealias Credentials = (process: Int32, user: UInt32, group: UInt32)
            let future: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
            return future.map { Peer(user: $0.user, process: $0.process) }
        #else
            return eventLoop.makeSucceededFuture(nil)
        #endif
    }
}
