import JSONText
import Postgres
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// One shape as a device holds it: asked for over HTTP, and built up from what the log says.
struct ShapeFollower {
    let definition: ShapeDefinition
    let port: Int
    private(set) var handle: ShapeHandle?
    private(set) var offset = LogOffset.beforeAll
    private(set) var rows: [TableName: [RowKey: [String: String?]]] = [:]
    private(set) var ended: Reason?
    /// Of the last `read`.
    private(set) var messages: [ShapeMessage] = []
    private(set) var isReset = false
    private(set) var epoch: Epoch?

    init(_ definition: String, port: Int) throws {
        self.definition = try ShapeDefinition(json: JSON(parsing: definition))
        self.port = port
    }

    /// The same device, and the service at another place.
    func moved(to port: Int) -> ShapeFollower {
        ShapeFollower(self, port)
    }

    private init(_ other: ShapeFollower, _ port: Int) {
        definition = other.definition
        self.port = port
        handle = other.handle
        offset = other.offset
        rows = other.rows
        ended = other.ended
    }

    /// Asks until the shape has reached the frontier.
    mutating func read() throws {
        messages = []
        isReset = false
        while true {
            let shape = SyncRequest.Shape(id: "s", definition: definition, handle: handle, offset: offset)
            let request = SyncRequest(replica: ReplicaID("r"), isLive: false, shapes: [shape])
            let response = try RawHTTP.get(
                "/v1/sync", port: port, method: "POST", body: String(decoding: request.body, as: UTF8.self))
            var reader = AnswerReader()
            for line in response.body.split(separator: "\n") { try reader.receive(line: Array(line.utf8)) }
            let batch = try #require(reader.batch, "\(response.body)")
            if let part = batch.shapes.first { take(part) }
            epoch = batch.frontier.epoch
            #expect(offset.isInSnapshot || batch.frontier.position >= offset.tx || ended != nil)
            if batch.frontier.isComplete { return }
        }
    }

    private mutating func take(_ part: ShapeBatch) {
        ended = part.ended
        if part.ended != nil { return }
        if part.isReset {
            rows = [:]
            isReset = true
        } else if handle == part.handle {
            #expect(part.offset >= offset, "an offset went back from \(offset) to \(part.offset)")
        }
        for message in part.messages {
            switch message.kind {
            case .insert: rows[message.table, default: [:]][message.key] = [:]
            case .delete: rows[message.table]?[message.key] = nil
            case .update:
                let isHeld = rows[message.table]?[message.key] != nil
                #expect(isHeld, "an update of \(message.key), which is not held")
            }
            guard message.kind != .delete else { continue }
            for field in message.fields {
                rows[message.table]?[message.key]?[field.column] = .some(field.value.text?.string)
            }
        }
        messages += part.messages
        handle = part.handle
        offset = part.offset
    }

    /// `operation table key column=value,…`, of the last `read`.
    var told: [String] {
        messages.map { message in
            let fields = message.fields.map { "\($0.column)=\($0.value.text?.string ?? "NULL")" }
            return "\(message.kind.rawValue) \(message.table.name) \(message.key) \(fields.joined(separator: ","))"
        }
    }

    /// The rows are what the query gives, column by column.
    func expectRows(
        of table: String, _ query: String, _ connection: PostgresConnection,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try connection.query("SELECT to_jsonb(t)::text FROM (\(query)) t")
        let expected = try result.rows.map { row in
            (try JSON(parsing: row[0] ?? "").object?.members ?? []).map { member in
                "\(member.key)=\(member.value.isNull ? "NULL" : member.value.string ?? member.value.text)"
            }.sorted().joined(separator: ",")
        }.sorted()
        let found = (rows[TableName(table)] ?? [:]).values.map { fields in
            fields.map { "\($0.key)=\($0.value ?? "NULL")" }.sorted().joined(separator: ",")
        }.sorted()
        let (extra, missing) = (Set(found).subtracting(expected).sorted(), Set(expected).subtracting(found).sorted())
        #expect(extra == [] && missing == [], sourceLocation: sourceLocation)
    }
}
