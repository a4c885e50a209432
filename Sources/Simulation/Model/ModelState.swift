import Merge
import SyncModel

/// All rows of a database, by table and key.
package typealias ModelRows = [TableName: [RowKey: Row]]

/// What one transaction of the model sees: a value, so that a savepoint is a copy of it.
struct ModelState: Sendable {
    /// One row of `satchel.clock`.
    struct Clock: Hashable, Sendable {
        var clocks: RowClocks
        var deletion: Deletion?
    }

    struct Deletion: Hashable, Sendable {
        let row: Row
        let transaction: String
        var replica: ReplicaID
        var seq: Int64
    }

    /// One row of `satchel.nulled`.
    struct Nulled: Hashable, Sendable {
        let transaction: String
        let version: Int64
        let values: [String: Value]
        let stamps: [String: ColumnClock]
    }

    struct Replica: Hashable, Sendable {
        var user: String
        var lastSeq: Int64
        var clock: HybridTimestamp
    }

    var rows: ModelRows = [:]
    var clocks: [TableName: [RowKey: Clock]] = [:]
    /// By table, key and name of the reference.
    var nulled: [TableName: [RowKey: [String: Nulled]]] = [:]
    var replicas: [ReplicaID: Replica] = [:]
    var verdicts: [ReplicaID: [Int64: Verdict]] = [:]
    /// What the transaction writes to the write-ahead log.
    var events: [SourceEvent] = []
    var effects: [ModelEffect] = []
    var newVerdicts: [ModelVerdict] = []
}

/// One write of one operation, as it was carried out: what exactly-once is counted by.
package struct ModelEffect: Hashable, Sendable {
    package let replica: ReplicaID
    package let operation: OperationID
    package let table: TableName
    package let key: RowKey
}

/// A verdict as it was stored. Unlike the table of verdicts, the list of these is never cleared.
package struct ModelVerdict: Hashable, Sendable {
    package let replica: ReplicaID
    package let verdict: Verdict
}

/// A committed transaction.
package struct ModelCommit: Sendable {
    package let transaction: SourceTransaction
    package let effects: [ModelEffect]
    package let verdicts: [ModelVerdict]
    /// The database after it.
    let after: ModelState
    let schema: DatabaseSchema
    /// The last that was given out then.
    let version: Int64

    package var rows: ModelRows { after.rows }

    /// Nothing of it is in the stream: DDL.
    var isSilent: Bool { transaction.events.isEmpty }
}
