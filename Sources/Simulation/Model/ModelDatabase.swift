import JSONText
import Merge
import SyncModel
import SyncService

/// A PostgreSQL with Satchel's bookkeeping, in memory: what operations and plain SQL do to rows, clocks,
/// tombstones, replicas and verdicts, and the stream of what was committed.
///
/// One transaction at a time. `OperationContractTests` compares it with the real one.
package final class ModelDatabase: OperationDatabase {
    /// How the next transaction of operations is disturbed.
    package enum Disturbance: Hashable, Sendable {
        /// Before the n-th call, from 0.
        case failure(OperationFailure, beforeCall: Int)
        /// The commit takes effect, and nobody learns of it.
        case lostCommit
    }

    package internal(set) var tables: ModelTables
    package var schema: DatabaseSchema { tables.schema }
    /// Microseconds since 1970. What is stamped never repeats, whatever this says.
    package var now: Int64 = 1_700_000_000_000_000
    package var disturbance: Disturbance?
    /// For canaries: the transaction is gone, and its commit said to have succeeded.
    var dropsNextCommit = false
    package private(set) var commits: [ModelCommit] = []
    /// Of the newest commit record; the next one lies beyond.
    package private(set) var end = LSN(0x100_0000)
    var state = ModelState()
    var before = ModelState()
    private var savepoints: [ModelState] = []
    private var calls = 0
    private var lastVersion: Int64 = 0
    private var lastClock: Int64 = 0
    var xid: UInt32 = 700
    /// The running transaction changed a table itself.
    var isAltered = false
    /// Numbers of columns are never used again.
    var lastNumbers: [TableName: Int] = [:]
    /// Rows that an update brought back, and those that came with them; rolled back ones included.
    package private(set) var resurrections = 0
    package private(set) var restorations = 0

    package init(_ tables: ModelTables) {
        self.tables = tables
    }

    func nextVersion() -> Int64 {
        lastVersion += 1
        return lastVersion
    }

    /// `clock_timestamp()`: it advances, by what a fast statement takes.
    func clockTime() -> Int64 {
        lastClock = max(now, lastClock + 100)
        return lastClock
    }

    package var rows: ModelRows { state.rows }

    package func clock(_ table: TableName, _ key: RowKey) -> RowClock {
        guard let clocks = state.clocks[table]?[key]?.clocks else { return .zero }
        return RowClock(version: clocks.version, clock: clocks.clock)
    }

    package func lastSeq(of replica: ReplicaID) -> Int64 { state.replicas[replica]?.lastSeq ?? 0 }

    package func verdictCount(of replica: ReplicaID) -> Int { state.verdicts[replica]?.count ?? 0 }
}

// MARK: - Transactions

extension ModelDatabase {
    private func count() throws(OperationFailure) {
        defer { calls += 1 }
        if case .failure(let failure, beforeCall: calls) = disturbance {
            disturbance = nil
            throw failure
        }
    }

    package func begin() throws(OperationFailure) {
        calls = 0
        savepoints = []
        before = state
        xid += 1
        try count()
    }

    package func commit() throws(OperationFailure) {
        try count()
        if dropsNextCommit {
            dropsNextCommit = false
            return rollback()
        }
        finish()
        if disturbance == .lostCommit {
            disturbance = nil
            throw .unavailable("the connection went during the commit")
        }
    }

    func finish() {
        let events = state.events
        let effects = state.effects
        let verdicts = state.newVerdicts
        state.events = []
        state.effects = []
        state.newVerdicts = []
        before = state
        // A transaction that wrote nothing is not in the stream.
        if events.isEmpty, !isAltered { return }
        isAltered = false
        let position = LSN(end.rawValue + 64 * UInt64(events.count))
        end = LSN(position.rawValue + 48)
        let transaction = SourceTransaction(
            xid: xid, position: position, end: end, committedAt: now, events: events)
        commits.append(
            ModelCommit(
                transaction: transaction, effects: effects, verdicts: verdicts, after: state, schema: schema,
                version: lastVersion))
    }

