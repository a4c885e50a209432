import DaemonProtocol
import Replica
import SyncModel

extension QueuedState {
    var wire: DaemonProtocol.OperationState {
        switch self {
        case .queued: .queued
        case .held: .held
        case .sending: .sending
        case .acknowledged: .acknowledged
        case .confirmed: .confirmed
        case .parked: .parked
        }
    }

    init(_ wire: DaemonProtocol.OperationState) {
        self =
            switch wire {
            case .queued: .queued
            case .held: .held
            case .sending: .sending
            case .acknowledged: .acknowledged
            case .confirmed: .confirmed
            case .parked: .parked
            }
    }
}

extension OperationRecord {
    var summary: OperationSummary {
        let key = operation.key.sorted { Text($0.key) < Text($1.key) }
        return OperationSummary(
            id: operation.id, seq: seq, state: state.wire, verdict: verdict, table: operation.table,
            action: operation.action, key: KeyValues(key.map { KeyValues.Field($0.key, $0.value) }),
            columns: operation.set.keys.sorted { Text($0) < Text($1) }, group: operation.group,
            submittedAt: submittedAt, attempts: Int64(attempts), reason: reason,
            lostColumns: lost.isEmpty ? nil : lost.compactMap(\.column))
    }

    var detail: OperationDetail {
        let set = operation.set.sorted { Text($0.key) < Text($1.key) }
        return OperationDetail(
            summary: summary, set: ColumnValues(set.map { ShapeMessage.Field($0.key, $0.value) }),
            base: operation.base, at: operation.at, lost: lost)
    }
}

extension Submission {
    init(_ operation: SubmittedOperation) {
        self.init(
            id: operation.id, table: operation.table, action: operation.action, key: operation.key.dictionary,
            set: operation.set.dictionary)
    }
}
