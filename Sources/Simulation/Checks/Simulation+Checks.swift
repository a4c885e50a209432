import Replica
import SeededRandom
import Shapes
import SyncModel
import SyncService

/// The checkers, one for each promise.
extension Simulation {
    // MARK: - 1 and 6: exactly once, in order

    /// What the database has committed since the last look.
    func checkCommits() {
        while checkedCommits < database.commits.count {
            let commit = database.commits[checkedCommits]
            checkedCommits += 1
            for effect in commit.effects { check(effect) }
            for stored in commit.verdicts {
                committedVerdicts[stored.verdict.id, default: []].append(stored.verdict.outcome)
                commitPositions[stored.verdict.id] = commit.transaction.position.rawValue
                let outcome = stored.verdict.outcome
                if outcome == .rejected || outcome == .conflict { noteRefusal(of: stored.verdict.id) }
            }
        }
    }

    /// What builds on a row that was refused, or let go, has nothing to show. (The stream may bring a refusal
    /// before its verdict comes.)
    func noteRefusal(of id: OperationID) {
        guard let entry = ledger[id] else { return }
        switch entry.operation.action {
        case .insert, .upsert: refusedRows[entry.device, default: []].insert(entry.address)
        case .update, .delete: break
        }
    }

    private func check(_ effect: ModelEffect) {
        let times = effectCounts[effect.operation, default: 0] + 1
        effectCounts[effect.operation] = times
        if times > 1 { violate(.exactlyOnce, "\(effect.operation) was carried out \(times) times") }
        guard let entry = ledger[effect.operation] else {
            return violate(.exactlyOnce, "\(effect.operation) was never submitted")
        }
        if entry.isRetried { return }
        let row = "\(effect.replica) \(effect.table) \(effect.key)"
        if let last = lastOrder[row], last > entry.order {
            violate(.order, "\(effect.operation) took effect after a later operation on \(row)")
        }
        lastOrder[row] = max(lastOrder[row] ?? 0, entry.order)
    }

    /// A verdict that says "done" without a commit behind it would be believed.
    func checkDelivered(_ verdicts: [Verdict]) {
        checkCommits()
        for verdict in verdicts where committedVerdicts[verdict.id]?.last != verdict.outcome {
            violate(.exactlyOnce, "\(verdict.id) was answered \(verdict.outcome), which was never committed")
        }
    }

    func noteState(_ record: OperationRecord) {
        let id = record.operation.id
        ledger.change(id) { entry in
            entry.state = record.state
            if record.verdict == .merged {
                for write in record.lost {
                    if let column = write.column { entry.watched.remove(column) } else { entry.watchesDelete = false }
                }
            }
            if record.state == .parked {
                entry.watched = []
                entry.watchesDelete = false
            }
        }
    }

    /// After a crash everything that was answered is still there.
    func checkReopened(_ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        for id in ledger.operations(of: index) {
            guard let entry = ledger[id], !entry.isDismissed, entry.state != .confirmed else { continue }
            guard let record = try replica.operation(id) else {
                if !entry.isAnswered {
                    count("operations lost before their answer")
                    ledger.change(id) { $0.isDismissed = true }
                    ledger.close(id)
                    continue
                }
                violate(.exactlyOnce, "\(id) is gone from d\(index) after a crash")
                continue
            }
            // Whoever looks sees it.
            ledger.change(id) { $0.isAnswered = true }
            noteState(record)
        }
    }

    // MARK: - 3: logs

    func checkLogs(after commit: ModelCommit) throws {
        guard let mirror = service.process?.mirror, options.promises.contains(.shapes) else { return }
        let difference = try logReader.check(mirror, against: commit.rows, now: serviceClock)
        count("log comparisons")
        if let difference { violate(.shapes, "after \(commit.transaction.position): \(difference)") }
    }

    // MARK: - 4: views

    /// At a frontier, each shape of a daemon without operations of its own equals the database at that position.
    func checkView(_ index: Int, _ batch: SyncBatch) throws {
        guard let process = devices[index].process else { return }
        if random.chance(10) {
            for shape in process.replica.heldShapes {
                let rows = ClientView.rows(try process.replica.read(shape: shape.id, limit: 100_000).rows)
                count("client comparisons")
                if rows != process.client.shapes[shape.id] ?? [:] {
                    violate(.atomicity, "d\(index) \(shape.id): the changes told do not add up to the rows read")
                }
            }
        }
        let shapes = process.replica.heldShapes
        guard batch.frontier.isComplete, shapes.allSatisfy({ $0.status != .initial }) else { return }
        guard try isIdle(process.replica) else { return }
        let rows = database.rows(at: LSN(batch.frontier.position))
        for shape in shapes where shape.status == .live {
            count("view comparisons")
            if let difference = difference(of: shape, process.client, from: rows) {
                violate(.atomicity, "d\(index) \(shape.id) at \(LSN(batch.frontier.position)): \(difference)")
            }
        }
    }

