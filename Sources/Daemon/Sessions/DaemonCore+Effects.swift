import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import JSONText
import Replica
import SyncModel

/// Tells clients what changed: one `shape/changed` for each source transaction or local operation, over all
/// subscriptions of a connection, and then one `operation/changed` for all operations that events together changed.
///
/// A client that reads too slowly is never waited for. What it could not take is void, and when it has taken what
/// is queued it gets the rows anew, as they are then (`refill`).
extension DaemonCore {
    func publishEffects() {
        settleArrivals()
        var operations = OperationChanges()
        while !effects.isEmpty {
            let next = effects
            effects = []
            for effects in next {
                publish(effects)
                for change in effects.operations { operations.note(change) }
            }
        }
        if !operations.all.isEmpty, !clients.isEmpty {
            let pages = pages(of: operations.all)
            for client in clientIDs where clients[client]?.isInitialized == true { tell(pages, to: client) }
        }
        publishArrivals()
        // After all changes: pages show the rows with every change up to now.
        for client in clientIDs(where: \.isRefilled) { refill(client) }
    }

    private func publish(_ effects: Effects) {
        if effects.isEmpty || clients.isEmpty { return }
        isStatusDue = true
        let forms = RowForms(schema: replica.schema)
        let changes = effects.shapes.map { ($0, $0.changes.map(forms.change)) }
        publishArrivals(changedBy: effects.operations)
        if changes.isEmpty && effects.statuses.isEmpty { return }
        for client in clientIDs {
            publish(changes, effects, to: client)
            for shape in effects.statuses { publishStatus(of: shape, sequence: effects.sequence, to: client) }
        }
    }

    private func publish(
        _ shapes: [(effect: ShapeEffect, changes: [DaemonProtocol.ViewChange])], _ effects: Effects, to client: Int
    ) {
        guard var session = clients[client] else { return }
        defer { clients[client] = session }
        var lists: [ShapeChanged.Changes] = []
        var indexes: [Int] = []
        for (index, subscription) in session.subscriptions.enumerated() where subscription.since < effects.sequence {
            guard let shape = shapes.first(where: { $0.effect.shape == subscription.shape }) else { continue }
            if shape.effect.isReset { session.subscriptions[index].mode = .void }
            if session.subscriptions[index].mode == .void { continue }
            lists.append(
                ShapeChanged.Changes(
                    subscription: subscription.id, status: status(of: subscription.shape),
                    isComplete: shape.effect.isComplete, changes: shape.changes))
            indexes.append(index)
        }
        if lists.isEmpty { return }
        let params = ShapeChanged.Params(
            sequence: effects.sequence, position: effects.position.map { String($0) }, subscriptions: lists)
        if session.connection.notify(ShapeChanged.notification(params)) { return }
        for index in indexes { session.subscriptions[index].mode = .void }
    }

    func status(of shape: String) -> DaemonProtocol.ShapeStatus {
        replica.heldShape(shape)?.status.wire ?? .ended
    }

    private func publishStatus(of shape: String, sequence: Int64, to client: Int) {
        for subscription in clients[client]?.subscriptions ?? []
        where subscription.shape == shape && subscription.since < sequence {
            tellStatus(ofSubscription: subscription.id, to: client)
        }
    }

    func tellStatus(ofSubscription id: String, to client: Int) {
        guard let session = clients[client], let shape = session.subscription(id)?.shape else { return }
        let held = replica.heldShape(shape)
        let params = ShapeStatusChanged.Params(
            subscription: id, status: held?.status.wire ?? .ended, reason: held?.status.reason,
            failures: held.flatMap { RowForms(schema: replica.schema).failures($0.failures) })
        if session.connection.notify(ShapeStatusChanged.notification(params)) { return }
        if !session.missed.shapeStatuses.contains(id) { clients[client]?.missed.shapeStatuses.append(id) }
    }

    /// One notification of operations, serialised for all who are told of them.
    struct OperationPage {
        let ids: [OperationID]
        let message: [UInt8]
    }

    private func pages(of changes: [OperationChange]) -> [OperationPage] {
        stride(from: 0, to: changes.count, by: Self.pageSize).map { start in
            let part = changes[start..<min(start + Self.pageSize, changes.count)]
            let params = OperationsChanged.Params(
                operations: part.compactMap { $0.record?.summary },
                cancelled: part.filter { $0.record == nil }.map(\.id))
            return OperationPage(
                ids: part.map(\.id), message: OperationsChanged.notification(params).serialized())
        }
    }

    private func tell(_ pages: [OperationPage], to client: Int) {
        guard let connection = clients[client]?.connection else { return }
        for page in pages where !connection.notify(serialized: page.message) { clients[client]?.miss(page.ids) }
    }

    /// Tells operations as they are now.
    func tellOperations(_ ids: [OperationID], to client: Int) {
        let changes = ids.compactMap { id in
            do throws(ReplicaError) {
                return OperationChange(id: id, record: try replica.operation(id))
            } catch {
                noteStorage(error)
                return nil
            }
        }
        tell(pages(of: changes), to: client)
    }
}

// MARK: - Refilling

extension DaemonCore {
    /// Rows or operations of one notification.
    static let pageSize = 1000

    /// Sends the rows of void subscriptions page by page, the first one as a reset, as long as the client takes them.
    private func refill(_ client: Int) {
        guard let count = clients[client]?.subscriptions.count else { return }
        for index in 0..<count {
            while refillPage(client, index) {}
        }
    }

    /// True when there is another page, and room for it.
    private func refillPage(_ client: Int, _ index: Int) -> Bool {
        guard let session = clients[client], !session.connection.isOutboxFull else { return false }
        let subscription = session.subscriptions[index]
        let cursor: String?
        switch subscription.mode {
        case .current: return false
        case .void: cursor = nil
        case .refilling(let after): cursor = after
        }
        let page = try? replica.read(
            shape: subscription.shape, after: cursor, limit: Self.pageSize, isPartial: subscription.isPartial)
        guard let page else { return false }
        let forms = RowForms(schema: replica.schema)
        let changes = ShapeChanged.Changes(
            subscription: subscription.id, status: page.status.wire, isReset: cursor == nil,
            isComplete: page.isComplete, changes: page.rows.map(forms.insert))
        let params = ShapeChanged.Params(sequence: page.sequence, subscriptions: [changes])
        guard session.connection.notify(ShapeChanged.notification(params)) else { return false }
        clients[client]?.subscriptions[index].since = page.sequence
        clients[client]?.subscriptions[index].mode = page.next.map { .refilling(after: $0) } ?? .current
        return page.next != nil
    }
}
