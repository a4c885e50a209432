import Foundation
import Glibc
import Synchronization

/// A real HTTP/1.1 server on a socket of this machine that answers each path by a script.
final class TestServer: Sendable {
    enum Step: Sendable {
        case send(String)
        /// So many bytes of `x`.
        case fill(Int)
        /// Goes on after `release`.
        case hold
        /// Cuts the connection.
        case cut
    }

    struct Received: Hashable, Sendable {
        let connection: Int
        let head: String
        let body: String
    }

    private struct State {
        var received: [Received] = []
        var descriptors: [Int32] = []
        var isStopped = false
    }

    /// `http://127.0.0.1:PORT`, or `unix://PATH`.
    let address: String
    private let listener: Int32
    private let scripts: [String: [Step]]
    private let gate = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    struct Failure: Error {}

    init(_ scripts: [String: [Step]], unixSocket: String? = nil) throws {
        self.scripts = scripts
        (listener, address) = try unixSocket.map(Self.listen(unix:)) ?? Self.listenOnLoopback()
        Thread.detachNewThread { [self] in acceptConnections() }
    }

    var received: [Received] { state.withLock { $0.received } }

    func release() { gate.signal() }

    func stop() {
        let descriptors = state.withLock { state in
            state.isStopped = true
            return state.descriptors
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        for _ in descriptors { gate.signal() }
    }
}

extension TestServer {
    private static func listenOnLoopback() throws -> (Int32, String) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            guard bind(descriptor, pointer, size) == 0, Glibc.listen(descriptor, 16) == 0 else {
                return Int32(-1)
            }
            return getsockname(descriptor, pointer, &size)
        }
        guard code == 0 else { throw Failure() }
        return (descriptor, "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))")
    }

    private static func listen(unix path: String) throws -> (Int32, String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafeBytes(of: &address) { bytes in
            bind(
                descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!,
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        guard code == 0, Glibc.listen(descriptor, 16) == 0 else { throw Failure() }
        return (descriptor, "unix://\(path)")
    }

    private func acceptConnections() {
        var number = 0
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            number += 1
            let isStopped = state.withLock { state in
                state.descriptors.append(descriptor)
                return state.isStopped
            }
            if isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
            Thread.detachNewThread { [self, number] in serve(descriptor, connection: number) }
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32, connection: Int) {
        var buffer: [UInt8] = []
        while let request = read(descriptor, &buffer, connection) {
            state.withLock { $0.received.append(request) }
            let path = request.head.split(separator: " ").dropFirst().first.map { String($0) } ?? ""
            for step in scripts[path] ?? [.send("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")] {
                guard perform(step, descriptor) else {
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    return
                }
            }
        }
    }

    /// False: the connection is over.
    private func perform(_ step: Step, _ descriptor: Int32) -> Bool {
        switch step {
        case .send(let text): return write([UInt8](text.utf8), descriptor)
        case .fill(let count): return write([UInt8](repeating: UInt8(ascii: "x"), count: count), descriptor)
        case .hold:
            gate.wait()
            return true
        case .cut: return false
        }
    }

    private func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func read(_ descriptor: Int32, _ buffer: inout [UInt8], _ connection: Int) -> Received? {
        let end = [UInt8]("\r\n\r\n".utf8)
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            if let split = buffer.firstRange(of: end) {
                let head = String(decoding: buffer[..<split.lowerBound], as: UTF8.self)
                let length = head.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) }
                let total = split.upperBound + (length ?? 0)
                if buffer.count >= total {
                    let body = String(decoding: buffer[split.upperBound..<total], as: UTF8.self)
                    buffer.removeFirst(total)
                    return Received(connection: connection, head: head, body: body)
                }
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }
}
