import Postgres
import SyncModel

/// Turns what logical replication says of a transaction into its net effect on rows, with both images whole.
///
/// The stream leaves out unchanged TOASTed values and, with the default replica identity, the old row; the
/// mirror has both. Several changes of one row become one. Rows of `satchel.clock` are no rows of their own:
/// they give their row its clock. A change of the primary key is a delete and an insert that name each other.
package struct TransactionCompleter {
    private let schema: DatabaseSchema
    /// Which table each name of the schema stands for, where that is known.
    private let identities: [TableName: TableIdentity]
    /// The row as the mirror holds it before the transaction.
    private let stored: (TableName, RowKey) throws -> (row: Row, clock: RowClock)?
    /// All rows of a table, as the mirror holds them before the transaction; nil where they are too many.
    private let rows: (TableName) throws -> [Stored]?

    package typealias Stored = (key: RowKey, row: Row, clock: RowClock)

    package struct Result: Equatable {
        package var changes: [RowChange] = []
        /// Tables that were emptied of more rows than can be told one by one: whoever shows them starts anew.
        package var truncated: [TableName] = []
        /// Tables that were emptied, the end of each row among the changes.
        package var emptied: [TableName] = []
        package var messages: [LogicalMessage] = []
        /// The stream describes a table otherwise than the catalogue that the mirror was copied with, or another table
        /// of the same name.
        package var schemaDiffers: TableName?
    }

    private struct Place: Hashable {
        let table: TableName
        let key: RowKey
    }

    private struct Image {
        let old: Row?
        let oldClock: RowClock?
        var new: Row?
        var clock: RowClock?
        var movedTo: RowKey?
        var movedFrom: RowKey?
    }

    private var images: [Place: Image] = [:]
    private var order: [Place] = []
    private var result = Result()

    package init(
        schema: DatabaseSchema, identities: [TableName: TableIdentity] = [:],
        stored: @escaping (TableName, RowKey) throws -> (row: Row, clock: RowClock)?,
        rows: @escaping (TableName) throws -> [Stored]? = { _ in nil }
    ) {
        self.schema = schema
        self.identities = identities
        self.stored = stored
        self.rows = rows
    }

    package mutating func complete(_ events: [SourceEvent]) throws -> Result {
        for event in events {
            switch event {
            case .change(let change): try add(change)
            case .truncate(let tables): try truncate(tables)
            case .message(let message): result.messages.append(message)
            case .relation(let relation): compare(relation)
            }
        }
        result.changes = order.compactMap(netChange)
        return result
    }

    private func netChange(_ place: Place) -> RowChange? {
        guard let image = images[place] else { return nil }
        let isSame = image.old == image.new && (image.clock == nil || image.clock == image.oldClock)
        if isSame || (image.old == nil && image.new == nil) { return nil }
        return RowChange(
            table: place.table, key: place.key, old: image.old, new: image.new, clock: image.clock ?? image.oldClock,
            movedTo: image.movedTo, movedFrom: image.movedFrom)
    }

    private mutating func add(_ change: SourceChange) throws {
        if change.table == ClockRow.table {
            if let clock = ClockRow(change) { try addClock(clock) }
            return
        }
        guard let table = schema[change.table] else { return }
        guard let positions = Self.positions(of: change.columns, in: table) else {
            result.schemaDiffers = table.name
            return
        }
        let old = change.old.map { Self.row($0, positions, table, unchanged: nil) }
        switch change.kind {
        case .insert:
            guard let new = change.new.map({ Self.row($0, positions, table, unchanged: nil) }) else { return }
            try edit(Place(table: table.name, key: new.key(in: table))) { $0.new = new }
        case .delete:
            guard let old else { return }
            try edit(Place(table: table.name, key: old.key(in: table))) { $0.new = nil }
        case .update:
            guard let fields = change.new else { return }
            try update(fields, old: old, positions, table)
        }
    }

    private mutating func update(_ fields: [SourceChange.Field], old: Row?, _ positions: [Int], _ table: TableSchema)
        throws
    {
        let target = Self.row(fields, positions, table, unchanged: nil).key(in: table)
        let source = old?.key(in: table) ?? target
        var current: Row?
        try edit(Place(table: table.name, key: source)) { image in
            current = image.new
            if source != target {
                image.new = nil
                image.movedTo = target
            }
        }
        let new = Self.row(fields, positions, table, unchanged: current)
        try edit(Place(table: table.name, key: target)) { image in
            image.new = new
            if source != target { image.movedFrom = source }
        }
    }

    private mutating func addClock(_ clock: ClockRow) throws {
        guard schema[clock.relation] != nil else { return }
        try edit(Place(table: clock.relation, key: clock.key)) { $0.clock = clock.clock }
    }

    private mutating func truncate(_ tables: [TableName]) throws {
        for table in tables where schema[table] != nil {
            if !result.truncated.contains(table), let rows = try rows(table) {
                result.emptied.append(table)
                for stored in rows {
                    let place = Place(table: table, key: stored.key)
                    guard images[place] == nil else { continue }
                    images[place] = Image(old: stored.row, oldClock: stored.clock, new: nil, clock: nil)
                    order.append(place)
                }
                for place in order where place.table == table {
                    images[place]?.new = nil
                    images[place]?.movedTo = nil
                    images[place]?.movedFrom = nil
                }
                continue
            }
            result.truncated.append(table)
            for place in order where place.table == table { images[place] = nil }
            order.removeAll { $0.table == table }
        }
    }

    private mutating func edit(_ place: Place, _ change: (inout Image) -> Void) throws {
        if images[place] == nil {
            // After a TRUNCATE in the same transaction the mirror's row is no longer the row before.
            let isTruncated = result.truncated.contains(place.table)
            let before = isTruncated ? nil : try stored(place.table, place.key)
            images[place] = Image(old: before?.row, oldClock: before?.clock, new: before?.row, clock: nil)
            order.append(place)
        }
        if var image = images[place] {
            change(&image)
            images[place] = image
        }
    }

    private mutating func compare(_ relation: SourceRelation) {
        guard let table = schema[relation.table] else { return }
        let isAnother = identities[table.name].map { $0.oid != relation.oid } ?? false
        if isAnother || Self.positions(of: relation.columns, in: table) == nil { result.schemaDiffers = table.name }
    }

    /// Where each column of the stream stands in the schema; nil when they do not describe the same table.
    private static func positions(of columns: [String], in table: TableSchema) -> [Int]? {
        guard columns.count == table.columns.count else { return nil }
        var positions: [Int] = []
        positions.reserveCapacity(columns.count)
        for column in columns {
            guard let position = table.index(of: column) else { return nil }
            positions.append(position)
        }
        return positions
    }

    private static func row(
        _ fields: [SourceChange.Field], _ positions: [Int], _ table: TableSchema, unchanged current: Row?
    ) -> Row {
        var values = [Value](repeating: .null, count: table.columns.count)
        for (field, position) in zip(fields, positions) {
            switch field {
            case .null: values[position] = .null
            case .text(let text): values[position] = .text(text)
            case .unchanged: values[position] = current?[position] ?? .absent
            }
        }
        return Row(values)
    }
}

/// A row of `satchel.clock` as the stream carries it.
package struct ClockRow {
    package static let table = TableName(schema: "satchel", name: "clock")

    let relation: TableName
    let key: RowKey
    let clock: RowClock

    init?(_ change: SourceChange) {
        guard let fields = change.new else { return nil }
        var texts: [String: String] = [:]
        for (column, field) in zip(change.columns, fields) {
            if case .text(let text) = field { texts[column] = text.string }
        }
        guard let relation = texts["relation"], let key = texts["key"],
            let version = texts["version"].flatMap({ Int64($0) }), let clock = texts["clock"].flatMap({ Int64($0) })
        else { return nil }
        self.relation = TableName(relation)
        self.key = RowKey(text: Text(key))
        self.clock = RowClock(version: version, clock: HybridTimestamp(microseconds: clock))
    }
}
