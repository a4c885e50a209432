import Merge
import SyncModel
import SyncService

/// What PostgreSQL does when a row is written: constraints, cascades, and the triggers of the bookkeeping.
extension ModelDatabase {
    /// False where the key is there already.
    func insert(_ writes: [ColumnWrite], _ table: TableSchema) throws(OperationFailure) -> Bool {
        var row = Row(table.columns.map { tables.defaults[table.name]?[$0.name] ?? .null })
        for write in writes {
            guard let index = table.index(of: write.column) else { continue }
            row[index] = try Self.canonical(write.value, table.columns[index])
        }
        try checkRow(row, table)
        let key = row.key(in: table)
        if state.rows[table.name]?[key] != nil { return false }
        try checkUnique(row, key: key, table)
        state.rows[table.name, default: [:]][key] = row
        emit(.insert, table, old: nil, new: row)
        try checkParents(row, table, before: nil)
        let version = nextVersion()
        let clock = nextClock(table.name, key)
        let stamp = ColumnClock(version: version, clock: clock, replica: .plainSQL, seq: 0)
        setClock(table.name, key, RowClocks(version: version, clock: clock, stamp: stamp))
        return true
    }

    func update(_ key: RowKey, _ writes: [ColumnWrite], _ table: TableSchema) throws(OperationFailure) {
        guard let old = state.rows[table.name]?[key] else { return }
        var row = old
        for write in writes {
            guard let index = table.index(of: write.column) else { continue }
            row[index] = try Self.canonical(write.value, table.columns[index])
        }
        try checkRow(row, table)
        try checkUnique(row, key: key, table)
        state.rows[table.name]?[key] = row
        emit(.update, table, old: old, new: row)
        try checkParents(row, table, before: old)
        let changed = table.columns.indices.filter { old[$0] != row[$0] }.map { table.columns[$0].name }
        // An update that changes nothing is not stamped.
        if changed.isEmpty { return }
        let version = nextVersion()
        let clock = nextClock(table.name, key)
        let before = state.clocks[table.name]?[key]?.clocks ?? .zero
        var columns = before.columns
        for name in changed {
            columns[name] = ColumnClock(version: version, clock: clock, replica: .plainSQL, seq: 0)
        }
        setClock(table.name, key, RowClocks(version: version, clock: clock, stamp: before.stamp, columns: columns))
    }

    /// What the delete of a row has to do to one table that refers to it.
    private struct Consequence {
        let row: Row
        let table: TableSchema
        let reference: ForeignKey
        let child: TableSchema
    }

    /// The triggers of foreign keys are fired breadth first: what they queue comes after what is queued.
    func delete(_ key: RowKey, _ table: TableSchema) throws(OperationFailure) {
        var queue: [Consequence] = []
        remove(key, table, &queue)
        var next = 0
        while next < queue.count {
            let consequence = queue[next]
            next += 1
            try follow(consequence, &queue)
        }
    }

    private func remove(_ key: RowKey, _ table: TableSchema, _ queue: inout [Consequence]) {
        guard let row = state.rows[table.name]?.removeValue(forKey: key) else { return }
        emit(.delete, table, old: row, new: nil)
        stampDeleted(row, key, table)
        for child in tables.tables {
            for reference in child.foreignKeys where reference.references == table.name {
                queue.append(Consequence(row: row, table: table, reference: reference, child: child))
            }
        }
    }

    /// For a row that goes without an event of its own.
    func buryRow(_ key: RowKey, _ table: TableSchema) {
        if let row = state.rows[table.name]?[key] { stampDeleted(row, key, table) }
    }

    private func stampDeleted(_ row: Row, _ key: RowKey, _ table: TableSchema) {
        let version = nextVersion()
        let clock = nextClock(table.name, key)
        let before = state.clocks[table.name]?[key]?.clocks ?? .zero
        let deletion = ModelState.Deletion(row: row, transaction: "\(xid)", replica: .plainSQL, seq: 0)
        setClock(
            table.name, key,
            RowClocks(version: version, clock: clock, stamp: before.stamp, columns: before.columns), deletion)
    }

    private func follow(_ consequence: Consequence, _ queue: inout [Consequence]) throws(OperationFailure) {
        let (reference, child) = (consequence.reference, consequence.child)
        let values = reference.referencedColumns.compactMap(consequence.table.index(of:)).map { consequence.row[$0] }
        let places = reference.columns.compactMap(child.index(of:))
        let rows = state.rows[child.name] ?? [:]
        for key in rows.keys.sorted() {
            guard let found = rows[key], zip(places, values).allSatisfy({ found[$0] == $1 }) else { continue }
            switch reference.onDelete {
            case .cascade: remove(key, child, &queue)
            case .setNull: try setNull(reference, of: found, key, child)
            case .noAction, .restrict, .setDefault:
                throw Self.refused("foreign_key_violation", "\(child.name) still refers to \(consequence.table.name)")
            }
        }
    }
}

