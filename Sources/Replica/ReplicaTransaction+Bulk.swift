import GRDB
import Merge
import SyncModel
import TableStore

/// The rows of a shape's new life, thousands at a time: what is the same for all of them is found out once.
extension ReplicaTransaction {
    func load(_ messages: [ShapeMessage], _ index: Int) throws {
        let record = memory.shapes[index]
        let members = try memory.sets.number(of: [record.number], in: db)
        var target: LoadTarget?
        for message in messages {
            guard message.kind == .insert else {
                if try !apply(message, to: record) { return try restart(index) }
                continue
            }
            if target?.schema.name != message.table {
                guard let schema = memory.table(message.table),
                    let selection = record.resolved?.selection(of: message.table)
                else { return try restart(index) }
                let writer = try stores.loading(record.number).writer(of: schema, in: db)
                target = LoadTarget(schema: schema, selection: selection, writer: writer)
            }
            if let clock = message.clock { memory.clock.observe(clock.clock) }
            try target?.insert(message, members: members)
        }
    }
}

/// A table that rows are loaded into.
private struct LoadTarget {
    let schema: TableSchema
    private let writer: TableWriter
    private let blank: SyncedRow
    /// Which column the fields of the last message were: those of the next one are the same, as a rule.
    private var places: [Int] = []

    init(schema: TableSchema, selection: [Int], writer: TableWriter) {
        self.schema = schema
        self.writer = writer
        var blank = SyncedRow(Array(repeating: .absent, count: schema.columns.count))
        // A snapshot from before a column was added does not name it.
        for column in selection { blank[column] = .null }
        self.blank = blank
    }

    mutating func insert(_ message: ShapeMessage, members: Int64) throws {
        var row = blank
        for (position, field) in message.fields.enumerated() { row[try place(of: field, at: position)] = field.value }
        let clock = message.clock ?? .zero
        try writer.upsert(message.key, row, extras: [clock.version, clock.clock.microseconds, members])
    }

    private mutating func place(of field: ShapeMessage.Field, at position: Int) throws -> Int {
        if position < places.count, schema.columns[places[position]].name == field.column { return places[position] }
        let place = try ReplicaTransaction.index(of: field, in: schema)
        if position < places.count { places[position] = place } else { places.append(place) }
        return place
    }
}
