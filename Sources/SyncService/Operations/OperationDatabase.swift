import Merge
import SyncModel

/// The database as the operation processor needs it: one transaction at a time, synchronous.
///
/// Implemented over PostgreSQL, and by the simulator over its model of it.
///
/// Every method but `begin` is called inside a transaction. After any failure the innermost savepoint (for
/// `.refused`) or the transaction is rolled back before anything else is asked.
package protocol OperationDatabase: AnyObject {
    /// The tables that operations may write: those with bookkeeping.
    var schema: DatabaseSchema { get }

    func begin() throws(OperationFailure)
    func commit() throws(OperationFailure)
    /// Never fails: what cannot be reached has rolled back by itself.
    func rollback()

    /// Savepoints nest.
    func savepoint() throws(OperationFailure)
    func releaseSavepoint() throws(OperationFailure)
    func rollbackToSavepoint() throws(OperationFailure)
    /// Checks what deferred constraints have put off until now.
    func checkConstraints() throws(OperationFailure)

    /// Locks the replica's record until the end of the transaction; makes it when it is not there.
    func lockReplica(_ replica: ReplicaID, user: String) throws(OperationFailure) -> ReplicaRecord
    func saveReplica(_ replica: ReplicaID, lastSeq: Int64, clock: HybridTimestamp) throws(OperationFailure)

    /// The stored verdicts of these seqs, ascending; the forgotten ones are left out.
    func verdicts(of replica: ReplicaID, from first: Int64, through last: Int64) throws(OperationFailure) -> [Verdict]
    /// `original`: the clock that the operation came with.
    func store(_ verdicts: [StoredVerdict], of replica: ReplicaID) throws(OperationFailure)
    func forgetVerdicts(of replica: ReplicaID, through seq: Int64) throws(OperationFailure)

    /// Locks a row, or its absence, until the end of the transaction, and reads it with its bookkeeping:
    /// the user's row first, the clock row after it.
    func lockRow(_ operation: Operation, in table: TableSchema) throws(OperationFailure) -> LockedRow
    /// Carries out a plan on the row as locked, and stamps exactly what the operation wrote. False: the row
    /// came or went after all, and has to be locked again.
    func write(_ write: RowWrite) throws(OperationFailure) -> Bool

    /// As `lockRow` for each of different rows, in their order; nil where that cannot be done for all at once.
    func lockRows(_ operations: [Operation], in table: TableSchema) throws(OperationFailure) -> [LockedRow]?
    /// As `write` for each, of rows as `lockRows` gave them. False: not all of it took effect, and the transaction
    /// has to start over.
    func write(_ writes: [RowWrite]) throws(OperationFailure) -> Bool

    /// Tombstones of `table` that `transaction` made, not by an operation on the row itself, and whose
    /// `columns` held `values`; by key.
    func tombstones(
        of table: TableSchema, where columns: [String], equal values: [Text], deletedBy transaction: String
    ) throws(OperationFailure) -> [DeletedRow]
    /// Brings a deleted row back as it was, clocks included. False where one is there already.
    func restore(_ row: DeletedRow) throws(OperationFailure) -> Bool

    /// References of `table` to `parent` that the transaction which deleted it set to null, and that nobody has
    /// written since; by key.
    func nulledReferences(
        _ reference: ForeignKey, of table: TableSchema, to parent: DeletedRow
    ) throws(OperationFailure) -> [NulledReference]
    /// Gives a reference back, with its clocks. False where it is no longer null.
    func restore(_ reference: NulledReference) throws(OperationFailure) -> Bool

    /// Emits the transactional message `satchel.operation` that confirms the replica's operations up to `seq` in
    /// the history `epoch`.
    func confirm(_ replica: ReplicaID, through seq: Int64, epoch: Epoch) throws(OperationFailure)
}

extension OperationDatabase {
    package func lockRows(_ operations: [Operation], in table: TableSchema) throws(OperationFailure) -> [LockedRow]? {
        nil
    }

    package func write(_ writes: [RowWrite]) throws(OperationFailure) -> Bool {
        for one in writes where try !write(one) { return false }
        return true
    }
}

package struct ReplicaRecord: Hashable, Sendable {
    package let user: String
    /// 0 for a replica that has sent nothing yet.
    package let lastSeq: Int64
    /// The clock of its last operation, as ranked.
    package let clock: HybridTimestamp

    package init(user: String, lastSeq: Int64, clock: HybridTimestamp) {
        self.user = user
        self.lastSeq = lastSeq
        self.clock = clock
    }
}

package struct StoredVerdict: Hashable, Sendable {
    package let verdict: Verdict
    /// The clock that the operation came with; `verdict.at` is the one that it was ranked with.
    package let originalAt: HybridTimestamp

    package init(verdict: Verdict, originalAt: HybridTimestamp) {
        self.verdict = verdict
        self.originalAt = originalAt
    }
}

package struct LockedRow: Hashable, Sendable {
    /// The key in the database's own spelling of its values.
    package let key: RowKey
    package let state: StoredRow
    /// Greater than any version that anybody has seen of this row: for what is written now.
    package let nextVersion: Int64

    package init(key: RowKey, state: StoredRow, nextVersion: Int64) {
        self.key = key
        self.state = state
        self.nextVersion = nextVersion
    }
}

/// A plan, and all that carrying it out takes.
package struct RowWrite: Hashable, Sendable {
    package let table: TableSchema
    package let row: LockedRow
    package let operation: Operation
    package let replica: ReplicaID
    package let seq: Int64
    package let plan: RowPlan

    package init(
        table: TableSchema, row: LockedRow, operation: Operation, replica: ReplicaID, seq: Int64, plan: RowPlan
    ) {
        self.table = table
        self.row = row
        self.operation = operation
        self.replica = replica
        self.seq = seq
        self.plan = plan
    }
}

package struct DeletedRow: Hashable, Sendable {
    package let table: TableSchema
    package let key: RowKey
    package let tombstone: Tombstone

    package init(table: TableSchema, key: RowKey, tombstone: Tombstone) {
        self.table = table
        self.key = key
        self.tombstone = tombstone
    }
}

/// A row's reference to a row that was deleted, as it was before.
package struct NulledReference: Hashable, Sendable {
    package let table: TableSchema
    package let key: RowKey
    package let reference: ForeignKey
    /// Of the key's columns and the reference's.
    package let values: [String: Value]
    /// Of the columns that the delete set to null.
    package let stamps: [String: ColumnClock]

    package init(
        table: TableSchema, key: RowKey, reference: ForeignKey, values: [String: Value], stamps: [String: ColumnClock]
    ) {
        self.table = table
        self.key = key
        self.reference = reference
        self.values = values
        self.stamps = stamps
    }

    /// The columns that it takes, in the table's order.
    package var writes: [ColumnWrite] {
        table.columns.filter { stamps[$0.name] != nil }.map { ColumnWrite($0.name, values[$0.name] ?? .null) }
    }
}

package enum OperationFailure: Error, Hashable, Sendable {
    /// The database refuses this operation, and always will.
    case refused(Verdict.Outcome, Reason)
    /// Another transaction was in the way: the same again may succeed at once.
    case retry(String)
    /// The database cannot be used now. Whether a commit took effect is unknown: resending finds out.
    case unavailable(String)
}
