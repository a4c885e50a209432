import Foundation
import Replica
import SeededRandom
import Shapes
import SyncModel
import Testing

extension ModelRun {
    func step() throws -> String {
        let roll = Int.random(in: 0..<100, using: &generator)
        switch roll {
        case ..<25: return try submit()
        case ..<45: return changeDatabase()
        case ..<65: return try synchronise()
        case ..<78: return try send()
        case ..<82: return try hold()
        case ..<84: return try forget()
        case ..<88: return try reopen(crash: false)
        case ..<92: return try reopen(crash: true)
        case ..<94: return try failOver()
        case ..<96: return try follow("stale") { try replica.markStale() }
        case ..<98: return try refuse()
        default: return try dismiss()
        }
    }

    /// An answer or a batch, by turns, with faults as they come.
    func settleOnce() throws -> String {
        isFaulty = false
        return generator.chance(40) ? try synchronise() : try send()
    }

    func follow(_ event: String, _ body: () throws -> Effects) throws -> String {
        count(event)
        try follow(body())
        return event
    }

    func newName(_ prefix: String) -> String {
        nextName += 1
        return "\(prefix)\(nextName)"
    }

    private func keys(_ table: TableName, _ rows: ModelService.Rows) -> [String] {
        (rows[table] ?? [:]).keys.sorted().map { String($0.description.dropFirst().dropLast()) }
    }

    /// A row with references to what is there.
    private func values(_ table: TableName, _ rows: ModelService.Rows) -> [String: Value]? {
        func reference(_ table: TableName) -> Value? {
            generator.pick(ifAnyOf: keys(table, rows)).map { .text(Text($0)) }
        }
        let name = Value(generator.chance(4) ? "bad" : newName("n"))
        switch table {
        case Sample.users: return ["name": name]
        case Sample.pipelines: return ["name": name, "status": generator.chance(75) ? "active" : "draft"]
        case Sample.steps:
            guard let pipeline = reference(Sample.pipelines) else { return nil }
            return [
                "pipeline_id": pipeline, "name": name, "x": Value(String(Int.random(in: 0...9, using: &generator))),
            ]
        case Sample.connections:
            guard let from = reference(Sample.steps), let to = reference(Sample.steps) else { return nil }
            return ["from_step_id": from, "to_step_id": to]
        default:
            guard let pipeline = reference(Sample.pipelines) else { return nil }
            return [
                "pipeline_id": pipeline, "step_id": generator.chance(50) ? reference(Sample.steps) ?? .null : .null,
                "user_id": reference(Sample.users) ?? .null, "content": name,
            ]
        }
    }

    private func someTable() -> TableName {
        generator.pick(ifAnyOf: [
            Sample.pipelines, Sample.steps, Sample.steps, Sample.connections, Sample.comments, Sample.users,
        ]) ?? Sample.steps
    }

    // MARK: - Local writes

