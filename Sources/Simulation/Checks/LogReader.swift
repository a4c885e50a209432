import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import SyncService

/// Reads the logs of all shapes as the mirror writes them, transaction by transaction, and keeps what they
/// amount to. Each shape is followed for one of the people.
struct LogReader {
    private struct Held {
        var request: SyncRequest.Shape
        let content: ShapeContent
        let person: Text
        var rows: ModelRows = [:]
        var failures = ShapeFailures.none
    }

    private var shapes: [Held] = []
    private let people: [Text]
    /// In whose columns the rows are held.
    private var schema: DatabaseSchema
    /// Of each shape, the comparisons in which it had rows.
    private(set) var filled: [String: Int] = [:]

    init(_ contents: [ShapeContent], people: [Text], schema: DatabaseSchema) {
        self.people = people
        self.schema = schema
        for (index, content) in contents.enumerated() {
            let request = SyncRequest.Shape(id: "w\(index)", definition: content.definition)
            shapes.append(Held(request: request, content: content, person: people[index % people.count]))
        }
    }

    /// The first that is wrong with the logs, at a moment that the mirror stands at; nil as well while it knows less
    /// than it had told.
    mutating func check(
        _ mirror: SynchronousMirror, at moment: History.Moment, now: HybridTimestamp
    ) throws -> (difference: String?, comparisons: Int) {
        if mirror.isUnsettled || isAhead(of: mirror) { return (nil, 0) }
        if moment.catalogue != schema { relay(to: moment.catalogue) }
        // The snapshot and the log behind it come one after the other.
        for person in people { for _ in 0..<3 where try follow(mirror, person, now: now) { break } }
        let comparison = RowComparison(held: schema, moment: moment)
        for held in shapes {
            let wanted = held.content.rows(at: moment, for: held.person)
            if !wanted.isEmpty { filled[held.content.shape.name, default: 0] += 1 }
            if let difference = comparison.difference(held.rows.filter { !$0.value.isEmpty }, wanted) {
                return ("\(held.request.definition.canonical) for \(held.person): \(difference)", shapes.count)
            }
            if let difference = held.content.difference(of: held.failures, at: moment, for: held.person) {
                return ("\(held.request.definition.canonical) for \(held.person): \(difference)", shapes.count)
            }
        }
        return (nil, shapes.count)
    }

    private func isAhead(of mirror: SynchronousMirror) -> Bool {
        shapes.contains { $0.request.offset.tx > mirror.frontier }
    }

    /// Columns that were added are NULL until the log says otherwise.
    private mutating func relay(to next: DatabaseSchema) {
        for index in shapes.indices {
            for table in next.tables {
                guard let before = schema[table.name], before.columns != table.columns else { continue }
                let isWhole = shapes[index].content.shape.selected[table.name] == nil
                let places = table.columns.map { column in
                    before.columns.firstIndex { $0.number == column.number && $0.name == column.name }
                }
                shapes[index].rows[table.name] = shapes[index].rows[table.name]?.mapValues { row in
                    Row(places.map { place in place.map { row[$0] } ?? (isWhole ? .null : .absent) })
                }
            }
        }
        schema = next
    }

    /// True when everything reached the frontier.
    private mutating func follow(_ mirror: SynchronousMirror, _ person: Text, now: HybridTimestamp) throws -> Bool {
        let request = SyncRequest(
            replica: ReplicaID("log-reader"), isLive: false,
            shapes: shapes.filter { $0.person == person }.map(\.request))
        guard !request.shapes.isEmpty else { return true }
        var exchange = StreamExchange()
        _ = exchange.receive(.head(HTTPResponseHead(status: 200)))
        _ = exchange.receive(.bytes(try mirror.answer(request, claims: ["user_id": person], now: now).body))
        guard case .answered(let batch) = exchange.receive(.finished) else { return false }
        for part in batch.shapes {
            guard let index = shapes.firstIndex(where: { $0.request.id == part.shape }) else { continue }
            // One that ended is defined anew, as a person would.
            if part.isReset || part.ended != nil {
                shapes[index].rows = [:]
                shapes[index].failures = .none
            }
            if let failures = part.failures { shapes[index].failures = failures }
            for message in part.messages { apply(message, at: index) }
            let definition = shapes[index].request.definition
            shapes[index].request =
                part.ended == nil
                ? SyncRequest.Shape(
                    id: part.shape, definition: definition, handle: part.handle, offset: part.offset,
                    failureTag: shapes[index].failures.tag)
                : SyncRequest.Shape(id: part.shape, definition: definition)
        }
        return batch.frontier.isComplete && batch.shapes.allSatisfy { $0.ended == nil }
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
        // A snapshot from before a column was added does not name it.
        if message.kind == .insert, shapes[index].content.shape.selected[message.table] == nil {
            row = row.map { Row($0.values.map { $0 == .absent ? .null : $0 }) }
        }
        shapes[index].rows[message.table, default: [:]][message.key] = row
    }
}
