import Foundation
import Glibc
import JSONText
import Shapes
import SyncModel
import SyncProtocol

/// A client of `POST /v1/sync` that is nothing but HTTP: it keeps what the answers say, over every fault.
struct SystemReader {
    private struct Held {
        let definition: ShapeDefinition
        var handle: ShapeHandle?
        var offset = LogOffset.beforeAll
        /// By column.
        var rows: [TableName: [RowKey: [String: Value]]] = [:]
    }

    private var shapes: [Held]
    private let port: UInt16
    private let user: String
    private(set) var resets = 0
    private(set) var renewed = 0

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ definitions: [ShapeDefinition], port: UInt16, user: String) {
        shapes = definitions.map { Held(definition: $0) }
        self.port = port
        self.user = user
    }

    /// Everything that PostgreSQL had committed.
    mutating func follow() throws {
        // A service that has just started says that it is not ready.
        for _ in 0..<200 {
            guard let batch = try ask() else {
                poll(nil, 0, 50)
                continue
            }
            let before = renewed
            for (index, part) in batch.shapes.enumerated() { try take(part, index) }
            if batch.frontier.isComplete, renewed == before { return }
        }
        throw Failure(description: "the reader does not reach the frontier")
    }

    /// nil: try again.
    private func ask() throws -> SyncBatch? {
        let parts = shapes.enumerated().map { index, held in
            SyncRequest.Shape(
                id: String(index), definition: held.definition, handle: held.handle, offset: held.offset)
        }
        let request = SyncRequest(replica: ReplicaID("oracle"), isLive: false, isBarrier: true, shapes: parts)
        guard let socket = SystemSocket(port: port) else { throw Failure(description: "the service does not listen") }
        let body = String(decoding: request.body, as: UTF8.self)
        try socket.write(
            "POST /v1/sync HTTP/1.1\r\nHost: 127.0.0.1\r\n\(ServiceHeader.user): \(user)\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        guard let status = try socket.line() else { throw Failure(description: "the service hung up") }
        let isOK = String(decoding: status, as: UTF8.self).contains(" 200 ")
        var isChunked = false
        while let line = try socket.line(), line.count > 1 {
            isChunked = isChunked || String(decoding: line, as: UTF8.self).lowercased().hasPrefix("transfer-encoding")
        }
        guard isOK else { return nil }
        var reader = AnswerReader()
        let body200 = isChunked ? try Self.chunks(socket) : try socket.rest()
        for line in body200.split(separator: UInt8(ascii: "\n")) { try reader.receive(line: Array(line)) }
        guard let batch = reader.batch else { throw Failure(description: "half an answer") }
        return batch
    }

    private static func chunks(_ socket: SystemSocket) throws -> [UInt8] {
        let bytes = try socket.rest()
        var body: [UInt8] = []
        var place = 0
        while let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) {
            let size = String(decoding: bytes[place..<end], as: UTF8.self).trimmingCharacters(
                in: .whitespacesAndNewlines)
            guard let count = Int(size, radix: 16), count > 0, end + 1 + count <= bytes.count else { break }
            body += bytes[(end + 1)..<(end + 1 + count)]
            place = end + 1 + count + 2
        }
        return body
    }

    private mutating func take(_ part: ShapeBatch, _ index: Int) throws {
        if let ended = part.ended {
            guard SystemFault.isNewName(ended.message), shapes[index].handle != nil else {
                throw Failure(description: "shape \(index) ended: \(ended.message)")
            }
            shapes[index] = Held(definition: shapes[index].definition)
            renewed += 1
            return
        }
        if part.isReset {
            shapes[index].rows = [:]
            resets += 1
        }
        for message in part.messages {
            if message.kind == .delete {
                shapes[index].rows[message.table]?[message.key] = nil
                continue
            }
            var row = message.kind == .insert ? [:] : shapes[index].rows[message.table]?[message.key] ?? [:]
            for field in message.fields { row[field.column] = field.value }
            shapes[index].rows[message.table, default: [:]][message.key] = row
        }
        shapes[index].handle = part.handle
        shapes[index].offset = part.offset
    }

    func rows(_ shape: Int, _ schema: DatabaseSchema) -> [TableName: [RowKey: Row]] {
        var rows: [TableName: [RowKey: Row]] = [:]
        for (name, held) in shapes[shape].rows {
            guard let table = schema[name] else { continue }
            rows[name] = held.mapValues { row in Row(table.columns.map { row[$0.name] ?? .absent }) }
        }
        return rows
    }
}
