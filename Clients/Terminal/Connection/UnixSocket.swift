#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connected Unix socket, read and written in place: a terminal command waits for nothing else.
final class UnixSocket {
    struct Failure: Error {
        let code: Int32
        var message: String { String(cString: strerror(code)) }
        /// Nobody listens: no socket, or one that a dead daemon left behind.
        var nobodyListens: Bool { code == ENOENT || code == ECONNREFUSED }
    }

    private let descriptor: Int32

    /// The path MUST fit (`SocketPath` checks it).
    init(path: String) throws(Failure) {
        #if canImport(Glibc)
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        if result != 0 {
            let failure = Failure(code: errno)
            close(descriptor)
            throw failure
        }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start, Self.noSignal)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Failure(code: written < 0 ? errno : EPIPE) }
            start += written
        }
    }

    /// Waits for bytes; empty at the end of the stream, nil when `timeout` (milliseconds) is over.
    ///
    /// - output: a descriptor whose reader may go meanwhile, which is the program's end.
    func read(timeout: Int?, whileRead output: Int32? = nil) throws(Failure) -> [UInt8]? {
        // What is wrong with a descriptor is told without being asked for; a negative one is passed over.
        var pollers = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: output ?? -1, events: 0, revents: 0),
        ]
        let limit = timeout.map { Int32(clamping: $0) } ?? -1
        while true {
            let ready = poll(&pollers, nfds_t(pollers.count), limit)
            if ready < 0, errno == EINTR { continue }
            if ready < 0 { throw Failure(code: errno) }
            if ready == 0 { return nil }
            break
        }
        if pollers[1].revents != 0 { Output.leaveUnread() }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw Failure(code: errno) }
            return Array(buffer.prefix(count))
        }
    }

    #if canImport(Glibc)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #else
        private static let noSignal: Int32 = 0
    #endif
}
