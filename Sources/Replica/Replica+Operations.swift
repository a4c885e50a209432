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
                pending: pending, parked: parked - conflicts, conflicts: conflicts, merged: memory.mergedCount,
                byState: counts)
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

    /// Takes an operation out of the queue for good, with the group that it is in: one that is parked, or that was not
    /// sent. Its effect leaves the view.
    ///
    /// What builds on an operation that the service has refused stays as it is, for it may fit the row that is there.
    /// What builds on one that the service has not seen would lose its ground: it goes too, or nothing does.
    ///
    /// - Parameter withDependents: take along what builds on it.
    /// - Returns: what went, and what builds on it and stays, in queue order.
    package func cancel(
        _ id: OperationID, withDependents: Bool = false
    ) throws(ReplicaError) -> (operations: [OperationID], staying: [OperationID], effects: Effects) {
        let ((gone, staying), effects) = try change(.full) { try $0.cancel(id, withDependents: withDependents) }
        return (gone, staying, effects)
    }

    /// Queues a parked operation again, as it is, with its group and with what was parked because of it. They will get
    /// seqs of their own.
    ///
    /// - Returns: what is queued again, in queue order.
    package func retry(
        _ id: OperationID
    ) throws(ReplicaError) -> (operations: [OperationID], effects: Effects) {
        let (operations, effects) = try change(.full) { try $0.retry(id) }
        return (operations, effects)
    }

    /// Forgets the operations that have been confirmed for longer than they are kept.
    ///
    /// - Parameter now: the wall clock. Returns how many went.
    package func prune(now: HybridTimestamp) throws(ReplicaError) -> Int {
        let time = now.microseconds - limits.confirmedRetention
        return try change(.normal) { transaction in
            let count = try OperationTable.prune(confirmedBefore: time, in: transaction.db)
            transaction.memory.counts[.confirmed, default: 0] -= count
            if count > 0 {
                if transaction.memory.mergedCount > 0 {
                    transaction.memory.mergedCount = try OperationTable.merged(in: transaction.db)
                }
                try transaction.storeClocks()
            }
            return count
        }.result
    }
}
