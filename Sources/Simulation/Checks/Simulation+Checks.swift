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
                commitNumbers[stored.verdict.id] = checkedCommits - 1
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
        let row = Self.row(of: effect)
        if let last = lastOrder[row], last > entry.order {
            violate(.order, "\(effect.operation) took effect after a later operation on \(row)")
        }
        lastOrder[row] = max(lastOrder[row] ?? 0, entry.order)
    }

    /// A verdict that says "done" without a commit behind it would be believed.
    func checkDelivered(_ verdicts: [Verdict]) {
        checkCommits()
        for verdict in verdicts
        where committedVerdicts[verdict.id]?.last != verdict.outcome
            && lostVerdicts[verdict.id]?.contains(verdict.outcome) != true
        {
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

    func checkLogs() throws {
        guard let mirror = service.process?.mirror, options.promises.contains(.shapes),
            let moment = mirror.position.flatMap({ history.moment(at: $0.position) })
        else { return }
        let (difference, comparisons) = try logReader.check(mirror, at: moment, now: serviceClock)
        count("log comparisons", comparisons)
        if let difference { violate(.shapes, "at \(moment.tx): \(difference)") }
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
        guard let moment = history.moment(at: batch.frontier.position) else { return }
        checkShown(index, process.client, shapes, at: moment)
        // Where it is not settled what became of tables, nobody is told of failures.
        let areFailuresTold = !untoldFailures.contains(batch.frontier.position)
        for shape in shapes where shape.status == .live && areFailuresTold {
            if let difference = failureDifference(of: shape, index, at: moment) {
                violate(.shapes, "d\(index) \(shape.id) at \(batch.frontier.position): \(difference)")
            }
        }
        try checkWindows(index)
        guard try isIdle(process.replica) else { return }
        for shape in shapes where shape.status == .live {
            count("view comparisons")
            if let difference = difference(of: shape, index, process.client.shapes[shape.id] ?? [:], at: moment) {
                violate(.atomicity, "d\(index) \(shape.id) at \(batch.frontier.position): \(difference)")
            }
        }
    }

    private func isIdle(_ replica: Replica) throws -> Bool {
        let counts = try replica.counts
        return counts.pending == 0 && counts.parked == 0 && counts.conflicts == 0
    }

    /// Of the rows that the service leaves out, what it said last.
    func failureDifference(of shape: HeldShape, _ index: Int, at moment: History.Moment) -> String? {
        guard let content = contents[shape.definition.canonical] else { return "an unknown shape" }
        return content.difference(of: shape.failures, at: moment, for: devices[index].user)
    }

    func difference(
        of shape: HeldShape, _ index: Int, _ shown: [ClientView.Place: ClientView.Held], at moment: History.Moment
    ) -> String? {
        guard let content = contents[shape.definition.canonical], let schema = devices[index].process?.replica.schema
        else { return "an unknown shape" }
        var held: ModelRows = [:]
        for (place, row) in shown {
            guard let table = schema[place.table] else { continue }
            held[place.table, default: [:]][place.key] = Row(table.columns.map { row.fields[$0.name] ?? .absent })
        }
        let expected = content.rows(at: moment, for: devices[index].user)
        return RowComparison(held: schema, moment: moment).difference(held, expected)
    }

    // MARK: - 5: own writes

    /// From its submission until its effect has come back, a person's write is in view.
    func checkOwnWrites(_ index: Int, unseen: [String]) throws {
        guard let process = devices[index].process, options.promises.contains(.ownWrites) else { return }
        let shapes = process.replica.heldShapes.filter {
            Self.isFlat($0.definition) && Self.isSeen($0) && !unseen.contains($0.id)
        }
        let frontier = devices[index].frontier?.position ?? 0
        for id in ledger.openOperations(of: index) {
            guard let entry = ledger[id], refusedRows[index]?.contains(entry.address) != true else { continue }
            let isEchoed =
                commitNumbers[id].flatMap { history.position(ofCommit: $0) }.map { $0 <= frontier } ?? false
            if isEchoed || cameBackBeforeItWasLost(entry, id) || entry.state == .parked || entry.isDismissed {
                if isEchoed || entry.state == .confirmed { ledger.close(id) }
                continue
            }
            for shape in shapes where shape.definition.rootTable == entry.address.table {
                let rows = process.client.shapes[shape.id] ?? [:]
                if rows[entry.address] == nil, hasLostParent(entry, shapes, process.client, at: frontier) {
                    ledger.close(id)
                    break
                }
                check(entry, id, in: rows)
            }
        }
    }

    /// It is offered again, but what it stood on may have been lost with it and be nobody's to show.
    private func cameBackBeforeItWasLost(_ entry: Ledger.Entry, _ id: OperationID) -> Bool {
        entry.state == .confirmed && lostVerdicts[id] != nil
    }

    /// A row under a parent that the same person deletes goes with it, also where others moved it there.
    private func hasLostParent(
        _ entry: Ledger.Entry, _ shapes: [HeldShape], _ client: ClientView, at frontier: UInt64
    ) -> Bool {
        guard entry.address.table == ModelTables.steps else { return false }
        let lives = history.lastMoments(of: entry.address.key, in: entry.address.table, from: 0, through: frontier)
        let told = lives.compactMap { $0.row(at: entry.address)?["pipeline_id"] }.map { Value.text($0) }
        let pipelines = shapes.filter { $0.definition.rootTable == ModelTables.pipelines }
        return ([entry.operation.set["pipeline_id"]].compactMap(\.self) + told).contains { parent in
            let place = ClientView.Place(table: ModelTables.pipelines, key: RowKey(values: [parent]))
            return ledger.deletes(place, of: entry.device)
                && pipelines.allSatisfy { client.shapes[$0.id]?[place] == nil }
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
}
