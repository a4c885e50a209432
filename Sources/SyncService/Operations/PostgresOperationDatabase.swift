import JSONText
import Merge
import Postgres
import SyncModel
import SyncProtocol

/// The operation processor's database, over one connection that nobody else uses meanwhile.
///
/// The bookkeeping MUST be installed for all tables of `schema`. Made anew when the catalogue has changed.
package final class PostgresOperationDatabase: OperationDatabase {
    package let schema: DatabaseSchema
    let connection: PostgresConnection
    let catalogue: OperationCatalogue
    private var depth = 0
    var pending = PendingStamps()

    /// How long a batch waits for a lock before it is given up and tried again.
    private static let lockTimeout = "5s"

    package init(connection: PostgresConnection, schema: DatabaseSchema) throws {
        self.connection = connection
        self.schema = schema
        catalogue = try OperationCatalogue(reading: schema, over: connection)
    }

    @discardableResult
    func query(_ sql: String, _ values: [String?] = []) throws(OperationFailure) -> PostgresResult {
        do throws(PostgresError) {
            return try connection.query(sql, values)
        } catch {
            throw OperationFailure(error)
        }
    }

    private func execute(_ script: String) throws(OperationFailure) {
        do throws(PostgresError) {
            try connection.execute(script)
        } catch {
            throw OperationFailure(error)
        }
    }
}

// MARK: - Transactions

extension PostgresOperationDatabase {
    package func begin() throws(OperationFailure) {
        depth = 0
        pending = PendingStamps()
        // READ COMMITTED: after waiting for a row, its newest version is what is merged with.
        try execute("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '\(Self.lockTimeout)'")
    }

    package func commit() throws(OperationFailure) {
        try writeStamps()
        let result = try query("COMMIT")
        // A transaction that failed inside answers COMMIT with ROLLBACK, without an error.
        guard result.commandTag == "COMMIT" else { throw .unavailable("the transaction had failed before its commit") }
    }

    package func rollback() {
        // A connection that cannot even roll back has lost its transaction, and says so when it is used next.
        _ = try? connection.execute("ROLLBACK")
    }

    package func savepoint() throws(OperationFailure) {
        // Those of inside are undone with it, those of outside are not.
        try writeStamps()
        depth += 1
        let isOutermost = depth == 1 && catalogue.hasDeferrableConstraints
        try execute("SAVEPOINT satchel_\(depth)" + (isOutermost ? "; SET CONSTRAINTS ALL DEFERRED" : ""))
    }

    package func releaseSavepoint() throws(OperationFailure) {
        try writeStamps()
        try execute("RELEASE SAVEPOINT satchel_\(depth)")
        depth -= 1
    }

    package func rollbackToSavepoint() throws(OperationFailure) {
        pending = PendingStamps()
        try execute("ROLLBACK TO SAVEPOINT satchel_\(depth); RELEASE SAVEPOINT satchel_\(depth)")
        depth -= 1
    }

    package func checkConstraints() throws(OperationFailure) {
        guard catalogue.hasDeferrableConstraints else { return }
        try execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    }
}

// MARK: - Replicas and verdicts

extension PostgresOperationDatabase {
    package func lockReplica(_ replica: ReplicaID, user: String) throws(OperationFailure) -> ReplicaRecord {
        let result = try query(
            """
            INSERT INTO satchel.replica AS r (id, user_name) VALUES ($1, $2)
            ON CONFLICT (id) DO UPDATE SET seen_at = now() RETURNING user_name, last_seq, clock
            """, [replica.description, user])
        let row = Fields(result, row: 0)
        return ReplicaRecord(user: row.text(0), lastSeq: row.int(1), clock: row.clock(2))
    }

    package func saveReplica(
        _ replica: ReplicaID, lastSeq: Int64, clock: HybridTimestamp
    ) throws(OperationFailure) {
        try query(
            "UPDATE satchel.replica SET last_seq = $2, clock = $3 WHERE id = $1",
            [replica.description, String(lastSeq), String(clock.microseconds)])
    }

    package func verdicts(
        of replica: ReplicaID, from first: Int64, through last: Int64
    ) throws(OperationFailure) -> [Verdict] {
        let result = try query(
            "SELECT verdict FROM satchel.verdict WHERE replica = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq",
            [replica.description, String(first), String(last)])
        var verdicts: [Verdict] = []
        for row in 0..<result.rowCount {
            do throws(ServiceError) {
                verdicts.append(try Verdict(json: Array((result[row, 0] ?? "").utf8)))
            } catch {
                throw .unavailable("satchel.verdict of \(replica): a verdict cannot be read: \(error.message)")
            }
        }
        return verdicts
    }

    package func store(_ verdicts: [StoredVerdict], of replica: ReplicaID) throws(OperationFailure) {
        var json = JSONWriter()
        json.beginArray()
        for stored in verdicts {
            json.beginArray()
            json.int(stored.originalAt.microseconds)
            json.raw(stored.verdict.json)
            json.endArray()
        }
        json.endArray()
        try query(
            """
            INSERT INTO satchel.verdict (replica, seq, operation_id, verdict, original_at)
            SELECT $1, (v -> 1 ->> 'seq')::bigint, v -> 1 ->> 'id', v -> 1, (v ->> 0)::bigint
            FROM jsonb_array_elements($2::jsonb) AS v
            """, [replica.description, String(decoding: json.bytes, as: UTF8.self)])
    }

    package func forgetVerdicts(of replica: ReplicaID, through seq: Int64) throws(OperationFailure) {
        try query(
            "DELETE FROM satchel.verdict WHERE replica = $1 AND seq <= $2", [replica.description, String(seq)])
    }

    package func confirm(_ replica: ReplicaID, through seq: Int64, epoch: Epoch) throws(OperationFailure) {
        let message: JSON = [
            "epoch": .string(epoch.description), "replica": .string(replica.description), "seq": .int(seq),
        ]
        try query("SELECT pg_logical_emit_message(true, 'satchel.operation', $1)", [message.text])
    }
}