    /// A standby takes over that lacks the newest transactions, this many at most and none of DDL: what is committed
    /// next takes their positions, transaction ids and versions. Returns those that are gone.
    func loseCommits(_ most: Int) -> [ModelCommit] {
        var lost: [ModelCommit] = []
        while lost.count < most, commits.count > 1, let last = commits.last, !last.isSilent,
            commits[commits.count - 2].schema == last.schema
        {
            lost.insert(commits.removeLast(), at: 0)
        }
        guard !lost.isEmpty, let last = commits.last else { return [] }
        state = last.after
        before = state
        end = last.transaction.end
        xid = last.transaction.xid
        lastVersion = last.version
        return lost
    }

    /// A slot writes to the log too. Returns where its stream begins.
    func createSlot() -> LSN {
        end = LSN(end.rawValue + 64)
        return end
    }

    /// As the service commits one when a row is due.
    func heartbeat() {
        before = state
        xid += 1
        let content: JSON = ["xmin": .string("\(xid)")]
        state.events.append(
            .message(
                LogicalMessage(
                    isTransactional: true, prefix: "satchel.heartbeat", content: Text(content.text), position: end)))
        finish()
    }

    /// What was confirmed of each replica.
    var confirmed: [(replica: ReplicaID, seq: Int64)] {
        state.replicas.keys.sorted()
            .map { (replica: $0, seq: lastSeq(of: $0)) }.filter { $0.seq > 0 }
    }

    package func rollback() { state = before }

    package func savepoint() throws(OperationFailure) {
        try count()
        savepoints.append(state)
    }

    package func releaseSavepoint() throws(OperationFailure) {
        try count()
        savepoints.removeLast()
    }

    package func rollbackToSavepoint() throws(OperationFailure) {
        try count()
        state = savepoints.removeLast()
    }

    /// None of the model's constraints can be deferred.
    package func checkConstraints() throws(OperationFailure) {}
}

// MARK: - Replicas and verdicts

extension ModelDatabase {
    package func lockReplica(_ replica: ReplicaID, user: String) throws(OperationFailure) -> ReplicaRecord {
        try count()
        let known = state.replicas[replica] ?? ModelState.Replica(user: user, lastSeq: 0, clock: .zero)
        state.replicas[replica] = known
        return ReplicaRecord(user: known.user, lastSeq: known.lastSeq, clock: known.clock)
    }

    package func saveReplica(_ replica: ReplicaID, lastSeq: Int64, clock: HybridTimestamp) throws(OperationFailure) {
        try count()
        state.replicas[replica]?.lastSeq = lastSeq
        state.replicas[replica]?.clock = clock
    }

    package func verdicts(
        of replica: ReplicaID, from first: Int64, through last: Int64
    ) throws(OperationFailure) -> [Verdict] {
        try count()
        let stored = state.verdicts[replica] ?? [:]
        return stored.keys.filter { $0 >= first && $0 <= last }.sorted().compactMap { stored[$0] }
    }

    package func store(_ verdicts: [StoredVerdict], of replica: ReplicaID) throws(OperationFailure) {
        try count()
        for stored in verdicts {
            state.verdicts[replica, default: [:]][stored.verdict.seq] = stored.verdict
            state.newVerdicts.append(ModelVerdict(replica: replica, verdict: stored.verdict))
        }
    }

    package func forgetVerdicts(of replica: ReplicaID, through seq: Int64) throws(OperationFailure) {
        try count()
        state.verdicts[replica] = state.verdicts[replica]?.filter { $0.key > seq }
    }

    package func confirm(_ replica: ReplicaID, through seq: Int64, epoch: Epoch) throws(OperationFailure) {
        try count()
        let content: JSON = [
            "epoch": .string(epoch.description), "replica": .string(replica.description), "seq": .int(seq),
        ]
        state.events.append(
            .message(
                LogicalMessage(
                    isTransactional: true, prefix: "satchel.operation", content: Text(content.text), position: end)))
    }

