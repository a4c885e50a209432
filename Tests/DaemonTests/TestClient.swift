import Glibc
import JSONRPC
import JSONText
import Testing

/// A client as simple as can be: a blocking connection, answers and notifications in the order of their arrival.
final class TestClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// Of an error answer.
        var code: Int?
        var data: JSON?
    }

    private let input: Int32
    private let output: Int32
    private let framing: Framing
    private var decoder = FrameDecoder()
    private var lastID: Int64 = 0
    /// Not asked for yet.
    private var unread: [JSON] = []

    /// How long to wait for a message before the test fails: a bound for broken code, not a part of any test.
    private static let patience = timeval(tv_sec: 60, tv_usec: 0)

    init(input: Int32, output: Int32, framing: Framing = .newline) {
        self.input = input
        self.output = output
        self.framing = framing
        // A daemon that was killed is an error of a write, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        var patience = Self.patience
        // Has no effect on pipes, whose other end always closes.
        setsockopt(input, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(input)
        if output != input { close(output) }
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(output, $0.baseAddress.map { $0 + sent }, bytes.count - sent) }
            guard count > 0 else { return }
            sent += count
        }
    }

    func post(_ method: String, _ params: JSON = [:]) -> Int64 {
        lastID += 1
        var bytes: [UInt8] = []
        framing.append(Request(id: .int(lastID), method: method, params: params).serialized(), to: &bytes)
        send(bytes)
        return lastID
    }

    func notify(_ method: String, _ params: JSON = [:]) {
        var bytes: [UInt8] = []
        framing.append(Notification(method: method, params: params).serialized(), to: &bytes)
        send(bytes)
    }

    func call(_ method: String, _ params: JSON = [:]) throws -> JSON { try answer(to: post(method, params)) }

    func answer(to id: Int64) throws -> JSON {
        let message = try take { $0["id"] == .int(id) }
        if let result = message["result"] { return result }
        throw Failure(
            description: message.text, code: message["error"]?["code"]?.int.map(Int.init),
            data: message["error"]?["data"])
    }

    /// The code of the error that the request is answered with; nil for a result.
    func refusal(_ method: String, _ params: JSON = [:]) throws -> Int? {
        do {
            _ = try call(method, params)
            return nil
        } catch let failure as Failure where failure.code != nil {
            return failure.code
        }
    }

    /// The code of the error that answers no request in particular.
    func refusalOfUnreadable() throws -> Int? {
        try take { $0["id"] == .null && $0["error"] != nil }["error"]?["code"]?.int.map(Int.init)
    }

    /// The first notification of the method that fits, and its place does not matter.
    func notification(_ method: String, where fits: (JSON) -> Bool = { _ in true }) throws -> JSON {
        try take { $0["method"] == .string(method) && fits($0["params"] ?? .null) }["params"] ?? .null
    }

    /// The next message of any kind.
    func next() throws -> JSON { try take { _ in true } }

    private func take(where fits: (JSON) -> Bool) throws -> JSON {
        if let index = unread.firstIndex(where: fits) { return unread.remove(at: index) }
        while true {
            let message = try receive()
            if fits(message) { return message }
            unread.append(message)
        }
    }

    private func receive() throws -> JSON {
        while true {
            if let frame = try decoder.next() { return try JSON(parsing: Array(frame)) }
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(input, &bytes, bytes.count)
            guard count > 0 else { throw Failure(description: "the connection ended: \(count), errno \(errno)") }
            decoder.feed(Array(bytes[..<count]))
        }
    }

    func initialize() throws {
        _ = try call("initialize", ["protocolVersion": ["major": 1, "minor": 0]])
        notify("initialized")
    }
}
