import ShapeEngine
import Shapes
import SyncModel

/// The service and its database, in plain dictionaries: what a replica's verdicts and batches come from.
struct ModelService {
    typealias Rows = [TableName: [RowKey: Row]]

    /// What a crash of the database without its latest commits goes back to.
    struct History {
        var rows: Rows = [:]
        var versions: [TableName: [RowKey: Int64]] = [:]
        var tombstones: [TableName: [RowKey: Row]] = [:]
        /// By seq.
        var verdicts: [Int64: Verdict] = [:]
        var lastSeq: Int64 = 0
        /// Operations whose effect is in `rows`, in order.
        var applied: [OperationID] = []
    }

    var history = History()
    var epoch = Sample.epoch
    /// Never goes back, as a sequence's values must not.
    private var version: Int64 = 0
    private(set) var position: UInt64 = 100
    let schema = Sample.schema

    func version(_ table: TableName, _ key: RowKey) -> Int64 { history.versions[table]?[key] ?? 0 }

    private mutating func write(_ table: TableName, _ key: RowKey, _ row: Row?) {
        version += 1
        if row == nil { history.tombstones[table, default: [:]][key] = history.rows[table]?[key] }
        history.rows[table, default: [:]][key] = row
        history.versions[table, default: [:]][key] = version
    }

    /// With PostgreSQL's cascades.
    mutating func set(_ table: TableName, _ key: RowKey, _ row: Row?) {
        position += 1
        remove(table, key, unless: row)
    }

    private mutating func remove(_ table: TableName, _ key: RowKey, unless row: Row?) {
        write(table, key, row)
        guard row == nil else { return }
        for child in schema.tables {
            for reference in child.foreignKeys where reference.references == table {
                guard let column = child.index(of: reference.columns[0]) else { continue }
                for (childKey, childRow) in (history.rows[child.name] ?? [:]).sorted(by: { $0.key < $1.key })
                where RowKey(values: [childRow[column]]) == key {
                    if reference.onDelete == .cascade {
                        remove(child.name, childKey, unless: nil)
                    } else {
                        var next = childRow
                        next[column] = .null
                        write(child.name, childKey, next)
                    }
                }
            }
        }
    }

    func refersToNothing(_ table: TableSchema, _ row: Row) -> Bool {
        table.foreignKeys.contains { reference in
            guard let column = table.index(of: reference.columns[0]), row[column] != .null else { return false }
            return history.rows[reference.references]?[RowKey(values: [row[column]])] == nil
        }
    }
}

// MARK: - Operations

extension ModelService {
    /// Each seq is executed once; sent again, it gets the first verdict. nil: a gap.
    mutating func receive(_ operations: [SequencedOperation]) -> [Verdict]? {
        var verdicts: [Verdict] = []
        var next = 0
        while next < operations.count {
            var end = next + 1
            while let group = operations[next].operation.group, end < operations.count,
                operations[end].operation.group == group
            { end += 1 }
            let unit = Array(operations[next..<end])
            if let first = unit.first, first.seq <= history.lastSeq {
                for one in unit {
                    guard let known = history.verdicts[one.seq] else { return nil }
                    verdicts.append(known)
                }
            } else {
                guard unit.first?.seq == history.lastSeq + 1 else { return nil }
                verdicts += execute(unit)
            }
            next = end
        }
        return verdicts
    }

    private mutating func execute(_ unit: [SequencedOperation]) -> [Verdict] {
        let before = history
        var failure: (seq: Int64, outcome: Verdict.Outcome, code: String)?
        for one in unit {
            if let (outcome, code) = apply(one.operation) {
                failure = (one.seq, outcome, code)
                break
            }
        }
        if failure != nil { history = before }
        position += 1
        return unit.map { one in
            var outcome = Verdict.Outcome.applied
            var reason: Reason?
            if let failure {
                let isCause = one.seq == failure.seq
                outcome = isCause ? failure.outcome : .rejected
                reason = Reason(code: isCause ? failure.code : "group_failed", message: "no")
            } else {
                history.applied.append(one.operation.id)
            }
            let verdict = Verdict(
                seq: one.seq, id: one.operation.id, outcome: outcome, at: one.operation.at, reason: reason)
            history.lastSeq = one.seq
            history.verdicts[one.seq] = verdict
            return verdict
        }
    }

