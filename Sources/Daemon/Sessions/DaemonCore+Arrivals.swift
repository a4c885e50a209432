import DaemonProtocol
import JSONRPCTransport
import Replica
import SyncModel

/// Rows of a first sync, told as they arrive to those who asked for it (`partial`). What they were told is void at the
/// first frontier: then they get all rows, whole. Until then a row comes as an insert, whatever was known of it, or as
/// a delete.
extension DaemonCore {
    /// What a batch brought for shapes that are not in view yet.
    func publishArrivals() {
        let parts = arrivals
        arrivals = []
        for part in parts where isAwaited(part.shape) {
            let changes = part.isReset ? [] : changes(of: part)
            for client in clientIDs { tell(changes, of: part.shape, isVoid: part.isReset, to: client) }
        }
    }

    /// Queued operations change how rows look that have come. Of one that was cancelled nobody knows any more which row
    /// it was on: then all are told anew.
    func publishArrivals(changedBy operations: [OperationChange]) {
        let shapes = Set(clients.values.flatMap { $0.subscriptions.filter(\.isIncomplete).map(\.shape) }).sorted()
        for shape in shapes {
            var changes: [DaemonProtocol.ViewChange] = []
            var isVoid = false
            for changed in operations {
                guard let operation = changed.record?.operation,
                    let key = replica.schema?[operation.table].flatMap({ operation.rowKey(in: $0) })
                else {
                    isVoid = true
                    continue
                }
                if let change = change(of: shape, operation.table, key) { changes.append(change) }
            }
            if changes.isEmpty, !isVoid { continue }
            for client in clientIDs { tell(changes, of: shape, isVoid: isVoid, to: client) }
        }
    }

    /// Shapes that have come into view, or ended: what their clients hold of them is void.
    func settleArrivals() {
        for client in clientIDs(where: \.isPartial) {
            for (index, subscription) in (clients[client]?.subscriptions ?? []).enumerated()
            where subscription.isPartial {
                let isUnderway = replica.heldShape(subscription.shape)?.status == .initial
                if subscription.isIncomplete, !isUnderway { clients[client]?.subscriptions[index].mode = .void }
                clients[client]?.subscriptions[index].isIncomplete = isUnderway
            }
        }
    }

    private func isAwaited(_ shape: String) -> Bool {
        replica.heldShape(shape)?.status == .initial
            && clients.values.contains { $0.subscriptions.contains { $0.isIncomplete && $0.shape == shape } }
    }

    private func changes(of part: ShapeBatch) -> [DaemonProtocol.ViewChange] {
        let forms = RowForms(schema: replica.schema)
        let hasOperations = pending > 0
        return part.messages.compactMap { message in
            guard message.kind == .insert, !hasOperations else {
                return change(of: part.shape, message.table, message.key)
            }
            let row = LocalRow(
                table: message.table, key: message.key, fields: message.fields, isPending: false)
            return forms.insert(row)
        }
    }

    /// How a row looks now. nil: it has not come.
    private func change(of shape: String, _ table: TableName, _ key: RowKey) -> DaemonProtocol.ViewChange? {
        let forms = RowForms(schema: replica.schema)
        switch try? replica.arrival(shape: shape, table: table, key: key) {
        case .row(let row): return forms.insert(row)
        case .deleted:
            return forms.change(
                LocalChange(kind: .delete, table: table, key: key, fields: [], isPending: true))
        case .missing, nil: return nil
        }
    }

    private func tell(
        _ changes: [DaemonProtocol.ViewChange], of shape: String, isVoid: Bool, to client: Int
    ) {
        guard var session = clients[client] else { return }
        defer { clients[client] = session }
        for (index, subscription) in session.subscriptions.enumerated()
        where subscription.shape == shape && subscription.isIncomplete {
            if isVoid { session.subscriptions[index].mode = .void }
            for start in stride(from: 0, to: changes.count, by: Self.pageSize) {
                if session.subscriptions[index].mode == .void { break }
                let part = ShapeChanged.Changes(
                    subscription: subscription.id, status: .initial, isComplete: false,
                    changes: Array(changes[start..<min(start + Self.pageSize, changes.count)]))
                let params = ShapeChanged.Params(sequence: replica.sequence, subscriptions: [part])
                let isTaken =
                    !session.connection.isOutboxFull && session.connection.notify(ShapeChanged.notification(params))
                if !isTaken { session.subscriptions[index].mode = .void }
            }
        }
    }
}
