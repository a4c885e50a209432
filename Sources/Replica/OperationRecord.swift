import SyncModel

/// Where an operation stands on its way. The verdict is apart from it.
package enum OperationState: String, Hashable, Sendable, CaseIterable {
    case queued
    /// Kept back by a person.
    case held
    /// Has a seq; whether the service took it is unknown.
    case sending
    /// The service has committed it; its effect has not come back yet.
    case acknowledged
    /// Its effect has come back in the stream.
    case confirmed
    /// Waits for a person: refused, or dependent on one that was.
    case parked
}

/// What a client asks for. Id, clock and base are given by the replica.
package struct Submission: Hashable, Sendable {
    package let id: OperationID?
    package let table: TableName
    package let action: Operation.Action
    package let key: [String: Text]
    package let set: [String: Value]

    package init(
        id: OperationID? = nil, table: TableName, action: Operation.Action, key: [String: Text],
        set: [String: Value] = [:]
    ) {
        self.id = id
        self.table = table
        self.action = action
        self.key = key
        self.set = set
    }
}

/// An operation, and everything that is known of its fate.
package struct OperationRecord: Hashable, Sendable {
    /// The place in the queue.
    package let position: Int64
    package let operation: Operation
    package var seq: Int64?
    package var state: OperationState
    /// Its effect is laid on the confirmed rows.
    package var isApplied: Bool
    package var verdict: Verdict.Outcome?
    package var lost: [LostWrite]
    /// Why it is parked.
    package var reason: Reason?
    /// How often it was sent.
    package var attempts: Int
    /// Microseconds since 1970, by the device's own clock.
    package let submittedAt: Int64
}

/// How many operations there are in each state that a status text needs.
package struct OperationCounts: Hashable, Sendable {
    /// On their way: queued, held, sending or acknowledged.
    package var pending: Int
    /// Parked for another reason than a conflict.
    package var parked: Int
    /// Parked by a conflict.
    package var conflicts: Int
    /// Of which something lost a merge; applied otherwise.
    package var merged: Int
    package var byState: [OperationState: Int]
}
