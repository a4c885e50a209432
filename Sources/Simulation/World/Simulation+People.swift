import Replica
import SeededRandom
import Shapes
import SyncClient
import SyncModel
import SyncService

/// People at their daemons.
extension Simulation {
    func personActs(_ index: Int) throws {
        if isHealed { return }
        time.schedule(.person(index), in: random.chance(10) ? random.within(1...5) : random.within(4...60))
        guard devices[index].process != nil else { return }
        switch random.weighted([70, 8, 7, 4, 4, 3, 8, 4]) {
        case 0: try submit(index, edits(index, count: random.chance(10) ? 12 : 1), atomic: false)
        case 1:
            count("groups")
            try submit(index, group(index), atomic: true)
        case 2: try decide(index)
        case 3: try setPaused(index, !(devices[index].process?.replica.isPaused ?? false))
        case 4: try changeShapes(index)
        case 5: try requestBarrier(index)
        case 6: for _ in 0..<random.within(1...8) { try askWhy(index) }
        default: try wake(index)
        }
    }

    // MARK: - Edits

    private func submit(_ index: Int, _ submissions: [Submission], atomic: Bool) throws {
        guard let replica = devices[index].process?.replica, !submissions.isEmpty else { return }
        let now = HybridTimestamp(microseconds: time.microseconds + devices[index].skew)
        var next = devices[index].submitted
        let records: [OperationRecord]
        let effects: Effects
        do throws(ReplicaError) {
            (records, effects) = try replica.submit(submissions, atomic: atomic, now: now) {
                next += 1
                return OperationID("d\(index)-\(next)")
            }
        } catch {
            if error.code == .queueFull { count("queue full") } else { count("submissions refused") }
            return
        }
        devices[index].submitted = next
        for record in records {
            guard let table = database.schema[record.operation.table], let key = record.operation.rowKey(in: table)
            else { continue }
            ledger.add(record, device: index, key: key)
            trace("d\(index) submits \(record.operation.id) \(record.operation.action) \(table.name) \(key)")
            if random.chance(2) { unacceptable.insert(record.operation.id) }
        }
        try whenWritten(index) { try $0.accepted(records, effects, index) }
        // The moment in which an operation may still be lost is short: left to chance, it is hardly ever met.
        let isWriting = devices[index].process?.write != nil
        if isWriting, random.chance(4) { try killDevice(index, losingUnsynced: true) }
    }

    /// The person has the answer.
    private func accepted(_ records: [OperationRecord], _ effects: Effects, _ index: Int) throws {
        count("operations submitted", records.count)
        for record in records { ledger.change(record.operation.id) { $0.isAnswered = true } }
        try took(index, effects)
        try checkWindows(index)
        try sender(index, .queueChanged)
    }

    private func edits(_ index: Int, count: Int) -> [Submission] {
        (0..<count).compactMap { _ in edit(index) }
    }

    private func edit(_ index: Int) -> Submission? {
        switch random.weighted([10, 18, 12, 12, 38, 10, 5]) {
        case 0: return insert(index, ModelTables.pipelines, ["status": random.chance(50) ? "active" : "draft"])
        case 1:
            guard let parent = row(index, of: ModelTables.pipelines) else { return nil }
            let x = Value("\(random.chance(3) ? 5000 : random.below(10))")
            return insert(index, ModelTables.steps, ["pipeline_id": .text(parent), "x": x])
        case 2:
            guard let from = row(index, of: ModelTables.steps), let to = row(index, of: ModelTables.steps) else {
                return nil
            }
            return insert(index, ModelTables.connections, ["from_step_id": .text(from), "to_step_id": .text(to)])
        case 3:
            guard let parent = row(index, of: ModelTables.pipelines) else { return nil }
            let step = random.chance(60) ? row(index, of: ModelTables.steps) : nil
            return insert(
                index, ModelTables.comments, ["pipeline_id": .text(parent), "step_id": step.map { .text($0) } ?? .null])
        case 4: return update(index)
        case 5: return delete(index)
        default:
            // Somebody who is seen, or the person themselves.
            let seen = random.chance(60) ? row(index, of: ModelTables.people) : devices[index].user
            guard let pipeline = row(index, of: ModelTables.pipelines), let person = seen else { return nil }
            return insert(index, ModelTables.members, ["pipeline_id": .text(pipeline), "person_id": .text(person)])
        }
    }

    /// A value that nobody else writes.
    private func unique(_ index: Int) -> Value {
        let long = random.chance(15) ? String(repeating: "–", count: 20) : ""
        return .text(Text("d\(index).\(time.now).\(random.below(1_000_000))\(long)"))
    }

    private func insert(_ index: Int, _ table: TableName, _ values: [String: Value]) -> Submission {
        // Some keys are taken by several people at once.
        let id = random.chance(6) ? "shared-\(random.below(4))" : "\(index)-\(time.now)-\(random.below(100_000))"
        var set = values
        if table == ModelTables.comments {
            set["content"] = unique(index)
            set["until"] = randomUntil()
        }
        if table == ModelTables.pipelines || table == ModelTables.steps { set["name"] = unique(index) }
        return Submission(table: table, action: random.chance(10) ? .upsert : .insert, key: ["id": Text(id)], set: set)
    }

    private func update(_ index: Int) -> Submission? {
        let table = random.chance(60) ? ModelTables.steps : ModelTables.pipelines
        guard let id = row(index, of: table) else { return nil }
        var set = ["name": unique(index)]
        if table == ModelTables.steps, random.chance(40) { set["x"] = Value("\(random.below(10))") }
        if table == ModelTables.pipelines, random.chance(30) {
            set["status"] = random.chance(60) ? "active" : "draft"
        }
        if table == ModelTables.pipelines, random.chance(30) { set["note"] = unique(index) }
        return Submission(table: table, action: .update, key: ["id": id], set: set)
    }

