import JSONText
import Merge
import Postgres
import SyncModel

extension PostgresOperationDatabase {
    package func lockRow(_ operation: Operation, in table: TableSchema) throws(OperationFailure) -> LockedRow {
        let row = try lock(operation, in: table)
        guard pending.contains(table.name, row.key) else { return row }
        // Written earlier in this batch, and not stamped yet.
        try writeStamps()
        return try lock(operation, in: table)
    }

    private func lock(_ operation: Operation, in table: TableSchema) throws(OperationFailure) -> LockedRow {
        let parts = try parts(of: table)
        let key = table.primaryKey.map { operation.key[$0]?.string }
        if let present = try lockPresent(operation, key, in: table, parts) { return present }
        let absent = try query(parts.lockKey, key + [table.name.description])
        let fields = Fields(absent, row: 0)
        let rowKey = RowKey(text: Text(fields.text(0)))
        let missing = LockedRow(key: rowKey, state: .missing, nextVersion: fields.int(1))
        guard fields.optional(2) != nil else { return missing }
        if fields.isDeleted(2) {
            return LockedRow(
                key: rowKey, state: .deleted(fields.tombstone(2, of: table)), nextVersion: missing.nextVersion)
        }
        // It came while its key was being locked. (Or its clock is an orphan of times without triggers.)
        return try lockPresent(operation, key, in: table, parts) ?? missing
    }

    /// The user's row first, the clock row after it; nil when there is no row.
    private func lockPresent(
        _ operation: Operation, _ key: [String?], in table: TableSchema, _ parts: OperationCatalogue.Table
    ) throws(OperationFailure) -> LockedRow? {
        let result = try query(parts.lock, key + [table.name.description])
        guard result.rowCount > 0 else { return nil }
        let fields = Fields(result, row: 0)
        let count = parts.columns.count
        let row = Row((0..<count).map { Value(fields.optional($0)) })
        let rowKey = RowKey(text: Text(fields.text(count)))
        let clocks = fields.optional(count + 2) == nil ? try clocks(of: rowKey, in: table) : fields.clocks(count + 2)
        let insertedBy = operation.action == .insert ? try operationID(at: clocks.stamp) : nil
        return LockedRow(
            key: rowKey, state: .present(row, clocks, insertedBy: insertedBy), nextVersion: fields.int(count + 1))
    }

    /// Of a row that had no clock when the statement that locked it began. It may have got one meanwhile, from
    /// the transaction that held the row; with the row locked, it can get none any more.
    func clocks(of key: RowKey, in table: TableSchema) throws(OperationFailure) -> RowClocks {
        let result = try query(
            "SELECT \(Fields.clockColumns) FROM satchel.clock AS c WHERE relation = $1 AND key = $2 FOR UPDATE",
            [table.name.description, key.text.string])
        return result.rowCount > 0 ? Fields(result, row: 0).clocks(0) : .zero
    }

    private func operationID(at stamp: ColumnClock) throws(OperationFailure) -> OperationID? {
        guard stamp.replica != .plainSQL else { return nil }
        return try query(
            "SELECT operation_id FROM satchel.verdict WHERE replica = $1 AND seq = $2",
            [stamp.replica.description, String(stamp.seq)]
        ).value.map(OperationID.init)
    }

    package func write(_ write: RowWrite) throws(OperationFailure) -> Bool {
        let parts = try parts(of: write.table)
        switch write.plan.effect {
        case .nothing, .refuse:
            return true
        case .insert(let row):
            guard try insert(row, parts) else { return false }
            stamp(write, names: nil)
        case .update(let writes):
            guard try update(writes, write, parts) else { return false }
            stamp(write, names: writes.map(\.column))
        case .delete:
            // Its cascade reads the bookkeeping of rows that this batch wrote before.
            try writeStamps()
            let key = write.table.primaryKey.map { write.operation.key[$0]?.string }
            guard try query("DELETE FROM \(parts.target) WHERE \(parts.isRow)", key).affectedRows > 0 else {
                return false
            }
            try stampDelete(write)
        case .resurrect(let row, let written, let tombstone):
            guard try insert(row, parts) else { return false }
            try stamp(write.table, write.row.key, kept: tombstone.clocks, written: written, write.stamp)
        }
        return true
    }

