import Merge
import Postgres
import SyncModel
import SyncService

/// The real database, with a fault before its n-th call, and a hook before rows are locked.
final class FaultyDatabase: OperationDatabase {
    private let real: PostgresOperationDatabase
    private let failAt: Int
    private let fault: () throws -> Void
    private var calls = 0
    private var locks = 0
    private(set) var begins = 0
    /// Gets the number of the lock in its transaction, from 0.
    var beforeLock: (Int) throws -> Void = { _ in }

    init(_ real: PostgresOperationDatabase, failAt: Int, fault: @escaping () throws -> Void) {
        self.real = real
        self.failAt = failAt
        self.fault = fault
    }

    private func count() throws(OperationFailure) {
        do {
            if calls == failAt { try fault() }
            calls += 1
        } catch {
            throw .unavailable("\(error)")
        }
    }

    var schema: DatabaseSchema { real.schema }

    func begin() throws(OperationFailure) {
        begins += 1
        locks = 0
        try count()
        try real.begin()
    }

    func commit() throws(OperationFailure) {
        try count()
        try real.commit()
    }

    func rollback() { real.rollback() }

    func savepoint() throws(OperationFailure) {
        try count()
        try real.savepoint()
    }

    func releaseSavepoint() throws(OperationFailure) {
        try count()
        try real.releaseSavepoint()
    }

    func rollbackToSavepoint() throws(OperationFailure) {
        try count()
        try real.rollbackToSavepoint()
    }

    func checkConstraints() throws(OperationFailure) { try real.checkConstraints() }

    func lockReplica(_ replica: ReplicaID, user: String) throws(OperationFailure) -> ReplicaRecord {
        try count()
        return try real.lockReplica(replica, user: user)
    }

    func saveReplica(_ replica: ReplicaID, lastSeq: Int64, clock: HybridTimestamp) throws(OperationFailure) {
        try count()
        try real.saveReplica(replica, lastSeq: lastSeq, clock: clock)
    }

    func verdicts(of replica: ReplicaID, from first: Int64, through last: Int64) throws(OperationFailure) -> [Verdict] {
        try real.verdicts(of: replica, from: first, through: last)
    }

    func store(_ verdicts: [StoredVerdict], of replica: ReplicaID) throws(OperationFailure) {
        try count()
        try real.store(verdicts, of: replica)
    }

    func forgetVerdicts(of replica: ReplicaID, through seq: Int64) throws(OperationFailure) {
        try real.forgetVerdicts(of: replica, through: seq)
    }

    func lockRow(_ operation: Operation, in table: TableSchema) throws(OperationFailure) -> LockedRow {
        do {
            try beforeLock(locks)
        } catch {
            throw error as? OperationFailure ?? .unavailable("\(error)")
        }
        locks += 1
        try count()
        return try real.lockRow(operation, in: table)
    }

    func write(_ write: RowWrite) throws(OperationFailure) -> Bool {
        try count()
        return try real.write(write)
    }

    func tombstones(
        of table: TableSchema, where columns: [String], equal values: [Text], deletedBy transaction: String
    ) throws(OperationFailure) -> [DeletedRow] {
        try real.tombstones(of: table, where: columns, equal: values, deletedBy: transaction)
    }

    func restore(_ row: DeletedRow) throws(OperationFailure) -> Bool { try real.restore(row) }

    func nulledReferences(
        _ reference: ForeignKey, of table: TableSchema, to parent: DeletedRow
    ) throws(OperationFailure) -> [NulledReference] {
        try real.nulledReferences(reference, of: table, to: parent)
    }

    func restore(_ reference: NulledReference) throws(OperationFailure) -> Bool { try real.restore(reference) }

    func confirm(_ replica: ReplicaID, through seq: Int64, epoch: Epoch) throws(OperationFailure) {
        try count()
        try real.confirm(replica, through: seq, epoch: epoch)
    }
}
