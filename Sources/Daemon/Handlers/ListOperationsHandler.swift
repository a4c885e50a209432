import DaemonProtocol
import JSONRPC
import Replica

enum ListOperationsHandler: RequestHandler {
    typealias Method = ListOperations

    static func answer(
        _ params: ListOperations.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ListOperations.Result? {
        let start = try position(params.cursor)
        let records = try answering { () throws(ReplicaError) in
            // One more than asked for tells whether there is a next page.
            try core.replica.operations(
                params.states?.map { QueuedState($0) }, after: start, limit: params.limit + 1)
        }
        let counts = try answering { () throws(ReplicaError) in try core.replica.counts }
        let page = records.prefix(params.limit)
        return ListOperations.Result(
            operations: page.map(\.summary),
            counts: DaemonProtocol.OperationState.allCases.map { state in
                ListOperations.Count(state, Int64(counts.byState[QueuedState(state), default: 0]))
            },
            next: records.count > page.count ? page.last.map { String($0.position) } : nil)
    }

    private static func position(_ cursor: String?) throws(ResponseError) -> Int64 {
        guard let cursor else { return 0 }
        guard let position = Int64(cursor), position >= 0 else {
            throw ResponseError(.invalidParams, "cursor: pass `next` of the page before, unchanged.")
        }
        return position
    }
}
