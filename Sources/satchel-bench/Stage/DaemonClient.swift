import JSONText

/// A client of the daemon, one JSON-RPC message a line.
final class DaemonClient {
    let stream: LocalStream
    private var lastID = 0
    private var arrived: [JSON] = []

    init(_ stream: LocalStream) throws {
        self.stream = stream
        _ = try call("initialize", #"{"clientInfo": {"name": "satchel-bench"}}"#)
        try stream.write(Array("{\"jsonrpc\":\"2.0\",\"method\":\"initialized\"}\n".utf8))
    }

    /// `params` is JSON text. Notifications that come meanwhile are kept.
    func call(_ method: String, _ params: String) throws -> JSON {
        lastID += 1
        try stream.write(Self.request(lastID, method, params))
        while true {
            let message = try JSON(parsing: try stream.line())
            guard message["id"]?.int == Int64(lastID) else {
                arrived.append(message)
                continue
            }
            guard let result = message["result"] else { throw BenchError("\(method): \(message["error"]?.text ?? "")") }
            return result
        }
    }

    /// Waits for the next answer, which must be no error; notifications are passed over.
    static func waitForAnswer(_ stream: LocalStream) throws {
        while try !isAnswer(try stream.line()) {}
    }

    /// false: a notification. Throws when it is an error.
    static func isAnswer(_ line: [UInt8]) throws -> Bool {
        guard line.starts(with: answerHead) else { return false }
        if let error = try JSON(parsing: line)["error"] { throw BenchError("the daemon refuses: \(error.text)") }
        return true
    }

    /// How the daemon begins an answer.
    private static let answerHead = Array(#"{"jsonrpc":"2.0","id":"#.utf8)

    /// One line.
    static func request(_ id: Int, _ method: String, _ params: String) -> [UInt8] {
        Array("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\",\"params\":\(params)}\n".utf8)
    }

    /// The next notification of this method; others are passed over.
    func notification(_ method: String) throws -> JSON {
        while true {
            let message = arrived.isEmpty ? try JSON(parsing: try stream.line()) : arrived.removeFirst()
            if message["method"]?.string == method { return message["params"] ?? .null }
        }
    }

    /// Waits until the queue is empty and every shape is at the database's position.
    func waitForSync() throws {
        _ = try call("sync/wait", #"{"timeout": 600000}"#)
    }

    /// The parameters of an `operation/submit` that gives a row another name.
    static func rename(_ key: String, to name: String) -> String {
        #"{"operations":[{"table":"item","op":"update","key":{"id":"\#(key)"},"set":{"name":"\#(name)"}}]}"#
    }
}
