import SyncModel

extension StoredRow {
    /// The row after `plan`, where the database does nothing of its own (no defaults, no triggers): the
    /// merge rules' own model of what the bookkeeping in PostgreSQL keeps.
    ///
    /// `version`: the row's next one. `transaction`: the writing one's `xid8`.
    package func applying(
        _ plan: RowPlan, of operation: Operation, replica: ReplicaID, seq: Int64, version: Int64,
        schema: TableSchema, transaction: String
    ) -> StoredRow {
        let stamp = ColumnClock(version: version, clock: plan.clock, replica: replica, seq: seq)
        switch plan.effect {
        case .nothing, .refuse:
            return self
        case .insert(let writes):
            let clocks = RowClocks(version: version, clock: plan.clock, stamp: stamp)
            return .present(schema.row(of: writes, missing: .null), clocks, insertedBy: operation.id)
        case .update(let writes):
            guard case .present(var row, let clocks, let insertedBy) = self else { return self }
            for write in writes {
                if let index = schema.index(of: write.column) { row[index] = write.value }
            }
            return .present(row, clocks.stamping(writes.map(\.column), stamp), insertedBy: insertedBy)
        case .resurrect(let row, let written, let tombstone):
            return .present(schema.row(of: row, missing: .null), tombstone.clocks.stamping(written, stamp))
        case .delete:
            guard case .present(let row, let clocks, _) = self else { return self }
            return .deleted(
                Tombstone(
                    row: row, clocks: clocks.deleted(stamp), transaction: transaction, replica: replica, seq: seq))
        }
    }
}

extension RowClocks {
    fileprivate func stamping(_ names: [String], _ stamp: ColumnClock) -> RowClocks {
        var columns = columns
        for name in names { columns[name] = stamp }
        return RowClocks(
            version: stamp.version, clock: max(clock, stamp.clock), stamp: self.stamp, columns: columns)
    }

    fileprivate func deleted(_ stamp: ColumnClock) -> RowClocks {
        RowClocks(version: stamp.version, clock: max(clock, stamp.clock), stamp: self.stamp, columns: columns)
    }
}

extension TableSchema {
    fileprivate func row(of writes: [ColumnWrite], missing: Value) -> Row {
        var row = Row(Array(repeating: missing, count: columns.count))
        for write in writes {
            if let index = index(of: write.column) { row[index] = write.value }
        }
        return row
    }
}
