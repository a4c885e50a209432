import Glibc

/// HTTP/1.1 over one kept connection to this machine, bodies passed over or kept.
final class HTTPStream {
    struct Answer {
        let status: Int
        /// Names in lower case.
        let headers: [String: String]
        let bodyBytes: Int
        /// Empty unless it was asked for.
        let body: [UInt8]
    }

    private let stream: LocalStream
    private let port: UInt16

    init(port: UInt16) throws {
        guard let stream = LocalStream.loopback(port: port) else { throw BenchError("nobody listens at port \(port)") }
        self.stream = stream
        self.port = port
    }

    func get(_ target: String) throws -> Answer {
        try stream.write(Array("GET \(target) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n\r\n".utf8))
        return try answer(keepsBody: false)
    }

    func post(_ target: String, _ body: String) throws -> Answer {
        try send(target, body)
        return try answer(keepsBody: true)
    }

    /// Sends a request whose answer nobody waits for yet.
    func send(_ target: String, _ body: String) throws {
        let bytes = Array(body.utf8)
        let head = "POST \(target) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\ncontent-length: \(bytes.count)\r\n\r\n"
        try stream.write(Array(head.utf8) + bytes)
    }

    private func textLine() throws -> String {
        var line = try stream.line()
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    private func answer(keepsBody: Bool) throws -> Answer {
        let words = try textLine().split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw BenchError("that is no HTTP server") }
        var headers: [String: String] = [:]
        while true {
            let line = try textLine()
            guard let colon = line.firstIndex(of: ":") else { break }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        var body: [UInt8] = []
        var count = 0
        if headers["transfer-encoding"] == "chunked" {
            while let size = Int(try textLine(), radix: 16), size > 0 {
                count += size
                if keepsBody { body += try stream.bytes(size) } else { try stream.skip(size) }
                _ = try textLine()
            }
            _ = try textLine()
        } else if let size = headers["content-length"].flatMap({ Int($0) }) {
            count = size
            if keepsBody { body = try stream.bytes(size) } else { try stream.skip(size) }
        }
        return Answer(status: status, headers: headers, bodyBytes: count, body: body)
    }
}
