import Glibc

/// A connected socket, read and written in place.
final class LocalStream {
    let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    /// What `buffer` holds that nobody has taken.
    private var filled = 0..<0

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// nil when nobody listens there.
    static func unix(_ path: String) -> LocalStream? {
        guard let (address, length) = unixAddress(path) else { return nil }
        return connected(AF_UNIX, address, length)
    }

    /// nil when nobody listens there.
    static func loopback(port: UInt16) -> LocalStream? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let stream = connected(AF_INET, address, socklen_t(MemoryLayout<sockaddr_in>.size))
        var on: Int32 = 1
        if let stream {
            setsockopt(stream.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        return stream
    }

    /// nil when the path is too long.
    static func unixAddress(_ path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return (address, socklen_t(MemoryLayout<sockaddr_un>.size))
    }

    private static func connected<Address>(_ family: Int32, _ address: Address, _ length: socklen_t) -> LocalStream? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return LocalStream(descriptor)
    }

    func write(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BenchError.system("write to a socket") }
            start += count
        }
    }

    /// Up to and with the next line feed, in place.
    func line() throws -> [UInt8] {
        var scanned = filled.lowerBound
        while true {
            if let end = lineFeed(from: scanned) {
                defer { filled = (end + 1)..<filled.upperBound }
                return Array(buffer[filled.lowerBound...end])
            }
            let offset = filled.count
            try fill()
            scanned = filled.lowerBound + offset
        }
    }

    /// A line that has come already.
    func arrivedLine() -> [UInt8]? {
        guard let end = lineFeed(from: filled.lowerBound) else { return nil }
        defer { filled = (end + 1)..<filled.upperBound }
        return Array(buffer[filled.lowerBound...end])
    }

    /// Passes over `count` bytes.
    func skip(_ count: Int) throws {
        var left = count
        while left > 0 {
            if filled.isEmpty { try fill() }
            let step = min(left, filled.count)
            filled = (filled.lowerBound + step)..<filled.upperBound
            left -= step
        }
    }

    func bytes(_ count: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            if filled.isEmpty { try fill() }
            let step = min(count - result.count, filled.count)
            result += buffer[filled.lowerBound..<(filled.lowerBound + step)]
            filled = (filled.lowerBound + step)..<filled.upperBound
        }
        return result
    }

    /// How many line feeds have come since the last call; waits for bytes, and consumes them.
    func countLines() throws -> Int {
        if filled.isEmpty { try fill() }
        defer { filled = 0..<0 }
        return buffer[filled].withUnsafeBufferPointer { Self.lines(in: $0) }
    }

    static func lines(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        for byte in bytes where byte == 0x0a { count += 1 }
        return count
    }

    private func lineFeed(from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, start < filled.upperBound,
                let found = memchr(base + start, 0x0a, filled.upperBound - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Waits for bytes and appends them.
    func fill() throws {
        if filled.isEmpty {
            filled = 0..<0
        } else if filled.upperBound == buffer.count {
            let rest = Array(buffer[filled])
            if rest.count > buffer.count / 2 { buffer = [UInt8](repeating: 0, count: buffer.count * 2) }
            buffer.replaceSubrange(0..<rest.count, with: rest)
            filled = 0..<rest.count
        }
        while true {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled.upperBound }, $0.count - filled.upperBound, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BenchError("the other side has closed the connection") }
            filled = filled.lowerBound..<(filled.upperBound + count)
            return
        }
    }
}
