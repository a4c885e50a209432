import Replica
import SyncModel
import SyncService

/// 9: what is kept is bounded by limits, never by how slow a peer is or how much was written.
extension Simulation {
    func checkBounds() throws {
        for device in devices {
            watch(
                "verdicts of a replica", database.verdictCount(of: device.newReplicaID),
                limit: SimulatedDevice.batchSize + SimulatedDevice.groupLimit)
            guard let replica = device.process?.replica else { continue }
            let open = try replica.counts.byState.filter { $0.key != .confirmed }.values.reduce(0, +)
            // What a failover lost comes back into the queue, and may not be refused.
            let lost = ledger.operations(of: device.index).count { lostVerdicts[$0] != nil }
            watch("operations queued", open, limit: SimulatedDevice.queueLimit + lost)
        }
        guard let process = service.process else { return }
        watch("confirmations of a replica", try process.mirror.confirmationCount(), limit: 100)
        // One for each machine's patience that has run out meanwhile.
        watch("requests held", process.held.count, limit: 8 * devices.count)
        let figures = try process.mirror.figures()
        let rows = database.rows.values.reduce(0) { $0 + $1.count }
        // Looked at every ten seconds: what a transaction or two write comes on top.
        let longest = max(Self.retention.entries, 4 * rows) + 1_000
        watch("entries of a log", figures.longestLog, limit: longest)
        // Each definition for each person, and what somebody still follows after a permission was lost.
        let shapes = 4 * contents.count * devices.count
        watch("shapes kept", figures.shapes, limit: shapes)
        watch("row changes kept", figures.changes, limit: shapes * longest)
    }

    /// The greatest of a run is told in its report.
    private func watch(_ name: String, _ value: Int, limit: Int) {
        report.counts["most \(name)"] = max(report.counts["most \(name)"] ?? 0, value)
        if value > limit { violate(.bounds, "\(value) \(name), where \(limit) is the limit") }
    }
}
