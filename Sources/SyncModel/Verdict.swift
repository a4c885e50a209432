/// What the service decided about one operation. Terminal: a seq gets exactly one, kept until the replica
/// acknowledges it, and repeated to whoever sends the seq again.
package struct Verdict: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable {
        case applied
        /// Applied, but some fields lost to another write, named in `lost`.
        case merged
        /// Nothing was written: a concurrent change that no rule may settle silently.
        case conflict
        /// Nothing was written, for the reason given.
        case rejected
    }

    package let seq: Int64
    package let id: OperationID
    package let outcome: Outcome
    /// The clock that the operation was ranked with: its own, or a smaller one where it was too far ahead.
    package let at: HybridTimestamp
    package let lost: [LostWrite]
    package let reason: Reason?
    /// This verdict was given to an earlier send of the same seq. Not part of what is stored.
    package let isDuplicate: Bool

    package init(
        seq: Int64, id: OperationID, outcome: Outcome, at: HybridTimestamp, lost: [LostWrite] = [],
        reason: Reason? = nil, isDuplicate: Bool = false
    ) {
        self.seq = seq
        self.id = id
        self.outcome = outcome
        self.at = at
        self.lost = lost
        self.reason = reason
        self.isDuplicate = isDuplicate
    }
}

/// A field whose write lost a merge: kept, so that a person can see and redo it.
package struct LostWrite: Hashable, Sendable {
    /// nil: the whole operation lost (a delete against a concurrent update).
    package let column: String?
    package let mine: Value
    package let theirs: Value
    /// The replica that wrote the winner; `.plainSQL` for SQL outside Satchel.
    package let writer: ReplicaID
    package let writtenAt: HybridTimestamp

    package init(column: String?, mine: Value, theirs: Value, writer: ReplicaID, writtenAt: HybridTimestamp) {
        self.column = column
        self.mine = mine
        self.theirs = theirs
        self.writer = writer
        self.writtenAt = writtenAt
    }
}

/// Why something was refused: a stable code for programs, a sentence for people that says what to do.
package struct Reason: Hashable, Sendable {
    package let code: String
    package let message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}
