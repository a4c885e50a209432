import Foundation
import Glibc

/// A blocking stream socket of this machine, read line by line.
final class SystemSocket {
    private let descriptor: Int32
    private var received: [UInt8] = []
    /// Milliseconds without a byte, after which a read fails.
    private static let patience: Int32 = 120_000

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// nil: nobody listens there (yet).
    init?(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        // Every property is set: `deinit` closes it.
        guard Self.connect(descriptor, &address) else { return nil }
    }

    /// To 127.0.0.1.
    init?(port: UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Every property is set: `deinit` closes it.
        guard Self.connect(descriptor, &address) else { return nil }
    }

    private static func connect<Address>(_ descriptor: Int32, _ address: inout Address) -> Bool {
        let length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) } == 0
        }
    }

    deinit { close(descriptor) }

    func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(
                    descriptor, buffer.baseAddress?.advanced(by: written), bytes.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(description: "the other side is gone") }
            written += count
        }
    }

    /// Without its end; nil at the end of the input.
    func line() throws -> [UInt8]? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return Array(received[..<end])
            }
            guard try receive() else { return nil }
        }
    }

    /// All that is left of the input.
    func rest() throws -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    private func receive() throws -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, Self.patience) > 0 else { throw Failure(description: "nothing came") }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { received += buffer[..<count] }
        return count > 0
    }
}
