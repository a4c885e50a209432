import Glibc

/// Unix sockets from the other end: whether somebody listens, and a plain connection.
package enum LocalSocket {
    /// Bytes that fit `sun_path` with the zero at its end.
    package static let maxPathBytes = 107

    package static func isAlive(_ path: String) -> Bool {
        guard let descriptor = try? connect(path) else { return false }
        close(descriptor)
        return true
    }

    /// A connected socket, blocking.
    package static func connect(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last }
        guard let (address, length) = address(path) else {
            close(descriptor)
            throw SystemError(code: ENAMETOOLONG)
        }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        }
        guard result == 0 else {
            let failure = SystemError.last
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    /// nil when the path is empty or too long. One that begins with `@` is one of Linux's abstract names.
    static func address(_ path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= maxPathBytes else { return nil }
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return (address, socklen_t(head + bytes.count + (isAbstract ? 0 : 1)))
    }
}
