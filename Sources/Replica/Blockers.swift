import SyncModel

/// Rows that wait for a person, each with the operations that they wait for.
struct Blockers {
    private struct Wait {
        let position: Int64
        let operation: OperationID
        /// An insert that was not refused itself: what comes later on the row changes what it makes.
        let makesRow: Bool
    }

    /// In queue order, or the order in which they were added.
    private var waits: [RowAddress: [Wait]] = [:]

    mutating func add(_ record: OperationRecord, in transaction: ReplicaTransaction) {
        guard let address = transaction.address(record.operation) else { return }
        let wait = Wait(
            position: record.position, operation: record.operation.id,
            makesRow: record.operation.action.makesRow && record.verdict == nil)
        waits[address, default: []].append(wait)
    }

    /// The operation that this one builds on and that waits.
    func blocker(of record: OperationRecord, in transaction: ReplicaTransaction) -> OperationID? {
        if waits.isEmpty { return nil }
        let own = transaction.address(record.operation).flatMap { address in
            first(of: address, before: record).flatMap { wait in remakes(record, address) ? nil : wait }
        }
        if let own { return own.operation }
        return transaction.references(of: record.operation).lazy.compactMap { first(of: $0, before: record) }
            .first?.operation
    }

    /// It does not wait: what comes later on a row that it makes builds on it.
    mutating func pass(_ record: OperationRecord, in transaction: ReplicaTransaction) {
        guard record.operation.action.makesRow, let address = transaction.address(record.operation) else { return }
        waits[address]?.removeAll { $0.position < record.position }
    }

    private func first(of address: RowAddress, before record: OperationRecord) -> Wait? {
        waits[address]?.first { $0.position < record.position }
    }

    /// A new insert of a row whose insert was refused builds on nothing that waits.
    private func remakes(_ record: OperationRecord, _ address: RowAddress) -> Bool {
        record.operation.action.makesRow
            && !(waits[address] ?? []).contains { $0.makesRow && $0.position < record.position }
    }
}

extension Operation.Action {
    var makesRow: Bool {
        switch self {
        case .insert, .upsert: true
        case .update, .delete: false
        }
    }
}