extension ModelDatabase {
    private func setNull(
        _ reference: ForeignKey, of row: Row, _ key: RowKey, _ child: TableSchema
    ) throws(OperationFailure) {
        let before = state.clocks[child.name]?[key]?.clocks ?? .zero
        try update(key, reference.columns.map { ColumnWrite($0, .null) }, child)
        var stamps: [String: ColumnClock] = [:]
        for column in reference.columns { stamps[column] = before[column] }
        var values: [String: Value] = [:]
        for column in child.primaryKey + reference.columns { values[column] = child.index(of: column).map { row[$0] } }
        state.nulled[child.name, default: [:]][key, default: [:]][reference.name] = ModelState.Nulled(
            transaction: "\(xid)", version: state.clocks[child.name]?[key]?.clocks.version ?? 0, values: values,
            stamps: stamps)
    }

    package func nulledReferences(
        _ reference: ForeignKey, of table: TableSchema, to parent: DeletedRow
    ) throws(OperationFailure) -> [NulledReference] {
        let nulled = state.nulled[table.name] ?? [:]
        let wanted = reference.referencedColumns.map { column in
            parent.table.index(of: column).map { parent.tombstone.row[$0] }
        }
        return nulled.keys.sorted().compactMap { key in
            guard let found = nulled[key]?[reference.name], found.transaction == parent.tombstone.transaction,
                reference.columns.map({ found.values[$0] }) == wanted,
                let clock = state.clocks[table.name]?[key], clock.deletion == nil,
                found.stamps.keys.allSatisfy({ clock.clocks.columns[$0]?.version == found.version })
            else { return nil }
            return NulledReference(
                table: table, key: key, reference: reference, values: found.values, stamps: found.stamps)
        }
    }

    package func restore(_ nulled: NulledReference) throws(OperationFailure) -> Bool {
        guard let row = state.rows[nulled.table.name]?[nulled.key],
            nulled.writes.allSatisfy({ write in nulled.table.index(of: write.column).map { row[$0] } == .null })
        else { return false }
        try update(nulled.key, nulled.writes, nulled.table)
        let clocks = state.clocks[nulled.table.name]?[nulled.key]?.clocks ?? .zero
        setClock(
            nulled.table.name, nulled.key,
            RowClocks(
                version: clocks.version, clock: clocks.clock, stamp: clocks.stamp,
                columns: clocks.columns.merging(nulled.stamps) { $1 }))
        state.nulled[nulled.table.name]?[nulled.key]?[nulled.reference.name] = nil
        return true
    }
}

// MARK: - Constraints

extension ModelDatabase {
    static func refused(
        _ code: String, _ message: String, _ outcome: Verdict.Outcome = .rejected
    ) -> OperationFailure {
        .refused(outcome, Reason(code: code, message: message))
    }

    /// As the type's output function writes it.
    static func canonical(_ value: Value, _ column: Column) throws(OperationFailure) -> Value {
        guard column.type.name == "int4", case .text(let text) = value else { return value }
        guard let number = Int32(text.string) else {
            throw refused("invalid_value", "invalid input syntax for type integer: \(text)")
        }
        return .text(Text("\(number)"))
    }

    private func checkRow(_ row: Row, _ table: TableSchema) throws(OperationFailure) {
        for (index, column) in table.columns.enumerated() where column.isNotNull && row[index] == .null {
            throw Self.refused("not_null_violation", "\(table.name).\(column.name) is NULL")
        }
        for check in tables.checks[table.name] ?? [] {
            guard let index = table.index(of: check.column), let text = row[index].text,
                let number = Int(text.string), number >= check.below
            else { continue }
            throw Self.refused("check_violation", "\(table.name).\(check.column)")
        }
    }

    func uniqueConflict(_ row: Row, key: RowKey, _ table: TableSchema) -> Bool {
        table.uniques.contains { columns in
            let places = columns.compactMap(table.index(of:))
            guard places.allSatisfy({ row[$0].text != nil }) else { return false }
            return (state.rows[table.name] ?? [:]).contains { other, found in
                other != key && places.allSatisfy { found[$0] == row[$0] }
            }
        }
    }

    private func checkUnique(_ row: Row, key: RowKey, _ table: TableSchema) throws(OperationFailure) {
        guard uniqueConflict(row, key: key, table) else { return }
        throw Self.refused("unique_violation", "\(table.name) has such a row", .conflict)
    }

