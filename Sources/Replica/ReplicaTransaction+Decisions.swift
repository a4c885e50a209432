import SyncModel

/// What a person decides about single operations.
extension ReplicaTransaction {
    func cancel(
        _ id: OperationID, withDependents: Bool
    ) throws -> (gone: [OperationID], staying: [OperationID]) {
        let unit = try unit(id)
        for record in unit { try checkCancel(record) }
        let dependents = try dependents(of: unit, in: [.queued, .held, .parked])
        if !withDependents, !dependents.isEmpty, unit.contains(where: { $0.verdict == nil }) {
            let count =
                dependents.count == 1
                ? "operation \(dependents[0].operation.id) builds" : "\(dependents.count) operations build"
            throw ReplicaError(
                .invalidOperation,
                "Operation \(id) stays, because \(count) on it: pass `dependents` (--dependents) to drop them too")
        }
        var gone = unit
        if withDependents { gone += dependents }
        for record in gone {
            try OperationTable.delete(record, in: db)
            memory.move(from: record.state, to: nil)
            memory.judge(from: record.verdict, to: nil)
            noteChanged(record.operation.id, nil)
        }
        try storeClocks()
        try rebase(gone.compactMap { address($0.operation) })
        return (gone.map(\.operation.id), withDependents ? [] : dependents.map(\.operation.id))
    }

    func retry(_ id: OperationID) throws -> [OperationID] {
        let unit = try unit(id)
        for record in unit where record.state != .parked {
            throw ReplicaError(
                .invalidOperation,
                record.state == .confirmed
                    ? "Operation \(record.operation.id) is confirmed: there is nothing to try again"
                    : "Operation \(record.operation.id) is \(record.state.rawValue), not parked: it goes its way by itself"
            )
        }
        let parked = try dependents(of: unit, in: [.parked]).filter { $0.reason?.code == Self.dependency }
        let queued = unit + parked
        let blocked = try blockers(without: Set(queued.map(\.operation.id)))
        if let blocker = unit.lazy.compactMap({ blocked.blocker(of: $0, in: self) }).first {
            throw ReplicaError(
                .invalidOperation,
                "Operation \(id) builds on operation \(blocker), which is parked: try that one again, and this one "
                    + "goes with it, or cancel that one first")
        }
        for record in queued {
            try set(record, .queued, isApplied: true) { record in
                record.seq = nil
                record.verdict = nil
                record.lost = []
                record.reason = nil
            }
        }
        try rebase(queued.compactMap { address($0.operation) })
        return queued.map(\.operation.id)
    }

    /// The operation, or all of its group: groups are decided whole.
    private func unit(_ id: OperationID) throws -> [OperationRecord] {
        guard let record = try OperationTable.record(id, in: db) else {
            throw ReplicaError(
                .unknownOperation,
                "There is no operation \(id.description.prefix(128)): it was cancelled, or confirmed more than a day ago"
            )
        }
        guard let group = record.operation.group, record.state != .confirmed else { return [record] }
        return try OperationTable.records(group: group, in: db)
    }

    private func checkCancel(_ record: OperationRecord) throws {
        switch record.state {
        case .queued, .held, .parked: return
        case .sending:
            throw ReplicaError(
                .invalidOperation,
                "Operation \(record.operation.id) is on its way, and may be applied already: wait for its verdict")
        case .acknowledged, .confirmed:
            throw ReplicaError(
                .invalidOperation,
                "Operation \(record.operation.id) was applied already: submit a change that takes it back")
        }
    }
}
