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
    /// False: what a row was is found out later, and only asked for where the stream left out what it becomes.
    private let needsOld: Bool
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
        /// Where it is not asked what rows were: of rows that are not among the changes.
        package var clocks: [ClockRow] = []
        /// The stream describes a table otherwise than the catalogue that the mirror was copied with, or another table
        /// of the same name.
        package var schemaDiffers: TableName?
    }

    private struct Place: Hashable {
        /// Of the table, in the schema: a name costs more to hash than the key does.
        let table: Int
        let key: RowKey
    }

    private struct Image {
        let place: Place
        let old: Row?
        let oldClock: RowClock?
        let isOldKnown: Bool
        var new: Row?
        var clock: RowClock?
        var movedTo: RowKey?
        var movedFrom: RowKey?
        /// Of a row that went with a TRUNCATE which nobody is told of row by row.
        var isVoid = false
    }

    /// A table as the stream describes it.
    private struct Described {
        let name: TableName
        let columns: [String]
        let table: TableSchema
        let index: Int
        /// Where each column of the stream stands in the schema.
        let positions: [Int]
    }

    /// In the order in which their rows were met.
    private var images: [Image] = []
    /// The place of each row among them.
    private var numbers: [Place: Int] = [:]
    /// Of the change before: most are of the same table.
    private var latest: Described?
    private var result = Result()

    package init(
        schema: DatabaseSchema, identities: [TableName: TableIdentity] = [:], needsOld: Bool = true,
        stored: @escaping (TableName, RowKey) throws -> (row: Row, clock: RowClock)?,
        rows: @escaping (TableName) throws -> [Stored]? = { _ in nil }
    ) {
        self.schema = schema
        self.identities = identities
        self.needsOld = needsOld
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
        if !images.isEmpty && !result.clocks.isEmpty { giveClocksToImages() }
        result.changes = images.compactMap(netChange)
        return result
    }

    /// Clocks that were said before their row was met. What was said after that is in the image, and is newer.
    private mutating func giveClocksToImages() {
        var others: [ClockRow] = []
        for said in result.clocks.reversed() {
            let number = schema.index(of: said.relation).flatMap { numbers[Place(table: $0, key: said.key)] }
            if let number {
                if images[number].clock == nil { images[number].clock = said.clock }
            } else {
                others.append(said)
            }
        }
        result.clocks = others.reversed()
    }

    private func netChange(_ image: Image) -> RowChange? {
        if image.isVoid { return nil }
        if image.isOldKnown {
            let isSame = image.old == image.new && (image.clock == nil || image.clock == image.oldClock)
            if isSame || (image.old == nil && image.new == nil) { return nil }
        }
        return RowChange(
            table: schema.tables[image.place.table].name, key: image.place.key, old: image.old, new: image.new,
            clock: image.clock ?? image.oldClock,
            movedTo: image.movedTo, movedFrom: image.movedFrom)
    }

    private mutating func add(_ change: SourceChange) throws {
        if change.table == ClockRow.table {
            if let clock = ClockRow(change) { try addClock(clock) }
            return
        }
        guard let described = try described(change) else { return }
        let old = change.old.map { Self.row($0, described, unchanged: nil) }
        switch change.kind {
        case .insert:
            guard let new = change.new.map({ Self.row($0, described, unchanged: nil) }) else { return }
            try edit(described.index, new.key(in: described.table), isWhole: true) { $0.new = new }
        case .delete:
            guard let old else { return }
            try edit(described.index, old.key(in: described.table), isWhole: true) { $0.new = nil }
        case .update:
            guard let fields = change.new else { return }
            try update(fields, old: old, described)
        }
    }

    /// nil: the table is not followed, or not as it is described.
    private mutating func described(_ change: SourceChange) throws -> Described? {
        if let latest, latest.name == change.table, latest.columns == change.columns { return latest }
        guard let index = schema.index(of: change.table) else { return nil }
        let table = schema.tables[index]
        guard let positions = Self.positions(of: change.columns, in: table) else {
            result.schemaDiffers = table.name
            return nil
        }
        let described = Described(
            name: change.table, columns: change.columns, table: table, index: index, positions: positions)
        latest = described
        return described
    }

    private mutating func update(_ fields: [SourceChange.Field], old: Row?, _ described: Described) throws {
        let target = Self.row(fields, described, unchanged: nil)
        let targetKey = target.key(in: described.table)
        let sourceKey = old?.key(in: described.table) ?? targetKey
        let isWhole = !fields.contains(.unchanged)
        if sourceKey == targetKey {
            return try edit(described.index, targetKey, isWhole: isWhole) { image in
                image.new = isWhole ? target : Self.row(fields, described, unchanged: image.new)
            }
        }
        var current: Row?
        try edit(described.index, sourceKey, isWhole: isWhole) { image in
            current = image.new
            image.new = nil
            image.movedTo = targetKey
        }
        try edit(described.index, targetKey, isWhole: true) { image in
            image.new = Self.row(fields, described, unchanged: current)
            image.movedFrom = sourceKey
        }
    }

    private mutating func addClock(_ clock: ClockRow) throws {
        guard let table = schema.index(of: clock.relation) else { return }
        if !needsOld, numbers[Place(table: table, key: clock.key)] == nil {
            result.clocks.append(clock)
            return
        }
        try edit(table, clock.key, isWhole: false) { $0.clock = clock.clock }
    }

    private mutating func truncate(_ tables: [TableName]) throws {
        for table in tables {
            guard let index = schema.index(of: table) else { continue }
            if !result.truncated.contains(table), let rows = try rows(table) {
                result.emptied.append(table)
                for stored in rows {
                    let place = Place(table: index, key: stored.key)
                    guard numbers[place] == nil else { continue }
                    add(
                        Image(
                            place: place, old: stored.row, oldClock: stored.clock, isOldKnown: true, new: nil,
                            clock: nil))
                }
                for number in images.indices where images[number].place.table == index {
                    images[number].new = nil
                    images[number].movedTo = nil
                    images[number].movedFrom = nil
                }
                continue
            }
            result.truncated.append(table)
            result.clocks.removeAll { $0.relation == table }
            for number in images.indices where images[number].place.table == index && !images[number].isVoid {
                images[number].isVoid = true
                numbers[images[number].place] = nil
            }
        }
    }

    private mutating func add(_ image: Image) {
        numbers[image.place] = images.count
        images.append(image)
    }

    /// `isWhole`: the row becomes what is said, whatever it was.
    private mutating func edit(
        _ table: Int, _ key: RowKey, isWhole: Bool, _ change: (inout Image) -> Void
    ) throws {
        let place = Place(table: table, key: key)
        if let number = numbers[place] { return change(&images[number]) }
        let name = schema.tables[table].name
        // After a TRUNCATE in the same transaction the mirror's row is no longer the row before.
        let isAsked = needsOld || !isWhole
        let before = !isAsked || result.truncated.contains(name) ? nil : try stored(name, key)
        var image = Image(
            place: place, old: before?.row, oldClock: before?.clock, isOldKnown: isAsked, new: before?.row, clock: nil)
        change(&image)
        add(image)
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
        _ fields: [SourceChange.Field], _ described: Described, unchanged current: Row?
    ) -> Row {
        var values = [Value](repeating: .null, count: described.table.columns.count)
        for (field, position) in zip(fields, described.positions) {
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
package struct ClockRow: Equatable {
    package static let table = TableName(schema: "satchel", name: "clock")

    package let relation: TableName
    package let key: RowKey
    package let clock: RowClock

    init?(_ change: SourceChange) {
        guard let fields = change.new else { return nil }
        var (relation, key, version, clock): (String?, Text?, Int64?, Int64?) = (nil, nil, nil, nil)
        for (column, field) in zip(change.columns, fields) {
            guard case .text(let text) = field else { continue }
            switch column {
            case "relation": relation = text.string
            case "key": key = text
            case "version": version = Int64(text.string)
            case "clock": clock = Int64(text.string)
            default: continue
            }
        }
        guard let relation, let key, let version, let clock else { return nil }
        self.relation = TableName(relation)
        self.key = RowKey(text: key)
        self.clock = RowClock(version: version, clock: HybridTimestamp(microseconds: clock))
    }
}