    private func insert(_ row: [ColumnWrite], _ parts: OperationCatalogue.Table) throws(OperationFailure) -> Bool {
        let names = row.map { quoted($0.column) }.joined(separator: ", ")
        let places = row.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        return try query(
            """
            INSERT INTO \(parts.target) (\(names)) OVERRIDING SYSTEM VALUE VALUES (\(places))
            ON CONFLICT (\(parts.keyColumns)) DO NOTHING
            """, row.map { $0.value.text?.string }
        ).affectedRows > 0
    }

    private func update(
        _ writes: [ColumnWrite], _ write: RowWrite, _ parts: OperationCatalogue.Table
    ) throws(OperationFailure) -> Bool {
        let key = write.table.primaryKey.map { write.operation.key[$0]?.string }
        let settings = writes.enumerated().map { "\(quoted($1.column)) = $\(key.count + $0 + 1)" }
        return try query(
            "UPDATE \(parts.target) SET \(settings.joined(separator: ", ")) WHERE \(parts.isRow)",
            key + writes.map { $0.value.text?.string }
        ).affectedRows > 0
    }
}

// MARK: - Stamping

extension PostgresOperationDatabase {
    /// After the trigger: exactly what the operation wrote gets the operation's clock. `names` nil: the whole row.
    func stamp(_ write: RowWrite, names: [String]?) {
        pending.add(write.stamp, to: names, of: write.table.name, write.row.key)
    }

    func writeStamps() throws(OperationFailure) {
        if pending.count > 0 { try query(PendingStamps.statement, [pending.take()]) }
    }

    /// The clocks of a row that came back: those from before its delete, and what the operation wrote on top.
    func stamp(
        _ table: TableSchema, _ key: RowKey, kept: RowClocks, written: [String], _ stamp: ColumnClock
    ) throws(OperationFailure) {
        var columns = kept.columns
        for name in written { columns[name] = stamp }
        let clocks = RowClocks(version: stamp.version, clock: .zero, stamp: kept.stamp, columns: columns)
        try query(
            """
            UPDATE satchel.clock SET version = greatest(version, $3), clock = $4, stamp_version = $5,
                stamp_clock = $6, stamp_replica = $7, stamp_seq = $8, columns = $9
            WHERE relation = $1 AND key = $2
            """,
            [
                table.name.description, key.text.string, String(clocks.version),
                String((clocks.all.map(\.clock).max() ?? .zero).microseconds), String(kept.stamp.version),
                String(kept.stamp.clock.microseconds), kept.stamp.replica.description, String(kept.stamp.seq),
                clocks.columnsJSON.text,
            ])
    }

    private func stampDelete(_ write: RowWrite) throws(OperationFailure) {
        let before = write.row.state.clocks.clock
        try query(
            """
            UPDATE satchel.clock SET deleted_replica = $3, deleted_seq = $4, clock = $5
            WHERE relation = $1 AND key = $2
            """,
            [
                write.table.name.description, write.row.key.text.string, write.replica.description,
                String(write.seq), String(max(before, write.plan.clock).microseconds),
            ])
    }
}

extension PostgresOperationDatabase {
    func parts(of table: TableSchema) throws(OperationFailure) -> OperationCatalogue.Table {
        if let parts = catalogue.tables[table.name] { return parts }
        throw .refused(
            .rejected,
            Reason(code: "unknown_table", message: "\(table.name) is not among the tables that Satchel serves"))
    }

    func quoted(_ column: String) -> String { Bookkeeping.quoted(column) }
}

extension StoredRow {
    var clocks: RowClocks {
        switch self {
        case .missing: .zero
        case .present(_, let clocks, _): clocks
        case .deleted(let tombstone): tombstone.clocks
        }
    }
}

extension RowWrite {
    fileprivate var stamp: ColumnClock {
        ColumnClock(version: row.nextVersion, clock: plan.clock, replica: replica, seq: seq)
    }
}
