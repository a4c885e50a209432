import SyncModel

/// What the queue sender posts next.
package struct OutgoingBatch: Hashable, Sendable {
    /// In seq order, contiguous.
    package let operations: [SequencedOperation]
    /// The verdicts of all seqs up to this one are on the disk.
    package let acknowledged: Int64
    /// The history that the seqs belong to; nil before the first answer.
    package let epoch: Epoch?
    /// To be posted even when empty: the history changed, and what the service holds of this replica must be
    /// learned.
    package let asksForSequence: Bool
}

extension Replica {
    /// The operations to send now. Seqs are on the disk when it returns, and stay with their operations until
    /// the outcome is known: until then the same batch is given again.
    ///
    /// - Parameter limit: operations; a group is never split, so one group alone may have more.
    package func batchToSend(limit: Int) throws(ReplicaError) -> (batch: OutgoingBatch, effects: Effects) {
        let nothing = memory.counts[.queued, default: 0] == 0 && memory.counts[.sending, default: 0] == 0
        if nothing || memory.isPaused {
            let batch = OutgoingBatch(
                operations: [], acknowledged: try acknowledged(), epoch: memory.queueEpoch,
                asksForSequence: asksForSequence && !memory.isPaused)
            return (batch, Effects(sequence: memory.sequence))
        }
        let (operations, effects) = try change(.full) { try $0.nextToSend(limit: max(limit, 1)) }
        let batch = OutgoingBatch(
            operations: operations, acknowledged: try acknowledged(), epoch: memory.queueEpoch,
            asksForSequence: asksForSequence)
        return (batch, effects)
    }

    /// The rows are of another history than the sequence numbers: confirmed operations may be queued again.
    package var asksForSequence: Bool { memory.epoch != memory.queueEpoch }

    private func acknowledged() throws(ReplicaError) -> Int64 {
        guard memory.counts[.sending, default: 0] > 0 else { return memory.nextSeq - 1 }
        let first = try inspect { try OperationTable.firstSending(in: $0.db) }
        return (first ?? memory.nextSeq) - 1
    }

    /// The service's answer to a batch. On the disk when it returns.
    package func received(
        _ verdicts: [Verdict], epoch: Epoch, lastSeq: Int64
    ) throws(ReplicaError) -> Effects {
        try change(.full) { try $0.received(verdicts, epoch: epoch, lastSeq: lastSeq) }.effects
    }

    /// The database has another history, which holds this replica's operations up to `lastSeq`: what it lost is
    /// queued again.
    package func epochChanged(_ epoch: Epoch, lastSeq: Int64) throws(ReplicaError) -> Effects {
        try change(.full) { try $0.resume(epoch, after: lastSeq) }.effects
    }

    /// The service refused the batch, because it can take no other seq than `expected` next.
    ///
    /// In one history nothing that was committed is lost, unless the database was taken back as a whole. Where the
    /// service knows nothing of this replica at all it is taken to have been set up anew: what has its verdict
    /// happened, and others may have written over it since.
    package func sequenceGap(expected: Int64) throws(ReplicaError) -> Effects {
        try change(.full) { transaction in
            if expected == 1 { try transaction.settleDecided() }
            try transaction.resume(transaction.memory.queueEpoch, after: expected - 1)
        }.effects
    }
}

extension ReplicaTransaction {
    func nextToSend(limit: Int) throws -> [SequencedOperation] {
        var records = Self.prefix(try OperationTable.sending(in: db), limit: limit)
        if records.isEmpty { records = try pick(limit: limit) }
        let operations = try records.map { record in
            var seq = record.seq
            if seq == nil {
                seq = memory.nextSeq
                memory.nextSeq += 1
            }
            try set(record, .sending, isApplied: record.isApplied) { record in
                record.seq = seq
                record.attempts += 1
            }
            return SequencedOperation(seq: seq ?? 0, operation: record.operation)
        }
        try storeSequence()
        return operations
    }

    /// The first of a batch, by seq, with the group that the limit would split whole where it is the first one.
    private static func prefix(_ records: [OperationRecord], limit: Int) -> [OperationRecord] {
        guard records.count > limit else { return records }
        func isSplit(_ end: Int) -> Bool {
            guard end < records.count, let group = records[end].operation.group else { return false }
            return records[end - 1].operation.group == group
        }
        var end = limit
        while end > 1, isSplit(end) { end -= 1 }
        while isSplit(end) { end += 1 }
        return Array(records[..<end])
    }

    /// The stream has brought the operation's effect already.
    func isEchoed(_ seq: Int64?) -> Bool {
        guard let seq, memory.epoch == memory.queueEpoch else { return false }
        return seq <= memory.confirmedSeq
    }

    func storeSequence() throws {
        try StateName.nextSeq.set(memory.nextSeq, in: db)
        try StateName.confirmedSeq.set(memory.confirmedSeq, in: db)
        try StateName.queueEpoch.set(memory.queueEpoch?.description, in: db)
    }

    /// Moves an operation to a state. `change` sets what else changes.
    func set(
        _ record: OperationRecord, _ state: OperationState, isApplied: Bool, confirmedAt: Int64? = nil,
        _ change: (inout OperationRecord) -> Void = { _ in }
    ) throws {
        var new = record
        new.state = state
        new.isApplied = isApplied
        change(&new)
        let time = state == .confirmed ? confirmedAt ?? memory.serviceClock.microseconds : nil
        try OperationTable.update(record, to: new, confirmedAt: time, in: db)
        memory.move(from: record.state, to: state)
        memory.judge(from: record.verdict, to: new.verdict)
        if new.state != record.state || new.verdict != record.verdict { noteChanged(new.operation.id, new) }
    }

    func address(_ operation: Operation) -> RowAddress? {
        memory.table(operation.table).flatMap { operation.rowKey(in: $0) }
            .map { RowAddress(table: operation.table, key: $0) }
    }
}
