import SyncModel

/// Decides what one operation does to one row: the rules of Protocol/merge.md.
///
/// Last writer wins per column; an update beats a concurrent delete (`update_wins`); an insert never
/// overwrites. The plan depends on nothing but its arguments.
package struct RowMerge {
    private let operation: Operation
    private let schema: TableSchema
    private let stored: StoredRow
    private let origin: WriteOrigin

    private init(operation: Operation, schema: TableSchema, stored: StoredRow, origin: WriteOrigin) {
        self.operation = operation
        self.schema = schema
        self.stored = stored
        self.origin = origin
    }

    /// `clock`: the operation's own, within `ClockBounds`. The operation MUST have passed
    /// `OperationCheck` against `schema`.
    package static func plan(
        _ operation: Operation, of replica: ReplicaID, seq: Int64, clock: HybridTimestamp, schema: TableSchema,
        stored: StoredRow
    ) -> RowPlan {
        var origin = WriteOrigin(replica: replica, seq: seq, base: operation.base, clock: clock)
        let seen =
            switch stored {
            case .missing: HybridTimestamp.zero
            case .present(_, let clocks, _): clocks.greatestSeen(by: origin)
            case .deleted(let tombstone): tombstone.clocks.greatestSeen(by: origin)
            }
        // A clock at or below one that its own replica had seen was cut by a bound, or is broken. Stamping
        // with it would let a third, concurrent write in between win or lose by its order of arrival.
        if seen >= clock {
            origin = WriteOrigin(
                replica: replica, seq: seq, base: operation.base,
                clock: HybridTimestamp(microseconds: seen.microseconds &+ 1))
        }
        return RowMerge(operation: operation, schema: schema, stored: stored, origin: origin).plan()
    }

    private func plan() -> RowPlan {
        switch operation.action {
        case .insert: insert()
        case .update: update()
        case .upsert: upsert()
        case .delete: delete()
        }
    }

    private func insert() -> RowPlan {
        switch stored {
        case .missing, .deleted: RowPlan(.insert(insertedRow), clock: origin.clock)
        case .present(let row, _, let insertedBy):
            if insertedBy == operation.id, isEqual(to: row) {
                RowPlan(.nothing, clock: origin.clock)
            } else {
                refuse(
                    .conflict, "row_exists",
                    "a row with this key exists already: update it instead, or choose another key")
            }
        }
    }

    private func update() -> RowPlan {
        switch stored {
        case .missing:
            return refuse(.rejected, "row_missing", "there is no row with this key: insert it first")
        case .present(let row, let clocks, _):
            return write(over: row, clocks)
        case .deleted(let tombstone):
            guard tombstone.deletion.isConcurrent(with: origin) else {
                return refuse(
                    .rejected, "row_missing", "the row was deleted before this update was made: insert it again")
            }
            return resurrect(tombstone)
        }
    }

    private func upsert() -> RowPlan {
        switch stored {
        case .missing: RowPlan(.insert(insertedRow), clock: origin.clock)
        case .present(let row, let clocks, _): write(over: row, clocks)
        case .deleted(let tombstone):
            // Who never saw the row makes a new one; who knew it meets the delete like an update does.
            if tombstone.deletion.isConcurrent(with: origin), hasSeen(tombstone.clocks) {
                resurrect(tombstone)
            } else {
                RowPlan(.insert(insertedRow), clock: origin.clock)
            }
        }
    }

    private func delete() -> RowPlan {
        guard case .present(_, let clocks, _) = stored else { return RowPlan(.nothing, clock: origin.clock) }
        guard let winner = clocks.latestConcurrent(with: origin) else { return RowPlan(.delete, clock: origin.clock) }
        let lost = LostWrite(
            column: nil, mine: .null, theirs: .null, writer: winner.replica, writtenAt: winner.clock)
        return RowPlan(.nothing, clock: origin.clock, lost: [lost])
    }
}

// MARK: - Parts

extension RowMerge {
    private func write(over row: Row, _ clocks: RowClocks) -> RowPlan {
        let (won, lost) = contest(row, clocks)
        return RowPlan(won.isEmpty ? .nothing : .update(won), clock: origin.clock, lost: lost)
    }

    /// An update of which nothing wins leaves the row deleted: its values were overwritten before the delete,
    /// and so the delete saw no other's.
    private func resurrect(_ tombstone: Tombstone) -> RowPlan {
        let (won, lost) = contest(tombstone.row, tombstone.clocks)
        guard !won.isEmpty else { return RowPlan(.nothing, clock: origin.clock, lost: lost) }
        var row = tombstone.row
        for write in won {
            if let index = schema.index(of: write.column) { row[index] = write.value }
        }
        let whole = zip(schema.columns, row.values).filter { $0.1 != .absent }.map { ColumnWrite($0.name, $1) }
        return RowPlan(
            .resurrect(row: whole, written: won.map(\.column), tombstone), clock: origin.clock, lost: lost)
    }

    /// Column by column: which of the operation's values win against `row`, and which lose.
    private func contest(_ row: Row, _ clocks: RowClocks) -> (won: [ColumnWrite], lost: [LostWrite]) {
        var won: [ColumnWrite] = []
        var lost: [LostWrite] = []
        for (column, value) in sortedSet {
            let clock = clocks[column]
            let theirs = schema.index(of: column).map { row[$0] } ?? .absent
            if clock.yields(to: origin) {
                won.append(ColumnWrite(column, value))
            } else if theirs != value {
                lost.append(
                    LostWrite(
                        column: column, mine: value, theirs: theirs, writer: clock.replica, writtenAt: clock.clock))
            }
        }
        return (won, lost)
    }

    private func hasSeen(_ clocks: RowClocks) -> Bool {
        origin.base > 0 || clocks.all.contains { $0.replica == origin.replica && $0.seq < origin.seq }
    }

    private func isEqual(to row: Row) -> Bool {
        operation.set.allSatisfy { column, value in schema.index(of: column).map { row[$0] } == value }
    }

    private var sortedSet: [(column: String, value: Value)] {
        operation.set.sorted { Text($0.key) < Text($1.key) }.map { ($0.key, $0.value) }
    }

    private var insertedRow: [ColumnWrite] {
        schema.columns.compactMap { column in
            if let text = operation.key[column.name] { return ColumnWrite(column.name, .text(text)) }
            return operation.set[column.name].map { ColumnWrite(column.name, $0) }
        }
    }

    private func refuse(_ outcome: Verdict.Outcome, _ code: String, _ message: String) -> RowPlan {
        RowPlan(.refuse(outcome, Reason(code: code, message: "\(operation.table): \(message)")), clock: origin.clock)
    }
}
