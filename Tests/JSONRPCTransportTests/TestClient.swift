import Foundation
import JSONRPC
import JSONText
import Synchronization
import Testing

@testable import JSONRPCTransport

/// A blocking client on a descriptor, as a script would be.
final class TestClient: Sendable {
    let descriptor: Int32
    private let rest = Mutex<[UInt8]>([])

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// nil when nobody listens.
    init?(path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            written += count
        }
    }

    /// The next line; nil at the end.
    func line() -> String? {
        rest.withLock { rest in
            var searched = 0
            while true {
                if let end = Self.lineFeed(in: rest, from: searched) {
                    defer { rest.removeSubrange(...end) }
                    return String(decoding: rest[..<end], as: UTF8.self)
                }
                searched = rest.count
                guard fill(&rest) else { return nil }
            }
        }
    }

    private static func lineFeed(in bytes: [UInt8], from place: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let found = memchr(base + place, 0x0a, buffer.count - place)
            else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }

    func bytes(_ count: Int) -> String? {
        rest.withLock { rest in
            while rest.count < count { guard fill(&rest) else { return nil } }
            defer { rest.removeFirst(count) }
            return String(decoding: rest[..<count], as: UTF8.self)
        }
    }

    private func fill(_ rest: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return false }
        rest += buffer[..<count]
        return true
    }

    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }
    func hangUp() { close(descriptor) }

    static let initialize = #"{"jsonrpc":"2.0","id":0,"method":"initialize"}"# + "\n"
}

/// Echoes `echo`, keeps `hold` waiting, and writes down what happened.
final class RecordingHandler: ConnectionHandler {
    struct State {
        var log: [String] = []
        var held: [(Connection, RequestID)] = []
        var connections: [Connection] = []
        var waiters: [(String, CheckedContinuation<Void, Never>)] = []
    }

    let state = Mutex(State())
    private let onRequest: @Sendable (Request, Connection) -> Bool

    /// `onRequest` says whether it dealt with the request itself.
    init(onRequest: @escaping @Sendable (Request, Connection) -> Bool = { _, _ in false }) {
        self.onRequest = onRequest
    }

    private func note(_ text: String) {
        let waiters = state.withLock { state in
            state.log.append(text)
            let due = state.waiters.filter { $0.0 == text }
            state.waiters.removeAll { $0.0 == text }
            return due
        }
        for waiter in waiters { waiter.1.resume() }
    }

    /// Returns once the event was written down.
    func happened(_ text: String) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.log.contains(text) { return true }
                state.waiters.append((text, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    var log: [String] { state.withLock { $0.log } }
    var connections: [Connection] { state.withLock { $0.connections } }

    func connected(_ connection: Connection) {
        state.withLock { $0.connections.append(connection) }
        note("connected")
    }

    func received(_ request: Request, on connection: Connection) {
        if !onRequest(request, connection) {
            switch request.method {
            case "hold": state.withLock { $0.held.append((connection, request.id)) }
            default: connection.answer(request.id, .result(request.params ?? nil))
            }
        }
        note("\(request.method) \(request.id)")
    }

    func received(_ notification: JSONRPC.Notification, on connection: Connection) {
        note(notification.method)
    }

    func cancelled(_ id: RequestID, on connection: Connection) {
        connection.answer(id, .error(ResponseError(.cancelled, "Cancelled.")))
        note("cancelled \(id)")
    }

    func outboxDrained(_ connection: Connection) { note("drained") }
    func closed(_ connection: Connection) { note("closed") }
}

/// A fresh directory of mode 0700 under the system's one for temporary files, removed afterwards.
func withTemporaryDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
    var template = Array("/tmp/rpc-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    let path = String(cString: made)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
