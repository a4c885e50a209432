import Merge
import GRDB
import SyncModel

extension Replica {
    /// Takes operations into the queue and lays them on the view. When it returns, they are on the disk.
    ///
    /// All are accepted or none. One whose id is in the queue already, with the same content, is the same
    /// operation again.
    ///
    /// - Parameters:
    ///   - atomic: they make one group, merged all or none.
    ///   - now: the wall clock.
    ///   - dryRun: only tells what would happen.
    package func submit(
        _ submissions: [Submission], atomic: Bool, now: HybridTimestamp, dryRun: Bool = false,
        newID: () -> OperationID
    ) throws(ReplicaError) -> (operations: [OperationRecord], effects: Effects) {
        let (ids, effects) = try change(.full, commits: !dryRun) { transaction in
            try transaction.submit(submissions, atomic: atomic, now: now, newID: newID)
        }
        return (ids, effects)
    }
}

/// What one request of a client submits.
package struct SubmissionRequest: Sendable {
    package let submissions: [Submission]
    /// They make one group, merged all or none.
    package let isAtomic: Bool

    package init(_ submissions: [Submission], isAtomic: Bool) {
        self.submissions = submissions
        self.isAtomic = isAtomic
    }
}

package struct AcceptedSubmission: Sendable {
    package let operations: [OperationRecord]
    package let effects: Effects

    package init(operations: [OperationRecord], effects: Effects) {
        self.operations = operations
        self.effects = effects
    }
}

extension Replica {
    /// Takes what several clients submit at the same time, in their order, with one sync to the disk for all of them.
    /// Each request is accepted or refused for itself, as by a `submit` of its own. When it returns, what was
    /// accepted is on the disk.
    ///
    /// - Returns: for each request what became of it.
    package func submit(
        _ requests: [SubmissionRequest], now: HybridTimestamp, newID: () -> OperationID
    ) -> [Result<AcceptedSubmission, ReplicaError>] {
        do throws(ReplicaError) {
            if requests.count == 1 {
                let (operations, effects) = try submit(
                    requests[0].submissions, atomic: requests[0].isAtomic, now: now, newID: newID)
                return [.success(AcceptedSubmission(operations: operations, effects: effects))]
            }
            return try changeEach(.full, requests) { transaction, request in
                try transaction.submit(request.submissions, atomic: request.isAtomic, now: now, newID: newID)
            }.map { result in result.map { AcceptedSubmission(operations: $0.result, effects: $0.effects) } }
        } catch {
            return requests.map { _ in .failure(error) }
        }
    }
}

extension ReplicaTransaction {
    func submit(
        _ submissions: [Submission], atomic: Bool, now: HybridTimestamp, newID: () -> OperationID
    ) throws -> [OperationRecord] {
        guard submissions.count <= limits.maxSubmission else {
            throw ReplicaError(
                .tooLarge, "At most \(limits.maxSubmission) operations are taken at once: send them in parts")
        }
        let group = atomic && submissions.count > 1 ? (submissions[0].id ?? newID()).description : nil
        var records: [OperationRecord] = []
        for submission in submissions {
            records.append(try submit(submission, group: group, now: now, newID: newID))
        }
        return records
    }

    private func submit(
        _ submission: Submission, group: String?, now: HybridTimestamp, newID: () -> OperationID
    ) throws -> OperationRecord {
        let draft = Operation(
            id: submission.id ?? newID(), table: submission.table, action: submission.action, key: submission.key,
            set: submission.set, at: .zero, base: 0, group: group)
        let (checked, schema) = try SubmissionCheck(schema: memory.schema, limits: limits).check(draft)
        if submission.id != nil, let known = try OperationTable.record(draft.id, in: db) {
            return try same(known, as: checked)
        }
        guard memory.unconfirmed < limits.maxQueue else {
            throw ReplicaError(
                .queueFull,
                "The queue holds \(limits.maxQueue) operations, its limit: go on when some of them are confirmed")
        }
        guard let key = checked.rowKey(in: schema) else {
            throw ReplicaError(.invalidOperation, "The key of \(schema.name) has other columns")
        }
        let address = RowAddress(table: schema.name, key: key)
        try checkRow(address, schema, checked.action)
        let stood =
            try confirmedRow(address, schema) ?? keptRow(address, schema)
            ?? arrivedRow(address, schema).map { ConfirmedRow($0) }
        let operation = Operation(
            id: checked.id, table: checked.table, action: checked.action, key: checked.key, set: checked.set,
            at: memory.clock.tick(now: now.microseconds), base: stood?.clock.version ?? 0, group: group)
        try OperationTable.insert(operation, key: key, submittedAt: now.microseconds, in: db)
        let position = db.lastInsertedRowID
        memory.move(from: nil, to: .queued)
        let record = OperationRecord(
            position: position, operation: operation, seq: nil, state: .queued, isApplied: true, verdict: nil, lost: [],
            reason: nil, attempts: 0, submittedAt: now.microseconds)
        noteChanged(operation.id, record)
        try rebase([address])
        return record
    }

    private func same(_ known: OperationRecord, as checked: Operation) throws -> OperationRecord {
        let old = known.operation
        guard old.table == checked.table, old.action == checked.action, old.key == checked.key, old.set == checked.set
        else {
            throw ReplicaError(
                .invalidOperation, "There is another operation with the id \(checked.id): leave the id out")
        }
        return known
    }

    private func hasArrived(_ address: RowAddress, _ schema: TableSchema) throws -> Bool {
        guard let stored = try arrivedRow(address, schema) else { return false }
        return try state(arrived: stored, address, schema) != nil
    }

    private func checkRow(
        _ address: RowAddress, _ schema: TableSchema, _ action: Operation.Action
    ) throws {
        // A row of a first sync that is under way may be seen, and written to.
        let isThere = try viewState(address, schema) != nil || hasArrived(address, schema)
        switch action {
        case .insert where isThere:
            throw ReplicaError(
                .invalidOperation,
                "\(address.table) has a row \(address.key) already: use update, or upsert where it does not matter")
        case .update where !isThere, .delete where !isThere:
            throw ReplicaError(
                .invalidOperation,
                "There is no row \(address.key) of \(address.table) here: subscribe to a shape that has it, or insert it"
            )
        case .insert, .update, .upsert, .delete: break
        }
    }
}