    /// References that an update leaves alone are not looked at: their row may be going in this very statement.
    private func checkParents(_ row: Row, _ table: TableSchema, before: Row?) throws(OperationFailure) {
        for reference in table.foreignKeys {
            let places = reference.columns.compactMap(table.index(of:))
            let values = places.map { row[$0] }
            guard values.allSatisfy({ $0.text != nil }), values != before.map({ old in places.map { old[$0] } }) else {
                continue
            }
            if state.rows[reference.references]?[RowKey(values: values)] == nil {
                throw Self.refused("foreign_key_violation", "\(reference.references) has no such row")
            }
        }
    }
}

// MARK: - Stamping

extension ModelDatabase {
    private func nextClock(_ table: TableName, _ key: RowKey) -> HybridTimestamp {
        let stored = state.clocks[table]?[key]?.clocks.clock.microseconds
        return HybridTimestamp(microseconds: max(clockTime(), (stored ?? -1) + 1))
    }

    private func setClock(
        _ table: TableName, _ key: RowKey, _ clocks: RowClocks, _ deletion: ModelState.Deletion? = nil
    ) {
        state.clocks[table, default: [:]][key] = ModelState.Clock(clocks: clocks, deletion: deletion)
        let fields = ["\(table)", key.description, "\(clocks.version)", "\(clocks.clock.microseconds)"]
        state.events.append(
            .change(
                SourceChange(
                    kind: .update, table: ClockRow.table, columns: ["relation", "key", "version", "clock"], old: nil,
                    new: fields.map { .text(Text($0)) })))
    }

    /// After the trigger: what the operation wrote gets its clock, nil for the whole row. `kept`: for a row that
    /// comes back, its clocks from before the delete.
    func stamp(_ write: RowWrite, names: [String]?, kept: RowClocks? = nil) {
        stamp(
            write.table, write.row.key, names: names,
            ColumnClock(
                version: write.row.nextVersion, clock: write.plan.clock, replica: write.replica, seq: write.seq),
            kept: kept)
    }

    func stamp(
        _ table: TableSchema, _ key: RowKey, names: [String]?, _ written: ColumnClock, kept: RowClocks?
    ) {
        let stored = state.clocks[table.name]?[key]?.clocks ?? .zero
        var stamp = stored.stamp
        var columns = stored.columns
        if names == nil {
            stamp = written
            columns = [:]
        } else if let kept {
            stamp = kept.stamp
            columns = kept.columns
        }
        for name in names ?? [] { columns[name] = written }
        let greatest = columns.values.map(\.clock).max() ?? .zero
        setClock(
            table.name, key,
            RowClocks(
                version: max(stored.version, written.version), clock: max(stamp.clock, greatest), stamp: stamp,
                columns: columns))
    }

    func stampDelete(_ write: RowWrite) {
        guard var entry = state.clocks[write.table.name]?[write.row.key], var deletion = entry.deletion else { return }
        let before =
            switch write.row.state {
            case .missing: HybridTimestamp.zero
            case .present(_, let clocks, _): clocks.clock
            case .deleted(let tombstone): tombstone.clocks.clock
            }
        deletion.replica = write.replica
        deletion.seq = write.seq
        entry.clocks = RowClocks(
            version: entry.clocks.version, clock: max(before, write.plan.clock), stamp: entry.clocks.stamp,
            columns: entry.clocks.columns)
        setClock(write.table.name, write.row.key, entry.clocks, deletion)
    }
}

// MARK: - The stream

extension ModelDatabase {
    /// Values from this many bytes on are taken for TOASTed: an update that leaves them alone leaves them out.
    private static let toastBytes = 40

    private func emit(_ kind: SourceChange.Kind, _ table: TableSchema, old: Row?, new: Row?) {
        let fields = new.map { row in
            table.columns.indices.map { index -> SourceChange.Field in
                guard let text = row[index].text else { return .null }
                let isLong = text.string.utf8.count >= Self.toastBytes
                return isLong && old?[index] == row[index] ? .unchanged : .text(text)
            }
        }
        // The default replica identity: the key, of deletes only (no key is ever changed here).
        let identity =
            kind != .delete
            ? nil
            : old.map { row in
                table.columns.indices.map { index -> SourceChange.Field in
                    guard table.keyIndexes.contains(index), let text = row[index].text else { return .null }
                    return .text(text)
                }
            }
        state.events.append(
            .change(
                SourceChange(
                    kind: kind, table: table.name, columns: table.columns.map(\.name), old: identity, new: fields)))
    }
}
