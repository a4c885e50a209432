import Merge
import SeededRandom
import SyncModel
import SyncProtocol

/// The deliberate faults, injected between the production parts.
extension Simulation {
    /// A batch on its way to a device.
    func spoilt(_ batch: SyncBatch, for index: Int) -> SyncBatch {
        switch options.canary {
        case .lostMessage: return withoutAMessage(batch)
        case .tornTransaction: return torn(batch, index)
        case .earlyEcho:
            let known = database.lastSeq(of: devices[index].newReplicaID)
            let frontier = batch.frontier
            return SyncBatch(
                shapes: batch.shapes,
                frontier: Frontier(
                    epoch: frontier.epoch, position: frontier.position, confirmedSeq: known,
                    isComplete: frontier.isComplete, serviceClock: frontier.serviceClock))
        case .doubleApply, .lostCommit, .skippedChange, .reorder, .stuck, .leak, .forgottenRule, nil: return batch
        }
    }

    private func withoutAMessage(_ batch: SyncBatch) -> SyncBatch {
        var batch = batch
        for index in batch.shapes.indices where !batch.shapes[index].isReset {
            let place = batch.shapes[index].messages.firstIndex { $0.kind != .insert && $0.origin != nil }
            if let place, random.chance(20) { batch.shapes[index].messages.remove(at: place) }
        }
        return batch
    }

    /// The messages of one shape come with the next batch.
    private func torn(_ batch: SyncBatch, _ index: Int) -> SyncBatch {
        var batch = batch
        if let late = withheld.removeValue(forKey: index) {
            if let place = batch.shapes.firstIndex(where: { $0.shape == late.shape }) {
                batch.shapes[place].messages = late.messages + batch.shapes[place].messages
            }
        } else if let place = batch.shapes.lastIndex(where: { !$0.messages.isEmpty && !$0.isReset && !$0.hasMore }) {
            withheld[index] = batch.shapes[place]
            batch.shapes[place].messages = []
        }
        return batch
    }

    /// A transaction on its way to the mirror.
    func spoilt(_ transaction: SourceTransaction) -> SourceTransaction {
        guard options.canary == .skippedChange, random.chance(10) else { return transaction }
        var events = transaction.events
        if let place = events.firstIndex(where: { if case .change = $0 { true } else { false } }) {
            events.remove(at: place)
        }
        return SourceTransaction(
            xid: transaction.xid, position: transaction.position, end: transaction.end,
            committedAt: transaction.committedAt, events: events)
    }

    /// A batch of operations at the service.
    func spoilt(
        _ request: OperationsRequest, _ canary: Canary, user: String
    ) -> Result<OperationsAnswer, ServiceError> {
        var request = request
        var swapped: (Int, Int)?
        switch canary {
        case .doubleApply:
            if let first = request.operations.first { database.forget(request.replica, after: first.seq - 1) }
        case .lostCommit: database.dropsNextCommit = random.chance(20)
        case .leak:
            request = OperationsRequest(
                replica: request.replica, epoch: request.epoch, acknowledged: 0, operations: request.operations,
                withdrawal: request.withdrawal)
        case .reorder: (request, swapped) = Self.reordered(request)
        case .lostMessage, .skippedChange, .tornTransaction, .earlyEcho, .stuck, .forgottenRule: break
        }
        let result = service.operations(request.body, user: user, database: database, arrival: serviceClock)
        database.dropsNextCommit = false
        guard let swapped else { return result }
        return result.map { answer in
            var verdicts = answer.verdicts
            let (first, second) = (verdicts[swapped.0], verdicts[swapped.1])
            verdicts[swapped.0] = Self.renamed(first, second.id)
            verdicts[swapped.1] = Self.renamed(second, first.id)
            return OperationsAnswer(
                epoch: answer.epoch, replica: answer.replica, lastSeq: answer.lastSeq, at: answer.at,
                verdicts: verdicts)
        }
    }

    private static func renamed(_ verdict: Verdict, _ id: OperationID) -> Verdict {
        Verdict(
            seq: verdict.seq, id: id, outcome: verdict.outcome, at: verdict.at, lost: verdict.lost,
            reason: verdict.reason, isDuplicate: verdict.isDuplicate)
    }

    /// Two updates of one row change places.
    private static func reordered(_ request: OperationsRequest) -> (OperationsRequest, (Int, Int)?) {
        var operations = request.operations
        for first in operations.indices {
            for second in operations.indices.dropFirst(first + 1) {
                let (a, b) = (operations[first].operation, operations[second].operation)
                guard a.action == .update, b.action == .update, a.table == b.table, a.key == b.key, a.group == nil,
                    b.group == nil
                else { continue }
                operations[first] = SequencedOperation(seq: operations[first].seq, operation: b)
                operations[second] = SequencedOperation(seq: operations[second].seq, operation: a)
                let swapped = OperationsRequest(
                    replica: request.replica, epoch: request.epoch, acknowledged: request.acknowledged,
                    operations: operations)
                return (swapped, (first, second))
            }
        }
        return (request, nil)
    }
}
