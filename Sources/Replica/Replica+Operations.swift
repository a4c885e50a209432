import SyncModel

extension Replica {
    package var counts: OperationCounts {
        get throws(ReplicaError) {
            let counts = memory.counts
            let parked = counts[.parked, default: 0]
            let conflicts = parked == 0 ? 0 : try inspect { try OperationTable.conflicts(in: $0.db) }
            let pending = [OperationState.queued, .held, .sending, .acknowledged]
                .reduce(0) { $0 + counts[$1, default: 0] }
            return OperationCounts(
                pending: pending, parked: parked - conflicts, conflicts: conflicts, byState: counts)
        }
    }

    /// Operations in queue order.
    ///
    /// - Parameters:
    ///   - states: nil for all.
    ///   - position: that of the last one of the page before.
    package func operations(
        _ states: [OperationState]? = nil, after position: Int64 = 0, limit: Int
    ) throws(ReplicaError) -> [OperationRecord] {
        try inspect {
            try OperationTable.records(
                states: states ?? OperationState.allCases, after: position, limit: max(limit, 0), in: $0.db)
        }
    }

    package func operation(_ id: OperationID) throws(ReplicaError) -> OperationRecord? {
        try inspect { try OperationTable.record(id, in: $0.db) }
    }

    /// Nothing is sent while paused; it survives a restart. Receiving is the caller's business.
    package func setPaused(_ isPaused: Bool) throws(ReplicaError) {
        guard isPaused != memory.isPaused else { return }
        _ = try change(.full) { transaction in
            transaction.memory.isPaused = isPaused
            try StateName.isPaused.set(isPaused ? 1 : 0, in: transaction.db)
        }
    }

    /// Lets go of a parked operation for good.
    package func dismiss(_ id: OperationID) throws(ReplicaError) -> Effects {
        try change(.full) { transaction in
            let record = try transaction.parked(id)
            try OperationTable.delete(record, in: transaction.db)
            transaction.memory.move(from: .parked, to: nil)
            transaction.noteChanged(id)
            try transaction.rebase(transaction.address(record.operation).map { [$0] } ?? [])
        }.effects
    }

    /// Queues a parked operation again, as it is; it will get a seq of its own.
    package func retry(_ id: OperationID) throws(ReplicaError) -> Effects {
        try change(.full) { transaction in
            let record = try transaction.parked(id)
            try transaction.set(record, .queued, isApplied: true) { record in
                record.seq = nil
                record.verdict = nil
                record.lost = []
                record.reason = nil
            }
            try transaction.rebase(transaction.address(record.operation).map { [$0] } ?? [])
        }.effects
    }

    /// Forgets the operations that have been confirmed for longer than they are kept.
    ///
    /// - Parameter now: the wall clock. Returns how many went.
    package func prune(now: HybridTimestamp) throws(ReplicaError) -> Int {
        let time = now.microseconds - limits.confirmedRetention
        return try change(.normal) { transaction in
            let count = try OperationTable.prune(confirmedBefore: time, in: transaction.db)
            transaction.memory.counts[.confirmed, default: 0] -= count
            return count
        }.result
    }
}

extension ReplicaTransaction {
    func parked(_ id: OperationID) throws -> OperationRecord {
        guard let record = try OperationTable.record(id, in: db) else {
            throw ReplicaError(.unknownOperation, "There is no operation \(id)")
        }
        guard record.state == .parked else {
            throw ReplicaError(
                .invalidOperation, "Operation \(id) is \(record.state.rawValue), not parked: nothing is to be decided")
        }
        return record
    }
}
