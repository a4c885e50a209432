import Merge
import SyncModel

/// The part of one batch that is new: operation by operation, in one transaction.
struct OperationMerge<Database: OperationDatabase> {
    private let database: Database
    private let replica: ReplicaID
    private let arrival: HybridTimestamp
    /// False: an operation that stands alone gets no savepoint, and `merge` throws what the database refuses.
    private let isCareful: Bool
    /// The clock of the replica's last operation, as ranked.
    private(set) var clock: HybridTimestamp
    private(set) var verdicts: [StoredVerdict] = []
    private(set) var alarms: [ClockAlarm] = []

    /// A row that keeps coming and going under us is given up after so many attempts.
    private static var maxAttempts: Int { 3 }

    init(database: Database, replica: ReplicaID, arrival: HybridTimestamp, clock: HybridTimestamp, isCareful: Bool) {
        self.database = database
        self.replica = replica
        self.arrival = arrival
        self.clock = clock
        self.isCareful = isCareful
    }

    /// One operation, or the members of one group: all of them or none. Or a run, where nothing was refused yet.
    mutating func merge(_ group: [SequencedOperation]) throws(OperationFailure) {
        if !isCareful, let first = group.first, first.operation.group == nil {
            if group.count > 1, try mergeRun(group) { return }
            for single in group { try mergeAlone(single) }
            return
        }
        var given: [Verdict] = []
        try database.savepoint()
        for sequenced in group {
            let verdict = try verdict(on: sequenced)
            given.append(verdict)
            guard verdict.hasEffect else { break }
        }
        if let last = given.last, last.hasEffect { given = try checked(given) }
        if given.allSatisfy(\.hasEffect) {
            try database.releaseSavepoint()
        } else {
            try database.rollbackToSavepoint()
            given = refused(group, because: given)
        }
        for (sequenced, verdict) in zip(group, given) {
            verdicts.append(StoredVerdict(verdict: verdict, originalAt: sequenced.operation.at))
        }
    }

    /// False: nothing was done, and they have to be taken one by one.
    private mutating func mergeRun(_ run: [SequencedOperation]) throws(OperationFailure) -> Bool {
        guard let table = run.first.flatMap({ database.schema[$0.operation.table] }),
            let rows = try database.lockRows(run.map(\.operation), in: table), Set(rows.map(\.key)).count == run.count
        else { return false }
        var writes: [RowWrite] = []
        for (sequenced, row) in zip(run, rows) {
            let plan = RowMerge.plan(
                sequenced.operation, of: replica, seq: sequenced.seq, clock: rank(sequenced), schema: table,
                stored: row.state)
            writes.append(
                RowWrite(
                    table: table, row: row, operation: sequenced.operation, replica: replica, seq: sequenced.seq,
                    plan: plan))
            verdicts.append(
                StoredVerdict(verdict: verdict(sequenced, plan), originalAt: sequenced.operation.at))
        }
        guard try database.write(writes) else { throw Self.dropped(table.name) }
        try database.checkConstraints()
        return true
    }

    /// A plan that refuses has written nothing, so that there is nothing to roll back.
    private mutating func mergeAlone(_ sequenced: SequencedOperation) throws(OperationFailure) {
        let at = rank(sequenced)
        let verdict: Verdict
        if let reason = refusal(of: sequenced.operation) {
            verdict = Verdict(
                seq: sequenced.seq, id: sequenced.operation.id, outcome: .rejected, at: at, reason: reason)
        } else {
            verdict = try carriedOut(sequenced, at: at)
            try database.checkConstraints()
        }
        verdicts.append(StoredVerdict(verdict: verdict, originalAt: sequenced.operation.at))
    }

    /// What deferred constraints refuse is put down to the last operation of the group.
    private func checked(_ given: [Verdict]) throws(OperationFailure) -> [Verdict] {
        do throws(OperationFailure) {
            try database.checkConstraints()
            return given
        } catch {
            guard case .refused(let outcome, let reason) = error, let last = given.last else { throw error }
            return given.dropLast() + [
                Verdict(seq: last.seq, id: last.id, outcome: outcome, at: last.at, reason: reason)
            ]
        }
    }

