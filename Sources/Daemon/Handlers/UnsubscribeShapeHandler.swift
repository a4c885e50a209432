import DaemonProtocol
import JSONRPC
import Replica
import SyncModel

enum UnsubscribeShapeHandler: RequestHandler {
    typealias Method = UnsubscribeShape

    static func answer(
        _ params: UnsubscribeShape.Params, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> Nothing? {
        let subscription = try core.subscription(params.subscription, of: caller)
        core.clients[caller.client]?.subscriptions.removeAll { Text($0.id) == Text(subscription.id) }
        if params.forget, !core.isSubscribed(subscription.shape) {
            let effects = try answering { () throws(ReplicaError) in
                try core.replica.forget(shape: subscription.shape)
            }
            core.effects.append(effects)
            core.reconcileShapes()
        } else {
            core.replica.noteUse(ofShape: subscription.shape)
            core.dropIfEnded(subscription.shape)
        }
        return Nothing()
    }
}