    private func delete(_ index: Int) -> Submission? {
        let table = random.pick(ifAnyOf: [
            ModelTables.pipelines, ModelTables.steps, ModelTables.steps, ModelTables.connections, ModelTables.comments,
            ModelTables.members,
        ])
        guard let table, let id = row(index, of: table) else { return nil }
        return Submission(table: table, action: .delete, key: ["id": id])
    }

    private func group(_ index: Int) -> [Submission] {
        let pipeline = Text("\(index)-g-\(time.now)")
        let steps = (0..<random.within(1...2)).map { number in
            Submission(
                table: ModelTables.steps, action: .insert, key: ["id": Text("\(pipeline)-\(number)")],
                set: ["pipeline_id": .text(pipeline), "name": unique(index), "x": Value("\(random.below(1200))")])
        }
        let name = unique(index)
        return [
            Submission(table: ModelTables.pipelines, action: .insert, key: ["id": pipeline], set: ["name": name])
        ] + steps
    }

    /// The id of some row that the person sees.
    private func row(_ index: Int, of table: TableName) -> Text? {
        guard let client = devices[index].process?.client else { return nil }
        var ids: Set<Text> = []
        for rows in client.shapes.values {
            for (place, held) in rows where place.table == table {
                if let id = held.fields["id"]?.text { ids.insert(id) }
            }
        }
        return random.pick(ifAnyOf: ids.sorted())
    }

    // MARK: - Wishes

    /// What was refused is tried again, or let go.
    private func decide(_ index: Int) throws {
        guard let replica = devices[index].process?.replica,
            let record = random.pick(ifAnyOf: try replica.operations([.parked], limit: 20))
        else { return }
        if random.chance(50) { try retry(record, index) } else { try dismiss(record, index) }
    }

    private func retry(_ record: OperationRecord, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        let id = record.operation.id
        trace("d\(index) retries \(id)")
        let retried: [OperationID]
        let effects: Effects
        do throws(ReplicaError) {
            (retried, effects) = try replica.retry(id)
        } catch {
            guard error.code == .invalidOperation else { throw error }
            return count("retries that wait for another")
        }
        count("retried")
        for id in retried {
            ledger.noteRetry(of: id)
            // Another service, which takes it, or the same once more.
            if random.chance(50) { unacceptable.remove(id) }
        }
        devices[index].disk.noteSync()
        try took(index, effects)
        try sender(index, .queueChanged)
    }

    func dismiss(_ record: OperationRecord, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        count("dismissed")
        let id = record.operation.id
        trace("d\(index) dismisses \(id)")
        let (cancelled, _, effects) = try replica.cancel(id, withDependents: true)
        for id in cancelled {
            ledger.change(id) { $0.isDismissed = true }
            ledger.close(id)
            noteRefusal(of: id)
        }
        devices[index].disk.noteSync()
        try took(index, effects)
        try sender(index, .queueChanged)
    }

    /// False: nothing was parked.
    func dismissAll() throws -> Bool {
        var isAny = false
        for index in devices.indices {
            while let record = try devices[index].process?.replica.operations([.parked], limit: 1).first {
                isAny = true
                try dismiss(record, index)
            }
        }
        return isAny
    }

    func setPaused(_ index: Int, _ isPaused: Bool) throws {
        guard let replica = devices[index].process?.replica, replica.isPaused != isPaused else { return }
        count(isPaused ? "paused" : "resumed")
        trace("d\(index) \(isPaused ? "pauses" : "resumes")")
        try replica.setPaused(isPaused)
        devices[index].disk.noteSync()
        if isPaused {
            try stream(index, .paused)
            try sender(index, .paused)
            try schema(index, .paused)
        } else {
            // A process that began paused has never been told what to ask for.
            try stream(index, .shapesChanged(wantedShapes(index)))
            try schema(index, .needed)
            try stream(index, .resumed)
            try sender(index, .resumed)
        }
    }

    private func changeShapes(_ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        let others = replica.heldShapes.filter { !Self.isFlat($0.definition) }
        if random.chance(40), let shape = random.pick(ifAnyOf: others) {
            count("shapes forgotten")
            trace("d\(index) forgets \(shape.id)")
            let effects = try replica.forget(shape: shape.id)
            try took(index, effects)
            devices[index].process?.client.shapes[shape.id] = nil
        } else if let definition = random.pick(ifAnyOf: definitions) {
            count("shapes held")
            let (shape, effects) = try replica.hold(definition)
            trace("d\(index) holds \(shape.id)")
            try took(index, effects)
        }
        try stream(index, .shapesChanged(wantedShapes(index)))
    }

    private func requestBarrier(_ index: Int) throws {
        guard let next = devices[index].process.map({ $0.nextBarrier + 1 }) else { return }
        devices[index].process?.nextBarrier = next
        try stream(index, .barrierRequested(next))
    }

    private func wake(_ index: Int) throws {
        count("woken")
        let isPaused = devices[index].process?.replica.isPaused ?? true
        if isPaused { return }
        switch random.below(3) {
        case 0:
            try stream(index, .nudged)
            try sender(index, .nudged)
        case 1:
            try stream(index, .networkChanged)
            try sender(index, .nudged)
        default:
            try stream(index, .woke)
            try sender(index, .woke)
        }
    }
}