    private func isIdle(_ replica: Replica) throws -> Bool {
        let counts = try replica.counts
        return counts.pending == 0 && counts.parked == 0 && counts.conflicts == 0
    }

    private func difference(of shape: HeldShape, _ client: ClientView, from rows: ModelRows) -> String? {
        guard let content = contents[shape.definition.canonical] else { return "an unknown shape" }
        var held: ModelRows = [:]
        for (place, row) in client.shapes[shape.id] ?? [:] {
            guard let table = database.schema[place.table] else { continue }
            held[place.table, default: [:]][place.key] = Row(table.columns.map { row.fields[$0.name] ?? .absent })
        }
        return ShapeContent.difference(held, content.rows(of: rows))
    }

    // MARK: - 5: own writes

    /// From its submission until its effect has come back, a person's write is in view.
    func checkOwnWrites(_ index: Int) throws {
        guard let process = devices[index].process, options.promises.contains(.ownWrites) else { return }
        let shapes = process.replica.heldShapes.filter { Self.isFlat($0.definition) && $0.status != .initial }
        let frontier = devices[index].frontier?.position ?? 0
        for id in ledger.openOperations(of: index) {
            guard let entry = ledger[id], refusedRows[index]?.contains(entry.address) != true else { continue }
            let isEchoed = commitPositions[id].map { $0 <= frontier } ?? false
            if isEchoed || entry.state == .parked || entry.isDismissed {
                if isEchoed { ledger.close(id) }
                continue
            }
            for shape in shapes where shape.definition.rootTable == entry.address.table {
                if hasLostParent(entry, shapes, process.client) {
                    ledger.close(id)
                    break
                }
                check(entry, id, in: process.client.shapes[shape.id] ?? [:])
            }
        }
    }

    /// A row under a parent that the same person deletes goes with it.
    private func hasLostParent(_ entry: Ledger.Entry, _ shapes: [HeldShape], _ client: ClientView) -> Bool {
        guard entry.address.table == ModelTables.steps, let parent = entry.operation.set["pipeline_id"] else {
            return false
        }
        let place = ClientView.Place(table: ModelTables.pipelines, key: RowKey(values: [parent]))
        return ledger.deletes(place, of: entry.device)
            && shapes.contains {
                $0.definition.rootTable == place.table && client.shapes[$0.id]?[place] == nil
            }
    }

    private func check(
        _ entry: Ledger.Entry, _ id: OperationID, in rows: [ClientView.Place: ClientView.Held]
    ) {
        let row = rows[entry.address]
        if entry.watchesDelete {
            count("own writes watched")
            if row != nil { violate(.ownWrites, "\(id) deleted \(entry.address.key), which is in view again") }
        }
        for column in entry.watched.sorted() {
            count("own writes watched")
            if row?.fields[column] != entry.operation.set[column] {
                violate(
                    .ownWrites,
                    "\(id) (\(entry.state)) wrote \(column) of \(entry.address.table) \(entry.address.key), and "
                        + (row == nil
                            ? "the row is not in view" : "it shows \(row?.fields[column].map { "\($0)" } ?? "nothing")")
                )
                return
            }
        }
    }

    // MARK: - 9: bounds

    func checkBounds() throws {
        let most = SimulatedDevice.batchSize + SimulatedDevice.groupLimit
        for device in devices {
            let verdicts = database.verdictCount(of: device.newReplicaID)
            if verdicts > most {
                violate(.bounds, "\(verdicts) verdicts are kept of d\(device.index), \(most) suffice")
            }
            guard let replica = device.process?.replica else { continue }
            let counts = try replica.counts.byState
            let open = counts.filter { $0.key != .confirmed }.values.reduce(0, +)
            if open > SimulatedDevice.queueLimit { violate(.bounds, "the queue of d\(device.index) holds \(open)") }
        }
        if let confirmations = try service.process?.mirror.confirmationCount(), confirmations > 100 {
            violate(.bounds, "the mirror keeps \(confirmations) confirmations of a replica")
        }
    }
}
