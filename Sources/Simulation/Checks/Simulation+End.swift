import Replica
import Shapes
import SyncClient
import SyncModel

/// 8 and 2: everything settles, and then everything is equal.
extension Simulation {
    /// What is not settled, in words.
    func unsettled() throws -> [String] {
        var left: [String] = []
        let last = history.position(ofCommit: database.commits.count - 1) ?? .max
        for index in devices.indices {
            guard let replica = devices[index].process?.replica else {
                left.append("d\(index) is not open")
                continue
            }
            let counts = try replica.counts
            let moving = counts.byState[.sending, default: 0] + counts.byState[.acknowledged, default: 0]
            if moving > 0 { left.append("d\(index) has \(moving) operations on their way") }
            // What builds on a refused operation waits with it.
            let queued = counts.byState[.queued, default: 0]
            if queued > 0, counts.parked + counts.conflicts == 0 { left.append("d\(index) has \(queued) queued") }
            if queued > 0, try isBusy(index) { left.append("d\(index) is sending") }
            for shape in replica.heldShapes where shape.status != .live {
                left.append("d\(index) \(shape.id) is \(shape.status)")
            }
            if devices[index].frontier.map({ $0.position < last }) ?? true { left.append("d\(index) is behind") }
            // A request for it that was lost is sent again after half a minute.
            if replica.schema != database.schema { left.append("d\(index) has an old schema") }
        }
        return left
    }

    /// With operations that wait for a person, the sender has to have said that nothing else is to be sent.
    private func isBusy(_ index: Int) throws -> Bool {
        devices[index].process?.sender.stateKind != .idle
    }

    func checkEnd() throws {
        checkCommits()
        for index in devices.indices {
            guard let process = devices[index].process else { continue }
            for shape in process.replica.heldShapes {
                count("final comparisons")
                if let difference = try finalDifference(of: shape, index, process) {
                    violate(.convergence, "d\(index) \(shape.id) \(shape.definition.canonical): \(difference)")
                }
            }
            for id in ledger.operations(of: index) { try checkOutcome(of: id, process.replica) }
        }
        try checkBounds()
    }

    private func finalDifference(
        of shape: HeldShape, _ index: Int, _ process: SimulatedDevice.Process
    ) throws -> String? {
        guard let moment = devices[index].frontier.flatMap({ history.moment(at: $0.position) }) else {
            return "it has heard of nothing"
        }
        if process.replica.schema != database.schema { return "its schema is an old one" }
        let rows = ClientView.rows(try process.replica.read(shape: shape.id, limit: 100_000).rows)
        count("condition failures at the end", shape.failures.count)
        return difference(of: shape, index, rows, at: moment) ?? failureDifference(of: shape, index, at: moment)
    }

    private func checkOutcome(of id: OperationID, _ replica: Replica) throws {
        guard let entry = ledger[id] else { return }
        let record = try replica.operation(id)
        let done = (committedVerdicts[id] ?? []).count { $0 == .applied || $0 == .merged }
        if done > 1 { violate(.exactlyOnce, "\(id) was done \(done) times") }
        if entry.isDismissed {
            if done > 0 { violate(.exactlyOnce, "\(id) was reported as refused, and was done") }
            return
        }
        if entry.state == .confirmed {
            count("operations confirmed")
            if done != 1 { violate(.exactlyOnce, "\(id) is confirmed, and was done \(done) times") }
        } else if let record {
            violate(.exactlyOnce, "\(id) ended as \(record.state)")
        } else {
            violate(.exactlyOnce, "\(id) is lost")
        }
    }
}
