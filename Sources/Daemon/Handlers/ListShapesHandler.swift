import DaemonProtocol
import JSONRPC
import Replica
import Shapes
import SyncModel

enum ListShapesHandler: RequestHandler {
    typealias Method = ListShapes

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ListShapes.Result? {
        let bytes = try answering { () throws(ReplicaError) in try core.replica.byteCounts() }
        return ListShapes.Result(
            shapes: core.replica.heldShapes.map { core.summary(of: $0, bytes: bytes[$0.id] ?? 0) })
    }
}

extension DaemonCore {
    fileprivate func summary(of held: HeldShape, bytes: Int) -> ShapeSummary {
        let isShown = held.status == .live || held.status == .stale
        let lag = isShown ? frontierReachedAt.map { max(0, (now.microseconds - $0) / 1_000) } : nil
        return ShapeSummary(
            shape: held.id, definition: held.definition.json, status: held.status.wire, reason: held.status.reason,
            rows: Int64(held.rowCount), bytes: Int64(bytes),
            subscribers: Int64(clients.values.count { $0.subscriptions.contains { $0.shape == held.id } }),
            offset: held.handle == nil ? nil : held.offset.description,
            frontier: isShown ? frontier.map { String($0.position) } : nil, lag: lag, heldAt: held.heldAt,
            firstSync: held.firstSync, failures: RowForms(schema: replica.schema).failures(held.failures))
    }
}