    /// Verdicts for a group that was rolled back: the failed member keeps its own.
    private mutating func refused(_ group: [SequencedOperation], because given: [Verdict]) -> [Verdict] {
        group.enumerated().map { index, sequenced in
            if index < given.count, !given[index].hasEffect { return given[index] }
            let failed = given.first { !$0.hasEffect }.map { "operation \($0.id)" } ?? "another operation"
            return Verdict(
                seq: sequenced.seq, id: sequenced.operation.id, outcome: .rejected,
                at: index < given.count ? given[index].at : rank(sequenced),
                reason: Reason(
                    code: "group_failed",
                    message: "\(failed) of the same group was refused, and a group is applied all or none"))
        }
    }

    private mutating func rank(_ sequenced: SequencedOperation) -> HybridTimestamp {
        if let ahead = ClockBounds.alarm(sequenced.operation.at, arrival: arrival) {
            alarms.append(ClockAlarm(replica: replica, seq: sequenced.seq, ahead: ahead))
        }
        clock = ClockBounds.ranked(sequenced.operation.at, arrival: arrival, after: clock)
        return clock
    }

    private mutating func verdict(on sequenced: SequencedOperation) throws(OperationFailure) -> Verdict {
        let at = rank(sequenced)
        do throws(OperationFailure) {
            if let reason = refusal(of: sequenced.operation) { throw .refused(.rejected, reason) }
            return try carriedOut(sequenced, at: at)
        } catch {
            guard case .refused(let outcome, let reason) = error else { throw error }
            return Verdict(seq: sequenced.seq, id: sequenced.operation.id, outcome: outcome, at: at, reason: reason)
        }
    }

    private mutating func carriedOut(
        _ sequenced: SequencedOperation, at: HybridTimestamp
    ) throws(OperationFailure) -> Verdict {
        verdict(sequenced, try carryOut(sequenced.operation, seq: sequenced.seq, at: at))
    }

    private mutating func verdict(_ sequenced: SequencedOperation, _ plan: RowPlan) -> Verdict {
        clock = max(clock, plan.clock)
        return Verdict(
            seq: sequenced.seq, id: sequenced.operation.id, outcome: plan.outcome, at: plan.clock, lost: plan.lost,
            reason: plan.reason)
    }

    /// Without looking at any row.
    private func refusal(of operation: Operation) -> Reason? {
        if let table = database.schema[operation.table] { return OperationCheck.refusal(of: operation, in: table) }
        return Reason(
            code: "unknown_table",
            message: "\(operation.table) is not among the tables that Satchel serves: check the name, or add it to "
                + "the publication")
    }

    private func carryOut(
        _ operation: Operation, seq: Int64, at: HybridTimestamp
    ) throws(OperationFailure) -> RowPlan {
        guard let table = database.schema[operation.table] else {
            preconditionFailure("\(operation.table) was not checked")
        }
        for _ in 0..<Self.maxAttempts {
            let row = try database.lockRow(operation, in: table)
            let plan = RowMerge.plan(
                operation, of: replica, seq: seq, clock: at, schema: table, stored: row.state)
            let write = RowWrite(
                table: table, row: row, operation: operation, replica: replica, seq: seq, plan: plan)
            switch plan.effect {
            case .nothing, .refuse:
                return plan
            case .insert, .update, .delete:
                if try database.write(write) { return plan }
            case .resurrect(_, _, let tombstone):
                if try database.write(write) {
                    try CascadeRestore(database: database).restore(
                        under: DeletedRow(table: table, key: row.key, tombstone: tombstone))
                    return plan
                }
            }
        }
        throw Self.dropped(operation.table)
    }

    private static func dropped(_ table: TableName) -> OperationFailure {
        .refused(
            .rejected,
            Reason(code: "check_violation", message: "\(table): a trigger of the table drops this write"))
    }
}

extension Verdict {
    /// False when nothing was written and the operation failed.
    var hasEffect: Bool {
        switch outcome {
        case .applied, .merged: true
        case .conflict, .rejected: false
        }
    }
}