    /// nil when it was done.
    private mutating func apply(_ operation: Operation) -> (Verdict.Outcome, String)? {
        guard let table = schema[operation.table], let key = operation.rowKey(in: table) else {
            return (.rejected, "unknown_table")
        }
        var row = history.rows[table.name]?[key]
        switch operation.action {
        case .delete:
            if row != nil { remove(table.name, key, unless: nil) }
            return nil
        case .insert where row != nil: return (.conflict, "row_exists")
        case .update where row == nil:
            // update_wins: the row comes back as it stood.
            row = history.tombstones[table.name]?[key]
            if row == nil { return (.rejected, "row_missing") }
        case .insert, .update, .upsert: break
        }
        var next = row ?? Row(table.columns.map { $0.hasDefault ? "default" : .null })
        for index in table.columns.indices {
            let name = table.columns[index].name
            if let text = operation.key[name] { next[index] = .text(text) }
            if let value = operation.set[name] { next[index] = value }
        }
        if operation.set["name"] == "bad" { return (.rejected, "check_violation") }
        if refersToNothing(table, next) { return (.rejected, "foreign_key_violation") }
        write(table.name, key, next)
        return nil
    }
}

// MARK: - Shapes

extension ModelService: RowSource {
    func row(_ key: RowKey, of table: TableName) -> Row? { history.rows[table]?[key] }

    func rows(of table: TableName, where columns: [Int], equal values: [Value]) -> [(key: RowKey, row: Row)] {
        Self.rows(history.rows, of: table, where: columns, equal: values)
    }

    func forEach(of table: TableName, _ body: (RowKey, Row) throws -> Void) throws {
        for (key, row) in history.rows[table] ?? [:] { try body(key, row) }
    }

    static func rows(
        _ rows: Rows, of table: TableName, where columns: [Int], equal values: [Value]
    ) -> [(key: RowKey, row: Row)] {
        (rows[table] ?? [:]).sorted { $0.key < $1.key }
            .filter { entry in zip(columns, values).allSatisfy { entry.value[$0] == $1 } }
            .map { (key: $0.key, row: $0.value) }
    }

    /// What a shape has now: rows with the columns that it does not select absent.
    func content(_ shape: Shape) throws -> Rows {
        var content: Rows = [:]
        for table in shape.tables {
            let selection = Set(shape.selection(of: table))
            for (key, row) in history.rows[table] ?? [:]
            where try ShapeMaintenance.contains(
                key, row: row, of: table, in: shape, source: self, view: EngineView(schema: Sample.schema))
            {
                content[table, default: [:]][key] = Row(
                    row.values.indices.map { selection.contains($0) ? row[$0] : .absent })
            }
        }
        return content
    }

    /// The messages that lead from one content to another.
    func messages(from old: Rows, to new: Rows) -> [ShapeMessage] {
        var messages: [ShapeMessage] = []
        for table in schema.tables {
            let before = old[table.name] ?? [:]
            let after = new[table.name] ?? [:]
            for key in Set(before.keys).union(after.keys).sorted() where before[key] != after[key] {
                messages.append(message(table, key, before[key], after[key]))
            }
        }
        return messages
    }

    private func message(_ table: TableSchema, _ key: RowKey, _ old: Row?, _ new: Row?) -> ShapeMessage {
        let clock = RowClock(
            version: version(table.name, key), clock: HybridTimestamp(microseconds: version(table.name, key)))
        let fields = table.columns.indices.compactMap { index -> ShapeMessage.Field? in
            guard let new, new[index] != .absent, old == nil || old?[index] != new[index] else { return nil }
            return ShapeMessage.Field(table.columns[index].name, new[index])
        }
        let kind: ShapeMessage.Kind = new == nil ? .delete : old == nil ? .insert : .update
        return ShapeMessage(kind: kind, table: table.name, key: key, fields: fields, clock: clock)
    }

    /// The database comes back without its latest commits.
    mutating func failOver(to history: History) {
        self.history = history
        epoch = Epoch(systemIdentifier: epoch.systemIdentifier, timeline: epoch.timeline + 1)
        position += 1000
    }
}