    private func submit() throws -> String {
        var submissions: [Submission] = []
        var used: Set<String> = []
        var local = view.local().rows
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let table = someTable()
            let known = keys(table, local).filter { !used.contains($0) }
            let key = generator.pick(ifAnyOf: known)
            let roll = Int.random(in: 0..<100, using: &generator)
            guard let set = values(table, local) else { continue }
            if let key, roll < 45 {
                let name = generator.pick(ifAnyOf: set.keys.sorted()) ?? "name"
                submissions.append(Sample.update(table, key, [name: set[name] ?? .null]))
                used.insert(key)
            } else if let key, roll < 60 {
                submissions.append(Sample.delete(table, key))
                used.insert(key)
                // What a cascade takes cannot be named again in the same submission.
                break
            } else {
                let id = newName("r")
                let isUpsert = roll > 90
                submissions.append(
                    Submission(
                        table: table, action: isUpsert ? .upsert : .insert, key: ["id": Text(id)], set: set))
                local[table, default: [:]][Sample.key(id)] = Row([])
                used.insert(id)
            }
        }
        clock += Int64.random(in: -5...20, using: &generator)
        let (records, effects) = try replica.submit(
            submissions, atomic: generator.chance(40), now: HybridTimestamp(microseconds: clock),
            newID: { OperationID(newName("op")) })
        var last = operations.last?.operation.at ?? .zero
        let before = view.confirmed
        for record in records {
            #expect(record.operation.at > last, "clocks do not go back, \(context)")
            last = record.operation.at
            operations.append(Tracked(operation: record.operation))
            count("submitted \(record.operation.action.rawValue)")
            if record.operation.base > 0 { count("bases") }
        }
        settle(before)
        try follow(effects)
        return "submit \(submissions.map { "\($0.action) \($0.table) \($0.key)" })"
    }

    /// - Parameter confirmed: operations that were in view as local ones, and are not any more.
    func settle(_ before: ModelService.Rows, confirmed: [SyncModel.Operation] = []) {
        view.operations = operations.filter(\.isApplied).map(\.operation)
        view.settleKept(before: before, confirmed: confirmed)
    }

    private func refuse() throws -> String {
        let bad = [
            Sample.update(Sample.steps, "nobody", ["name": "a"]),
            Sample.insert(Sample.steps, newName("r"), ["name": "a"]),
            Sample.insert(TableName(name: "nothing"), "1", [:]),
            Sample.update(Sample.users, "u0", ["name": .null]),
        ]
        let good = Sample.insert(Sample.users, newName("r"), ["name": "never"])
        #expect(throws: ReplicaError.self, "\(context)") {
            try replica.submit(
                [good, generator.pick(ifAnyOf: bad)].compactMap { $0 }, atomic: false,
                now: HybridTimestamp(microseconds: clock), newID: { OperationID(newName("op")) })
        }
        count("refused")
        return "refuse"
    }

    private func dismiss() throws -> String {
        guard let record = generator.pick(ifAnyOf: try replica.operations([.parked, .queued], limit: 100)) else {
            return "dismiss nothing"
        }
        let before = view.confirmed
        let isWide = generator.chance(50)
        guard let (cancelled, _, effects) = try? replica.cancel(record.operation.id, withDependents: isWide) else {
            // Something that was not refused itself builds on it.
            #expect(!isWide && record.verdict == nil, "\(context)")
            count("not dismissed")
            return "dismiss refused"
        }
        operations.removeAll { cancelled.contains($0.operation.id) }
        if cancelled.count > 1 { count("dismissed together") }
        settle(before)
        try follow(effects)
        count("dismissed")
        return "dismiss \(record.operation.id)"
    }

    // MARK: - Others' writes

    private func changeDatabase() -> String {
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let table = someTable()
            let key = generator.pick(ifAnyOf: keys(table, service.history.rows))
            guard let schema = Sample.schema[table] else { continue }
            if let key, generator.chance(15) {
                service.set(table, Sample.key(key), nil)
                count("remote deletes")
                continue
            }
            guard let set = values(table, service.history.rows) else { continue }
            var id = generator.chance(60) ? key ?? newName("s") : newName("s")
            if generator.chance(10), let mine = operations.last(where: { $0.operation.action == .insert }) {
                // Somebody else thought of the same key.
                if mine.operation.table == table { id = mine.operation.key["id"]?.string ?? id }
            }
            let old = service.history.rows[table]?[Sample.key(id)]
            var row = old ?? Row(schema.columns.map { $0.hasDefault ? "default" : .null })
            row[0] = Value(id)
            for (column, value) in set.sorted(by: { $0.key < $1.key }) where old == nil || generator.chance(40) {
                if let index = schema.index(of: column) { row[index] = value }
            }
            service.set(table, Sample.key(id), row)
            count("remote writes")
        }
        return "others write"
    }

    // MARK: - Shapes

    private func hold() throws -> String {
        let definitions = seed.isMultiple(of: 2) ? Sample.windows : Sample.definitions
        guard let text = generator.pick(ifAnyOf: definitions) else { return "" }
        let definition = try Sample.definition(text)
        let (shape, effects) = try replica.hold(definition)
        view.shapes[shape.id] = try Shape(resolving: definition, in: Sample.schema)
        try follow(effects)
        count("held")
        return "hold \(shape.id)"
    }

    private func forget() throws -> String {
        guard generator.chance(40), let shape = generator.pick(ifAnyOf: replica.heldShapes) else {
            return "forget nothing"
        }
        let before = view.confirmed
        let effects = try replica.forget(shape: shape.id)
        view.contents[shape.id] = nil
        view.shapes[shape.id] = nil
        sent[shape.id] = nil
        passed.removeAll { $0.shape == shape.id }
        loading.remove(shape.id)
        client[shape.id] = nil
        settle(before)
        try follow(effects)
        count("forgotten")
        return "forget \(shape.id)"
    }

    private func synchronise() throws -> String {
        var parts: [ShapeBatch] = []
        var whole: [String] = []
        let isCutUp = isFaulty && generator.chance(35)
        var next = sent
        for held in replica.heldShapes {
            guard let shape = view.shapes[held.id] else { continue }
            let isReset = held.handle == nil || mustReset || generator.chance(6)
            if isReset { count("resets") }
            let content = try service.content(shape)
            var messages = service.messages(from: isReset ? [:] : next[held.id] ?? [:], to: content)
            var hasMore = false
            if isCutUp, messages.count > 1, generator.chance(60) {
                messages = Array(messages.prefix(messages.count / 2))
                hasMore = true
                count("cut up")
            } else {
                whole.append(held.id)
            }
            if !isReset { messages = inTransactions(messages) }
            next[held.id] = Self.apply(messages, to: isReset ? [:] : next[held.id] ?? [:])
            let isSilent = messages.isEmpty && !isReset && generator.chance(50)
            if isSilent { continue }
            let handle = isReset ? ShapeHandle(newName("h")) : held.handle ?? ShapeHandle("")
            parts.append(
                ShapeBatch(
                    shape: held.id, handle: handle, offset: LogOffset(tx: service.position, op: 0),
                    isReset: isReset, messages: messages, hasMore: hasMore))
        }
        let frontier = Frontier(
            epoch: service.epoch, position: service.position, confirmedSeq: service.history.lastSeq,
            isComplete: !parts.contains(where: \.hasMore), serviceClock: HybridTimestamp(microseconds: clock))
        if isFaulty, generator.chance(10) {
            count("answers lost")
            return "answer lost"
        }
        let isInView = replica.heldShapes.allSatisfy { held in
            held.status == .initial || whole.contains(held.id)
        }
        if queueEpoch == nil { queueEpoch = service.epoch }
        let effects = try replica.apply(SyncBatch(shapes: parts, frontier: frontier))
        counts["transactions told apart", default: 0] += effects.count - 1
        sent = next
        mustReset = false
        for part in parts {
            if part.isReset {
                loading.insert(part.shape)
                passed.removeAll { $0.shape == part.shape }
            }
            if loading.contains(part.shape) { continue }
            passed += part.messages.map { Passed(shape: part.shape, message: $0) }
        }
        if isInView {
            count("brought into view")
            comeIntoView(whole, frontier)
        } else {
            count("held back")
        }
        for one in effects { try follow(one) }
        return "answer \(parts.map { "\($0.shape) \($0.messages.count) \($0.hasMore)" }) in view \(isInView)"
    }

    /// The same messages as those of several transactions, in their order.
    private func inTransactions(_ messages: [ShapeMessage]) -> [ShapeMessage] {
        var transaction = service.position * 100
        return messages.map { message in
            if generator.chance(40), transaction % 100 < 99 { transaction += 1 }
            return ShapeMessage(
                kind: message.kind, table: message.table, key: message.key, fields: message.fields,
                clock: message.clock,
                origin: ShapeMessage.Origin(offset: LogOffset(tx: transaction, op: 0), xid: 1, isLast: false))
        }
    }

    private static func apply(_ messages: [ShapeMessage], to rows: ModelService.Rows) -> ModelService.Rows {
        var rows = rows
        for message in messages {
            guard let schema = Sample.schema[message.table] else { continue }
            var row = rows[message.table]?[message.key] ?? Row(schema.columns.map { _ in .absent })
            for field in message.fields {
                if let index = schema.index(of: field.column) { row[index] = field.value }
            }
            rows[message.table, default: [:]][message.key] = message.kind == .delete ? nil : row
        }
        return rows
    }

    /// Transaction by transaction; where a shape in view is being loaded anew, all at once.
    private func comeIntoView(_ whole: [String], _ frontier: Frontier) {
        let isApart = loading.allSatisfy { view.contents[$0] == nil }
        var steps: [[Passed]] = []
        for one in passed.enumerated().sorted(by: { ($0.1.transaction, $0.0) < ($1.1.transaction, $1.0) }) {
            if isApart, steps.last?.last?.transaction != one.element.transaction { steps.append([]) }
            if steps.isEmpty { steps.append([]) }
            steps[steps.count - 1].append(one.element)
        }
        for step in steps.dropLast() { settle(play(step)) }
        let before = play(steps.last ?? [])
        passed = []
        loading.subtract(whole)
        for id in whole { view.contents[id] = sent[id] }
        view.database = service.history.rows
        settle(before, confirmed: queueEpoch == service.epoch ? confirm(frontier.confirmedSeq) : [])
    }

    /// Returns the confirmed rows as they were, with those that came only to go.
    private func play(_ step: [Passed]) -> ModelService.Rows {
        var before = view.confirmed
        for one in step {
            let content = Self.apply([one.message], to: view.contents[one.shape] ?? [:])
            view.contents[one.shape] = content
            let (table, key) = (one.message.table, one.message.key)
            if let row = content[table]?[key] { before = ModelView.merge([table: [key: row]], over: before) }
        }
        return before
    }

    private func confirm(_ seq: Int64) -> [SyncModel.Operation] {
        var confirmed: [SyncModel.Operation] = []
        for index in operations.indices where (operations[index].seq ?? .max) <= seq && operations[index].isApplied {
            operations[index].isApplied = false
            confirmed.append(operations[index].operation)
            count("confirmed")
        }
        return confirmed
    }
}
