import JSONText
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// One person's device, as far as reading goes: shapes with what is held of them, and all that came in.
struct PersonalReader {
    struct Held {
        let definition: ShapeDefinition
        var handle: ShapeHandle?
        var offset = LogOffset.beforeAll
        var rows: [TableName: [RowKey: [Text: Value]]] = [:]
        var resets = 0
        var deletes = 0
        var ended: Reason?
        var failures = ShapeFailures.none
    }

    var port: Int
    let headers: [String: String]
    var shapes: [Held]
    /// Of all answers.
    var bodies: [String] = []

    init(port: Int, headers: [String: String], _ definitions: [String]) throws {
        self.port = port
        self.headers = headers
        shapes = try definitions.map { Held(definition: try ShapeDefinition(json: JSON(parsing: $0))) }
    }

    /// Asks until all shapes have reached the frontier.
    mutating func catchUp() throws {
        while try !ask().isComplete {}
    }

    mutating func ask() throws -> Frontier {
        let request = SyncRequest(
            replica: ReplicaID("r"), isLive: false,
            shapes: shapes.enumerated().map { index, shape in
                SyncRequest.Shape(
                    id: String(index), definition: shape.definition, handle: shape.handle, offset: shape.offset,
                    failureTag: shape.failures.tag)
            })
        let response = try RawHTTP.get(
            "/v1/sync", port: port, method: "POST", headers: headers,
            body: String(decoding: request.body, as: UTF8.self))
        bodies.append(response.body)
        var reader = AnswerReader()
        for line in response.body.split(separator: "\n") { try reader.receive(line: Array(line.utf8)) }
        let batch = try #require(reader.batch, "\(response.status) \(response.body)")
        for part in batch.shapes {
            guard let index = Int(part.shape) else { continue }
            take(part, into: &shapes[index])
        }
        return batch.frontier
    }

    private func take(_ part: ShapeBatch, into held: inout Held) {
        if let ended = part.ended {
            held.ended = ended
            return
        }
        if part.isReset {
            held.rows = [:]
            held.resets += 1
            held.failures = .none
        }
        if let failures = part.failures { held.failures = failures }
        for message in part.messages {
            switch message.kind {
            case .insert, .update:
                for field in message.fields {
                    held.rows[message.table, default: [:]][message.key, default: [:]][Text(field.column)] = field.value
                }
            case .delete:
                held.rows[message.table]?[message.key] = nil
                held.deletes += 1
            }
        }
        held.handle = part.handle
        held.offset = part.offset
    }

    /// `column=value` of each row, sorted.
    func content(_ shape: Int, _ table: String) -> [String] {
        (shapes[shape].rows[TableName(table)] ?? [:]).values.map { fields in
            fields.map { "\($0.key.string)=\($0.value.text?.string ?? "NULL")" }.sorted().joined(separator: ",")
        }.sorted()
    }
}
