import Foundation
import Glibc
import JSONText
import SyncModel

/// A `satcheld`, and a client of it that has subscribed to every shape of the world.
final class SystemDaemon {
    let name: String
    private let program: URL
    private let arguments: [String]
    private let socketPath: String
    private var process: SystemProcess?
    private var socket: SystemSocket?
    private var requests: Int64 = 0
    private var subscriptions: [JSON] = []
    private var definitions: [JSON] = []
    private(set) var renewed = 0
    /// What it took and nobody let go of, by id, in the order of submission.
    private var taken: [String] = []

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    init(_ name: String, program: URL, directory: String, service: String) throws {
        self.name = name
        self.program = program
        socketPath = "\(directory)/\(name).sock"
        arguments = [
            "run", "--state", "\(directory)/\(name)", "--socket", socketPath, "--service", service, "--user", name,
            "--log-level", "critical",
        ]
    }

    func start(_ definitions: [JSON]) throws {
        let process = try SystemProcess(program, arguments)
        self.process = process
        // It listens once it has read its files.
        while socket == nil {
            guard process.isRunning else { throw Refusal(description: "satcheld \(name) ended") }
            socket = SystemSocket(path: socketPath)
            if socket == nil { poll(nil, 0, 10) }
        }
        _ = try call("initialize", ["clientInfo": ["name": "oracle"]])
        try send(["jsonrpc": "2.0", "method": "initialized", "params": [:]])
        self.definitions = definitions
        subscriptions = try definitions.map(subscribe)
    }

    private func subscribe(_ definition: JSON) throws -> JSON {
        try call("shape/subscribe", ["definition": definition, "limit": 0])["subscription"] ?? .null
    }

    /// Of shapes that a renamed column ended: people ask for them again.
    private func renew(_ shape: Int) throws {
        let list = try call("shape/list", [:])["shapes"]?.array ?? []
        let messages = list.compactMap { $0["reason"]?["message"]?.string }
        guard messages.contains(where: SystemFault.isNewName) else {
            throw Refusal(description: "\(name): shape \(shape) ended: \(messages)")
        }
        _ = try call("shape/unsubscribe", ["subscription": subscriptions[shape]])
        subscriptions[shape] = try subscribe(definitions[shape])
        renewed += 1
    }

    func end(_ signal: Int32) {
        process?.end(signal)
        process = nil
        socket = nil
    }

    func call(_ method: String, _ params: JSON) throws -> JSON {
        requests += 1
        let id = requests
        try send(["jsonrpc": "2.0", "id": .int(id), "method": .string(method), "params": params])
        while let line = try socket?.line() {
            let message = try JSON(parsing: String(decoding: line, as: UTF8.self))
            guard message["id"]?.int == id else { continue }
            if let error = message["error"] { throw Refusal(description: "\(name) \(method): \(error.text)") }
            return message["result"] ?? .null
        }
        throw Refusal(description: "\(name) \(method): the daemon is gone")
    }

    private func send(_ message: JSON) throws {
        guard let socket else { throw Refusal(description: "\(name) is not running") }
        try socket.write(message.text + "\n")
    }

    /// Throws `Refusal` where it is not taken.
    func submit(_ operation: JSON) throws {
        let answer = try call("operation/submit", ["operations": [operation]])
        guard let id = answer["operations"]?[0]?["id"]?.string else {
            throw SystemProcess.Failure(description: "\(name) takes an operation without a name: \(answer.text)")
        }
        taken.append(id)
    }

    /// What was taken is done, or somebody was told why not: the operations of which neither is so, each in a sentence.
    /// Once all has settled.
    /// They are looked for again after later rounds; those that are lost are told once.
    func check() -> (confirmed: Int, lost: [String]) {
        var confirmed: [String] = []
        var lost: [String] = []
        for id in taken {
            do {
                let operation = try call("operation/show", ["id": .string(id)])
                if operation["state"]?.string == "confirmed" {
                    confirmed.append(id)
                } else {
                    lost.append("\(id) was taken, and is not done: \(operation.text)")
                }
            } catch {
                lost.append("\(id) was taken, and is gone: \(error)")
            }
        }
        taken = confirmed
        return (confirmed.count, lost)
    }

    /// Sent, confirmed, or let go of where it was refused; then everything that PostgreSQL had.
    ///
    /// - Returns: how many operations were refused.
    func settle() throws -> Int {
        _ = try call("sync/wait", ["timeout": 100_000])
        var refused = 0
        while let id = try call("operation/list", ["states": ["parked"], "limit": 1])["operations"]?[0]?["id"] {
            let parked = try call("operation/show", ["id": id])
            guard parked["reason"]?["code"]?.string != nil else {
                throw SystemProcess.Failure(description: "\(name): parked without a reason: \(parked.text)")
            }
            let ended = try call("operation/cancel", ["id": id, "dependents": true])
            let gone = Set((ended["operations"]?.array ?? []).compactMap(\.string))
            taken.removeAll(where: gone.contains)
            refused += gone.count
        }
        if refused > 0 { _ = try call("sync/wait", ["timeout": 100_000]) }
        return refused
    }

    /// What it has to say for itself where it differs: its status, and its operations.
    func account() -> String {
        let status = (try? call("sync/status", [:]))?.text ?? "no status"
        let operations = (try? call("operation/list", ["limit": 100]))?["operations"]?.array ?? []
        let lines = operations.map { operation in
            "\(operation["id"]?.string ?? "") \(operation["op"]?.string ?? "") \(operation["table"]?.string ?? "") "
                + "\(operation["key"]?.text ?? "") \(operation["state"]?.string ?? "") \(operation["seq"]?.text ?? "")"
        }
        return ([status] + lines).joined(separator: "\n    ")
    }

    /// The rows of a shape, whole, in the columns of the schema; those that the shape does not have are absent.
    func rows(_ shape: Int, _ schema: DatabaseSchema) throws -> [TableName: [RowKey: Row]] {
        var rows: [TableName: [RowKey: Row]] = [:]
        var cursor: JSON?
        repeat {
            var params: JSONObject = ["subscription": subscriptions[shape], "limit": 1_000, "wait": 100_000]
            if let cursor { params["cursor"] = cursor }
            let page = try call("shape/read", .object(params))
            if page["status"] == "ended" {
                try renew(shape)
                return try self.rows(shape, schema)
            }
            guard page["status"] == "live" else {
                throw Refusal(description: "\(name): shape \(shape) is \(page["status"]?.text ?? "nothing")")
            }
            for row in page["rows"]?.array ?? [] {
                guard let table = schema[TableName(row["table"]?.string ?? "")], let values = row["value"] else {
                    continue
                }
                let found = Row(table.columns.map { values[$0.name].map { Value($0.string) } ?? .absent })
                rows[table.name, default: [:]][found.key(in: table)] = found
            }
            cursor = page["next"].flatMap { $0.isNull ? nil : $0 }
        } while cursor != nil
        return rows
    }
}
