import SyncModel

/// Rows that wait for a person, each with the operations that they wait for.
struct Blockers {
    private struct Wait {
        let position: Int64
        let operation: OperationID
        /// Also a new insert of the row waits for it: a delete takes the row away first, and an insert that was not
        /// refused itself makes it.
        let holdsInserts: Bool
    }

    /// In queue order, or the order in which they were added.
    private var waits: [RowAddress: [Wait]] = [:]

    mutating func add(_ record: OperationRecord, in transaction: ReplicaTransaction) {
        guard let address = transaction.address(record.operation) else { return }
        let wait = Wait(
            position: record.position, operation: record.operation.id, holdsInserts: Self.holdsInserts(record))
        waits[address, default: []].append(wait)
    }

    private static func holdsInserts(_ record: OperationRecord) -> Bool {
        switch record.operation.action {
        case .delete: true
        case .insert, .upsert: record.verdict == nil
        case .update: false
        }
    }

    /// The operation that this one builds on and that waits. A new insert of a row whose insert was refused builds on
    /// nothing that came before on that row.
    func blocker(of record: OperationRecord, in transaction: ReplicaTransaction) -> OperationID? {
        if waits.isEmpty { return nil }
        let own = transaction.address(record.operation).flatMap { address in
            record.operation.action.makesRow
                ? first(of: address, before: record, where: \.holdsInserts) : first(of: address, before: record)
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

    private func first(
        of address: RowAddress, before record: OperationRecord, where isMeant: (Wait) -> Bool = { _ in true }
    ) -> Wait? {
        waits[address]?.first { $0.position < record.position && isMeant($0) }
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
