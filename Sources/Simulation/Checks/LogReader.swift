import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import SyncService

/// Reads the logs of all shapes as the mirror writes them, transaction by transaction, and keeps what they
/// amount to.
struct LogReader {
    private struct Held {
        var request: SyncRequest.Shape
        let content: ShapeContent
        var rows: ModelRows = [:]
    }

    private var shapes: [Held] = []
    private let schema: DatabaseSchema
    private(set) var comparisons = 0
    /// Of each shape, the comparisons in which it had rows.
    private(set) var filled: [String: Int] = [:]

    init(_ contents: [ShapeContent], schema: DatabaseSchema) {
        self.schema = schema
        for (index, content) in contents.enumerated() {
            let request = SyncRequest.Shape(id: "w\(index)", definition: content.definition)
            shapes.append(Held(request: request, content: content))
        }
    }

    /// Forgets everything: the mirror may have gone back.
    mutating func restart() {
        for index in shapes.indices {
            shapes[index].request = SyncRequest.Shape(
                id: shapes[index].request.id, definition: shapes[index].request.definition)
            shapes[index].rows = [:]
        }
    }

    /// The first difference from `expected`, the database as of the mirror's position.
    mutating func check(_ mirror: SynchronousMirror, against expected: ModelRows, now: HybridTimestamp) throws
        -> String?
    {
        // The snapshot and the log behind it come one after the other.
        for _ in 0..<3 where try follow(mirror, now: now) { break }
        for held in shapes {
            comparisons += 1
            let wanted = held.content.rows(of: expected)
            if !wanted.isEmpty { filled[held.content.shape.name, default: 0] += 1 }
            if let difference = ShapeContent.difference(held.rows.filter { !$0.value.isEmpty }, wanted) {
                return "\(held.request.definition.canonical): \(difference)"
            }
        }
        return nil
    }

    /// True when everything reached the frontier.
    private mutating func follow(_ mirror: SynchronousMirror, now: HybridTimestamp) throws -> Bool {
        let request = SyncRequest(replica: ReplicaID("log-reader"), isLive: false, shapes: shapes.map(\.request))
        var exchange = StreamExchange()
        _ = exchange.receive(.head(HTTPResponseHead(status: 200)))
        _ = exchange.receive(.bytes(try mirror.answer(request, now: now).body))
        guard case .answered(let batch) = exchange.receive(.finished) else { return false }
        for part in batch.shapes {
            guard let index = shapes.firstIndex(where: { $0.request.id == part.shape }) else { continue }
            if part.isReset { shapes[index].rows = [:] }
            for message in part.messages { apply(message, at: index) }
            shapes[index].request = SyncRequest.Shape(
                id: part.shape, definition: shapes[index].request.definition, handle: part.handle,
                offset: part.offset)
        }
        return batch.frontier.isComplete
    }

    private mutating func apply(_ message: ShapeMessage, at index: Int) {
        guard let table = schema[message.table] else { return }
        if message.kind == .delete {
            shapes[index].rows[message.table]?[message.key] = nil
            return
        }
        var row = shapes[index].rows[message.table]?[message.key]
        // An update of a row that is not there stays visible as a row without its other columns.
        if row == nil || message.kind == .insert {
            row = Row(Array(repeating: .absent, count: table.columns.count))
        }
        for field in message.fields {
            if let place = table.index(of: field.column) { row?[place] = field.value }
        }
        shapes[index].rows[message.table, default: [:]][message.key] = row
    }
}
