import DaemonProtocol
import JSONRPC
import JSONRPCTransport
import JSONText
import Replica
import Shapes
import SyncClient
import SyncModel

extension DaemonCore {
    /// The status as it is now.
    var status: SyncStatus {
        let held = replica.heldShapes
        let counts = try? replica.counts
        var facts = StatusFacts()
        facts.storageProblem = openingProblem ?? storageProblem
        facts.refusal = refusal
        facts.pending = counts?.pending ?? 0
        facts.parked = counts?.parked ?? 0
        facts.conflicts = counts?.conflicts ?? 0
        facts.isPaused = replica.isPaused
        facts.isConnected = coordinator.connection == .connected
        facts.hasShapeUnderway = held.contains { $0.status.isUnderway }
        facts.ended = held.count { if case .ended = $0.status { $0.firstSync != nil } else { false } }
        facts.isQueueInDoubt = replica.asksForSequence
        let decision = StatusDecision(facts)
        return SyncStatus(
            state: decision.state, text: decision.text, pending: Int64(facts.pending), parked: Int64(facts.parked),
            conflicts: Int64(facts.conflicts), lost: counts.flatMap { $0.merged > 0 ? Int64($0.merged) : nil },
            isPaused: facts.isPaused, isOnline: facts.isConnected,
            reason: facts.storageProblem ?? facts.refusal ?? offlineReason, shapes: held.map(shape),
            frontier: frontier.map { String($0.position) }, epoch: replica.epoch?.description, user: settings.user,
            replica: replica.id, service: settings.service, lastContact: lastContact,
            retryAt: facts.isConnected || facts.isPaused ? nil : links.retryAt,
            storage: openingProblem == nil ? .file : .memory)
    }

    private func shape(_ shape: HeldShape) -> SyncStatus.Shape {
        SyncStatus.Shape(
            shape: shape.id, definition: shape.definition.json, status: shape.status.wire, rows: Int64(shape.rowCount),
            reason: shape.status.reason, failures: RowForms(schema: replica.schema).failures(shape.failures))
    }

    private var refusal: Reason? {
        if case .refused(let reason) = coordinator.connection { reason } else { nil }
    }

    private var offlineReason: Reason? {
        if case .offline(let reason) = coordinator.connection { reason } else { nil }
    }

    /// Tells all clients when what people look at is another one.
    func publishStatus() {
        guard clients.values.contains(where: \.isInitialized) else {
            lastStatus = nil
            return
        }
        guard isStatusDue || lastStatus == nil else { return }
        isStatusDue = false
        let status = status
        defer { lastStatus = status }
        guard let lastStatus, !lastStatus.looksLike(status) else { return }
        let message = SyncStatusChanged.notification(status).serialized()
        for client in clientIDs where clients[client]?.isInitialized == true { tell(status: message, to: client) }
    }

    /// - Parameter message: the notification, serialised once for all clients.
    private func tell(status message: [UInt8], to client: Int) {
        guard let session = clients[client] else { return }
        if !session.connection.notify(serialized: message) { clients[client]?.missed.status = true }
    }

    func tell(_ status: SyncStatus, to client: Int) {
        tell(status: SyncStatusChanged.notification(status).serialized(), to: client)
    }

    /// Who answers.
    var info: DaemonInfo {
        let limits = settings.limits
        return DaemonInfo(
            serverInfo: ProgramInfo(name: "satcheld", version: settings.version), instance: settings.instance,
            replica: replica.id, user: settings.user, service: settings.service,
            stateDirectory: settings.stateDirectory,
            limits: [
                DaemonInfo.Limit("maxOfflineQueue", Double(limits.maxQueue)),
                DaemonInfo.Limit("maxShapes", Double(limits.maxShapes)),
                DaemonInfo.Limit("maxSubmission", Double(limits.maxSubmission)),
                DaemonInfo.Limit("maxValueBytes", Double(limits.maxValueBytes)),
                DaemonInfo.Limit("maxPage", Double(Limits.page)),
            ])
    }
}

extension SyncStatus {
    /// Positions, times and row counts change with every answer and say nothing new to people.
    fileprivate func looksLike(_ other: SyncStatus) -> Bool {
        func essence(_ status: SyncStatus) -> SyncStatus {
            var status = status
            status.frontier = nil
            status.lastContact = nil
            status.shapes = status.shapes.map {
                Shape(
                    shape: $0.shape, definition: .null, status: $0.status, rows: 0, reason: $0.reason,
                    failures: $0.failures)
            }
            return status
        }
        return essence(self) == essence(other)
    }
}
