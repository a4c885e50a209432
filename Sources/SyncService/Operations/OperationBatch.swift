import SyncModel

/// One `POST /v1/operations`, read and checked for form.
package struct OperationBatch: Hashable, Sendable {
    package let replica: ReplicaID
    /// The history that the device believes it writes to; nil while it knows none.
    package let epoch: Epoch?
    /// The greatest seq whose verdict is on the device's disk.
    package let acknowledged: Int64
    /// By seq, contiguous. Members of one group stand side by side.
    package let operations: [SequencedOperation]
    /// What the device gives up instead of sending it; there are no operations then.
    package let withdrawal: Withdrawal?

    package init(
        replica: ReplicaID, epoch: Epoch?, acknowledged: Int64, operations: [SequencedOperation],
        withdrawal: Withdrawal? = nil
    ) {
        self.replica = replica
        self.epoch = epoch
        self.acknowledged = acknowledged
        self.operations = operations
        self.withdrawal = withdrawal
    }

    /// What gets a verdict, by seq.
    var entries: [Withdrawal.Entry] {
        withdrawal?.operations ?? operations.map { Withdrawal.Entry(seq: $0.seq, id: $0.operation.id) }
    }
}

/// What became of a batch.
package enum BatchResult: Hashable, Sendable {
    case answered(BatchAnswer)
    /// Nothing of the batch was looked at, nothing changed.
    case refused(BatchRefusal)
}

package struct BatchAnswer: Hashable, Sendable {
    /// One for each operation sent or given up, in their order.
    package let verdicts: [Verdict]
    /// The greatest seq of the replica that has a verdict.
    package let lastSeq: Int64
    package let alarms: [ClockAlarm]

    package init(verdicts: [Verdict], lastSeq: Int64, alarms: [ClockAlarm]) {
        self.verdicts = verdicts
        self.lastSeq = lastSeq
        self.alarms = alarms
    }
}

/// A device's clock is so far ahead that somebody should look at it.
package struct ClockAlarm: Hashable, Sendable {
    package let replica: ReplicaID
    package let seq: Int64
    /// Microseconds.
    package let ahead: Int64

    package init(replica: ReplicaID, seq: Int64, ahead: Int64) {
        self.replica = replica
        self.seq = seq
        self.ahead = ahead
    }
}

package enum BatchRefusal: Hashable, Sendable {
    /// The batch does not go on where the replica stopped, or repeats a seq for something else (a copied or
    /// restored replica): `expected` is the next seq that can be taken.
    case sequenceGap(expected: Int64)
    /// The replica id belongs to another user.
    case replicaInUse
    /// The device speaks of another history; `lastSeq` is what this one holds of the replica.
    case epochChanged(Epoch, lastSeq: Int64)
    /// The batch itself is not of the form it must have; the sentence says how.
    case malformed(String)
}