    /// For canaries: the database forgets how far a replica has come.
    func forget(_ replica: ReplicaID, after seq: Int64) {
        state.replicas[replica]?.lastSeq = seq
        state.verdicts[replica] = state.verdicts[replica]?.filter { $0.key <= seq }
    }
}

// MARK: - Rows

extension ModelDatabase {
    package func lockRow(_ operation: Operation, in table: TableSchema) throws(OperationFailure) -> LockedRow {
        try count()
        var values: [Value] = []
        for index in table.keyIndexes {
            let column = table.columns[index]
            values.append(try Self.canonical(operation.key[column.name].map { .text($0) } ?? .null, column))
        }
        let key = RowKey(values: values)
        let version = nextVersion()
        let clock = state.clocks[table.name]?[key]
        if let row = state.rows[table.name]?[key] {
            var insertedBy: OperationID?
            if operation.action == .insert, let stamp = clock?.clocks.stamp, stamp.replica != .plainSQL {
                insertedBy = state.verdicts[stamp.replica]?[stamp.seq]?.id
            }
            return LockedRow(
                key: key, state: .present(row, clock?.clocks ?? .zero, insertedBy: insertedBy), nextVersion: version)
        }
        guard let clock, let deletion = clock.deletion else {
            return LockedRow(key: key, state: .missing, nextVersion: version)
        }
        return LockedRow(
            key: key, state: .deleted(Self.tombstone(clock.clocks, deletion)), nextVersion: version)
    }

    private static func tombstone(_ clocks: RowClocks, _ deletion: ModelState.Deletion) -> Tombstone {
        Tombstone(
            row: deletion.row, clocks: clocks, transaction: deletion.transaction, replica: deletion.replica,
            seq: deletion.seq)
    }

    package func write(_ write: RowWrite) throws(OperationFailure) -> Bool {
        try count()
        let table = write.table
        let key = write.row.key
        switch write.plan.effect {
        case .nothing, .refuse: return true
        case .insert(let writes):
            guard try insert(writes, table) else { return false }
            stamp(write, names: nil)
        case .update(let writes):
            guard state.rows[table.name]?[key] != nil else { return false }
            try update(key, writes, table)
            stamp(write, names: writes.map(\.column))
        case .delete:
            guard state.rows[table.name]?[key] != nil else { return false }
            try delete(key, table)
            stampDelete(write)
        case .resurrect(let row, let written, let tombstone):
            guard try insert(row, table) else { return false }
            resurrections += 1
            stamp(write, names: written, kept: tombstone.clocks)
        }
        state.effects.append(
            ModelEffect(replica: write.replica, operation: write.operation.id, table: table.name, key: key))
        return true
    }

    package func tombstones(
        of table: TableSchema, where columns: [String], equal values: [Text], deletedBy transaction: String
    ) throws(OperationFailure) -> [DeletedRow] {
        try count()
        let places = columns.compactMap(table.index(of:))
        let clocks = state.clocks[table.name] ?? [:]
        return clocks.keys.sorted().compactMap { key in
            guard let clock = clocks[key], let deletion = clock.deletion, deletion.transaction == transaction,
                deletion.replica == .plainSQL,
                zip(places, values).allSatisfy({ deletion.row[$0] == .text($1) })
            else { return nil }
            return DeletedRow(table: table, key: key, tombstone: Self.tombstone(clock.clocks, deletion))
        }
    }

    package func restore(_ row: DeletedRow) throws(OperationFailure) -> Bool {
        try count()
        let writes = zip(row.table.columns, row.tombstone.row.values).filter { $0.1 != .absent }
            .map { ColumnWrite($0.name, $1) }
        if uniqueConflict(row.tombstone.row, key: row.key, row.table) { return false }
        guard try insert(writes, row.table) else { return false }
        restorations += 1
        stamp(row.table, row.key, names: [], .zero, kept: row.tombstone.clocks)
        return true
    }
}
