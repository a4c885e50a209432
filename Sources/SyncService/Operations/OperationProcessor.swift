import Merge
import SyncModel

/// Merges batches of operations into the database, each operation exactly once.
///
/// One transaction for a batch: effects, verdicts, the replica's sequence and the confirming message are
/// committed together or not at all. A group has a savepoint; a single operation only where the database
/// refused one of the batch.
package struct OperationProcessor<Database: OperationDatabase> {
    private let database: Database
    private let epoch: Epoch

    /// How often a batch is tried when other transactions are in its way.
    package static var maxAttempts: Int { 5 }

    package init(database: Database, epoch: Epoch) {
        self.database = database
        self.epoch = epoch
    }

    /// Throws `.retry` or `.unavailable`; the same batch may be sent again after either.
    package func process(
        _ batch: OperationBatch, user: String, arrival: HybridTimestamp
    ) throws(OperationFailure) -> BatchResult {
        if let message = batch.malformation { return .refused(.malformed(message)) }
        var attempt = 1
        // A savepoint for each operation costs a third of the work, and hardly any operation is refused by the
        // database: the first time there is none, and what is refused starts the batch over with them.
        var isCareful = false
        while true {
            do throws(OperationFailure) {
                return try inTransaction { () throws(OperationFailure) in
                    try merge(batch, user: user, arrival: arrival, isCareful: isCareful)
                }
            } catch {
                switch error {
                case .retry where attempt < Self.maxAttempts: attempt += 1
                case .refused where !isCareful: isCareful = true
                // Outside of an operation's savepoint: it concerns the service's own tables.
                case .refused(_, let reason): throw .unavailable(reason.message)
                case .retry, .unavailable: throw error
                }
            }
        }
    }

    private func inTransaction(
        _ body: () throws(OperationFailure) -> BatchResult
    ) throws(OperationFailure) -> BatchResult {
        try database.begin()
        do throws(OperationFailure) {
            let result = try body()
            switch result {
            case .answered: try database.commit()
            case .refused: database.rollback()
            }
            return result
        } catch {
            database.rollback()
            throw error
        }
    }

    private func merge(
        _ batch: OperationBatch, user: String, arrival: HybridTimestamp, isCareful: Bool
    ) throws(OperationFailure) -> BatchResult {
        let record = try database.lockReplica(batch.replica, user: user)
        guard record.user == user else { return .refused(.replicaInUse) }
        if let theirs = batch.epoch, theirs != epoch {
            return .refused(.epochChanged(epoch, lastSeq: record.lastSeq))
        }
        let expected = record.lastSeq + 1
        guard let repeated = try repeatedVerdicts(batch, lastSeq: record.lastSeq) else {
            return .refused(.sequenceGap(expected: expected))
        }
        let fresh = batch.entries.dropFirst(repeated.count)
        if let first = fresh.first, first.seq != expected { return .refused(.sequenceGap(expected: expected)) }

        if batch.acknowledged > 0 { try database.forgetVerdicts(of: batch.replica, through: batch.acknowledged) }
        var unit = OperationMerge(
            database: database, replica: batch.replica, arrival: arrival, clock: record.clock, isCareful: isCareful)
        let groups = Array(batch.operations.dropFirst(repeated.count)).grouped
        for group in isCareful ? groups : OperationRun.cut(groups, database.schema) { try unit.merge(group) }
        let verdicts =
            batch.withdrawal.map { Self.rejections(of: fresh, for: $0.reason, at: arrival) } ?? unit.verdicts
        let lastSeq = fresh.last?.seq ?? record.lastSeq
        try database.saveReplica(batch.replica, lastSeq: lastSeq, clock: unit.clock)
        if !fresh.isEmpty {
            try database.store(verdicts, of: batch.replica)
            try database.confirm(batch.replica, through: lastSeq, epoch: epoch)
        }
        return .answered(
            BatchAnswer(verdicts: repeated + verdicts.map(\.verdict), lastSeq: lastSeq, alarms: unit.alarms))
    }

    /// What the device gives up and has no verdict gets one: its seq is used up, so that a request which is still on
    /// its way finds the place taken.
    private static func rejections(
        of entries: some Sequence<Withdrawal.Entry>, for reason: Reason, at arrival: HybridTimestamp
    ) -> [StoredVerdict] {
        entries.map { entry in
            let verdict = Verdict(seq: entry.seq, id: entry.id, outcome: .rejected, at: arrival, reason: reason)
            return StoredVerdict(verdict: verdict, originalAt: arrival)
        }
    }

    /// The first verdicts of those operations of the batch that have one; nil when one of them is no longer
    /// known, or was given for another operation: seqs are being used a second time.
    private func repeatedVerdicts(_ batch: OperationBatch, lastSeq: Int64) throws(OperationFailure) -> [Verdict]? {
        let sent = batch.entries.prefix { $0.seq <= lastSeq }
        guard let first = sent.first, let last = sent.last else { return [] }
        let stored = try database.verdicts(of: batch.replica, from: first.seq, through: last.seq)
        guard stored.count == sent.count, zip(stored, sent).allSatisfy({ $0.id == $1.id }) else { return nil }
        return stored.map { verdict in
            Verdict(
                seq: verdict.seq, id: verdict.id, outcome: verdict.outcome, at: verdict.at, lost: verdict.lost,
                reason: verdict.reason, isDuplicate: true)
        }
    }
}

extension OperationBatch {
    /// Most operations that are taken at once.
    package static let maxOperations = 10_000

    fileprivate var malformation: String? {
        if !Self.isIdentifier(replica.description) {
            return "replica: an id of 1 to 128 bytes without control characters is needed"
        }
        let entries = entries
        if entries.count > Self.maxOperations {
            return "operations: \(entries.count) of them; send at most \(Self.maxOperations) at once"
        }
        if withdrawal != nil, !operations.isEmpty { return "withdraw: it goes without operations" }
        if acknowledged < 0 { return "acknowledged: it cannot be negative" }
        for (index, entry) in entries.enumerated() {
            if entry.seq < 1 { return "seq: \(entry.seq); the first one is 1" }
            if index > 0, entry.seq - 1 != entries[index - 1].seq {
                return "seq: \(entry.seq) follows \(entries[index - 1].seq); they must be contiguous"
            }
            if !Self.isIdentifier(entry.id.description) {
                return "id: one of 1 to 128 bytes without control characters is needed (seq \(entry.seq))"
            }
        }
        if operations.contains(where: { $0.operation.base < 0 }) { return "base: it cannot be negative" }
        if let seq = entries.first?.seq, acknowledged >= seq {
            return "acknowledged: \(acknowledged), but seq \(seq) is sent again"
        }
        return nil
    }

    private static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && !text.utf8.contains { $0 < 0x20 || $0 == 0x7f }
    }
}

extension [SequencedOperation] {
    /// Neighbours of one group together, everything else alone.
    fileprivate var grouped: [[SequencedOperation]] {
        var groups: [[SequencedOperation]] = []
        for sequenced in self {
            if let group = sequenced.operation.group, groups.last?.last?.operation.group == group {
                groups[groups.count - 1].append(sequenced)
            } else {
                groups.append([sequenced])
            }
        }
        return groups
    }
}
