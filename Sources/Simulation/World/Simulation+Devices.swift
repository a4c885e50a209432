import Replica
import SeededRandom
import Shapes
import SyncClient
import SyncModel
import SyncProtocol

/// The daemons' driver: does what the machines say, against the replica, the network and the clock.
extension Simulation {
    func openDevice(_ index: Int) throws {
        guard devices[index].process == nil else { return }
        let device = devices[index]
        let replica = try Replica(
            location: .file(path: device.disk.path, instance: device.name),
            limits: ReplicaLimits(maxQueue: SimulatedDevice.queueLimit, confirmedRetention: 30_000_000),
            newReplicaID: device.newReplicaID)
        if replica.schema == nil { _ = try replica.adopt(schema: database.schema, dataModel: nil) }
        if replica.heldShapes.isEmpty {
            for definition in definitions where random.chance(60) || Self.isFlat(definition) {
                _ = try replica.hold(definition)
            }
        }
        var process = SimulatedDevice.Process(
            replica: replica, stream: SyncStream(replica: replica.id),
            sender: QueueSender(batchSize: SimulatedDevice.batchSize), client: ClientView())
        for shape in replica.heldShapes {
            process.client.shapes[shape.id] = ClientView.rows(try replica.read(shape: shape.id, limit: 100_000).rows)
        }
        devices[index].process = process
        devices[index].life += 1
        devices[index].frontier = nil
        devices[index].disk.noteSync()
        devices[index].disk.sweep()
        trace("d\(index) opens")
        try checkReopened(index)
        if replica.isPaused {
            try stream(index, .paused)
            try sender(index, .paused)
        } else {
            try schema(index, .needed)
            try stream(index, .started(wantedShapes(index)))
            try sender(index, .queueChanged)
        }
    }

    // MARK: - Writes

    func isSlow(_ disk: SimulatedDisk) -> Bool { !isHealed && time.now < disk.slowUntil }

    /// What a process says, or does, only once its write is on disk. On a slow disk that takes simulated time, in
    /// which the process does nothing else and may be killed.
    func whenWritten(_ index: Int, _ then: @escaping (Simulation) throws -> Void) throws {
        guard let process = devices[index].process else { return }
        if process.write != nil {
            devices[index].process?.write?.then.append(then)
        } else if isSlow(devices[index].disk) {
            count("fault: slow disk")
            let ticks = random.within(1...40)
            devices[index].process?.write = SimulatedDevice.SlowWrite(end: time.now + ticks, then: [then])
            time.schedule(.written(device: index, life: devices[index].life), in: ticks)
        } else {
            devices[index].disk.noteSync()
            try then(self)
        }
    }

    func written(_ index: Int, _ life: Int) throws {
        guard devices[index].life == life, let write = devices[index].process?.write else { return }
        devices[index].process?.write = nil
        devices[index].disk.noteSync()
        for then in write.then { try then(self) }
    }

    /// The device that an event is for waits for its disk: so does the event.
    func isPutOff(_ event: Event) -> Bool {
        let device: Int? =
            switch event {
            case .timer(let device, _, _, _), .person(let device): device
            case .answerArrives(let exchange, _): exchanges[exchange]?.device
            case .requestArrives, .holdExpires, .sqlWriter, .stream, .upkeep, .fault, .serviceFault, .deviceFault,
                .openDevice,
                .openService, .mendPartition, .written, .flushed:
                nil
            }
        guard let device, let write = devices[device].process?.write else { return false }
        time.schedule(event, in: write.end - time.now)
        return true
    }

    static func isFlat(_ definition: ShapeDefinition) -> Bool {
        definition.root.include.isEmpty && definition.root.condition == nil && definition.root.select == nil
            && [ModelTables.pipelines, ModelTables.steps].contains(definition.rootTable)
    }

    func wantedShapes(_ index: Int) -> [SyncRequest.Shape] {
        (devices[index].process?.replica.shapesByUrgency ?? []).compactMap { shape in
            if case .ended = shape.status { return nil }
            return SyncRequest.Shape(
                id: shape.id, definition: shape.definition, handle: shape.handle, offset: shape.offset,
                failureTag: shape.failures.tag)
        }
    }

    func killDevice(_ index: Int, losingUnsynced: Bool) throws {
        guard devices[index].process != nil else { return }
        count("fault: device kill")
        trace("d\(index) is killed")
        // First the files, then the process: closing them would tidy up.
        if try devices[index].disk.crash(losingUnsynced: losingUnsynced) { count("fault: device power cut") }
        devices[index].process = nil
        time.schedule(.openDevice(index), in: random.within(20...600))
    }

    // MARK: - Machines

    func stream(_ index: Int, _ event: SyncStream.Event) throws {
        guard var process = devices[index].process else { return }
        let before = process.stream.status
        let actions = process.stream.receive(event)
        let after = process.stream.status
        devices[index].process = process
        for action in actions { try perform(action, index) }
        guard before != after else { return }
        if after == .connected {
            try sender(index, .connectionUp)
            try schema(index, .connectionUp)
        } else if let replica = devices[index].process?.replica {
            try took(index, try replica.markStale())
        }
    }

    func sender(_ index: Int, _ event: QueueSender.Event) throws {
        guard var process = devices[index].process else { return }
        let before = process.sender.status
        let actions = process.sender.receive(event)
        let isUp = process.sender.status == .connected && before != .connected
        let isStreaming = process.stream.status == .connected
        devices[index].process = process
        for action in actions { try perform(action, index) }
        if isUp, !isStreaming { try stream(index, .nudged) }
    }

    private func perform(_ action: SyncStream.Action, _ index: Int) throws {
        let life = devices[index].life
        switch action {
        case .request(let request, let id): send(request.body, id, .stream, from: index)
        case .cancelRequest: devices[index].process?.exchanges = [:]
        case .startTimer(let id, let milliseconds):
            devices[index].process?.streamTimer = id
            time.schedule(.timer(device: index, life: life, .stream, id), milliseconds: milliseconds)
        case .cancelTimer: devices[index].process?.streamTimer = nil
        case .apply(let batch): try apply(batch, index)
        case .statusChanged: break
        case .barrierReached: count("barriers")
        }
    }

    private func perform(_ action: QueueSender.Action, _ index: Int) throws {
        let life = devices[index].life
        switch action {
        case .takeBatch(let limit): try takeBatch(limit, index)
        case .send(let request, let id): send(request.body, id, .sender, from: index)
        case .cancelRequest: break
        case .startTimer(let id, let milliseconds):
            devices[index].process?.senderTimer = id
            time.schedule(.timer(device: index, life: life, .sender, id), milliseconds: milliseconds)
        case .cancelTimer: devices[index].process?.senderTimer = nil
        case .deliver(let answer): try deliver(answer, index)
        case .recover(let recovery): try recover(recovery, index)
        case .statusChanged: break
        }
    }

    func timerFired(_ index: Int, _ life: Int, _ machine: Machine, _ id: TimerID) throws {
        guard devices[index].life == life, let process = devices[index].process else { return }
        switch machine {
        case .stream where process.streamTimer == id: try stream(index, .timerFired(id, random: random.next()))
        case .sender where process.senderTimer == id: try sender(index, .timerFired(id, random: random.next()))
        case .schema where process.schemaTimer == id: try schema(index, .timerFired(id, random: random.next()))
        case .stream, .sender, .schema: break
        }
    }

    // MARK: - Answers

    func streamAnswered(_ index: Int, _ exchange: Int, _ request: RequestID, _ events: [HTTPEvent]) throws {
        guard var reader = devices[index].process?.exchanges[exchange] else { return }
        var outcomes: [StreamExchange.Outcome] = []
        for event in events { if let outcome = reader.receive(event) { outcomes.append(outcome) } }
        for outcome in outcomes {
            switch outcome {
            case .progressed: try stream(index, .answerProgressed(request))
            case .answered(let batch): try stream(index, .answerReceived(request, spoilt(batch, for: index)))
            case .failed(let failure):
                try stream(index, .requestFailed(request, failure, random: random.next()))
            }
        }
    }

    func senderAnswered(_ index: Int, _ request: RequestID, _ events: [HTTPEvent]) throws {
        var exchange = OperationsExchange()
        for event in events {
            switch exchange.receive(event) {
            case .success(let answer)?: try sender(index, .answerReceived(request, answer))
            case .failure(let failure)?:
                try sender(index, .requestFailed(request, failure, random: random.next()))
            case nil: break
            }
        }
    }

    // MARK: - The replica's part

    private func apply(_ batch: SyncBatch, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        let epoch = replica.epoch
        let unseen = replica.heldShapes.filter { !Self.isSeen($0) }.map(\.id)
        count("batches applied")
        count("resets", batch.shapes.count { $0.isReset })
        count("condition failures told", batch.shapes.count { $0.failures?.first != nil })
        let messages = batch.shapes.map { "\($0.shape):\($0.messages.count)@\($0.offset)" }.joined(separator: " ")
        for part in batch.shapes {
            for message in part.messages {
                let fields = message.fields.map { "\($0.column)=\($0.value.text?.string ?? "null")" }
                let version = message.clock.map { " version \($0.version)" } ?? ""
                detail("\(part.shape) \(message.kind) \(message.table) \(message.key) \(fields)\(version)")
            }
        }
        trace("d\(index) applies to \(batch.frontier.position) seq \(batch.frontier.confirmedSeq) \(messages)")
        if let before = devices[index].frontier, batch.frontier.position < before.position {
            count("frontiers that went back")
        }
        let confirms = batch.frontier.confirmedSeq > (devices[index].frontier?.confirmedSeq ?? -1)
        let effects: [Effects]
        do throws(ReplicaError) {
            effects = try take(batch, index, replica)
        } catch {
            trace("d\(index) cannot apply: \(error)")
            if error.code == .schemaUnknown { try schema(index, .needed) }
            return try stream(index, .applyFailed(random: random.next()))
        }
        if confirms { devices[index].disk.noteSync() }
        devices[index].frontier = batch.frontier
        count("transactions told apart", effects.count - 1)
        // Shapes come into view with the last of them.
        for one in effects.dropLast() { try took(index, one, unseen: unseen) }
        if let last = effects.last { try took(index, last) }
        try checkView(index, batch)
        try stream(index, .batchApplied)
        try reconcileShapes(index)
        try noteSchema(of: batch, index)
        // Another history may have lost operations, confirmed ones too.
        if let epoch, epoch != replica.epoch {
            count("epochs noticed")
            try sender(index, .queueChanged)
        }
        _ = try replica.prune(now: HybridTimestamp(microseconds: time.microseconds))
    }

    func reconcileShapes(_ index: Int) throws {
        try defineAnew(index)
        guard let known = devices[index].process?.stream.shapes else { return }
        let wanted = wantedShapes(index)
        if wanted == known { return }
        try stream(index, .shapesChanged(wanted))
        if wanted.map(\.id) == known.map(\.id) { try stream(index, .woke) }
    }

    private func takeBatch(_ limit: Int, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        let (batch, effects) = try replica.batchToSend(limit: limit)
        try whenWritten(index) { try $0.taken(batch, effects, index) }
    }

    private func taken(_ batch: OutgoingBatch, _ effects: Effects, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        try took(index, effects)
        if batch.operations.isEmpty, !batch.asksForSequence { return try sender(index, .batchTaken(nil)) }
        count(batch.operations.isEmpty ? "sequences asked for" : "batches sent")
        let request = OperationsRequest(
            replica: replica.id, epoch: batch.epoch, acknowledged: batch.acknowledged, operations: batch.operations)
        try sender(index, .batchTaken(request))
    }

    private func deliver(_ answer: OperationsAnswer, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        for verdict in answer.verdicts {
            count("verdict \(verdict.outcome.rawValue)")
            if verdict.isDuplicate { count("duplicate verdicts") }
            trace("d\(index) learns \(verdict.seq) \(verdict.id) \(verdict.outcome) \(verdict.reason?.code ?? "")")
        }
        checkDelivered(answer.verdicts)
        let effects = try replica.received(answer.verdicts, epoch: answer.epoch, lastSeq: answer.lastSeq)
        try whenWritten(index) { simulation in
            try simulation.took(index, effects)
            try simulation.sender(index, .verdictsStored)
        }
    }

    private func recover(_ recovery: QueueSender.Recovery, _ index: Int) throws {
        guard let replica = devices[index].process?.replica else { return }
        count("recoveries")
        trace("d\(index) recovers: \(recovery)")
        switch recovery {
        case .sequenceGap(let expected): try took(index, try replica.sequenceGap(expected: expected))
        case .epochChanged(let epoch, let lastSeq):
            try took(index, try replica.epochChanged(epoch, lastSeq: lastSeq))
        }
        devices[index].disk.noteSync()
        try sender(index, .recovered(random: random.next()))
    }

    /// What one event of the replica changed reaches its client and the ledger.
    ///
    /// - Parameter unseen: shapes that are in view already, and of which the client is told later.
    func took(_ index: Int, _ effects: Effects, unseen: [String] = []) throws {
        guard let replica = devices[index].process?.replica else { return }
        for record in effects.operations.compactMap(\.record) { noteState(record) }
        guard var client = devices[index].process?.client else { return }
        let fits = try client.apply(effects) { try replica.read(shape: $0, limit: 100_000).rows }
        devices[index].process?.client = client
        if !fits { violate(.atomicity, "d\(index): a change does not fit what its client holds") }
        try checkOwnWrites(index, unseen: unseen)
    }

    static func isSeen(_ shape: HeldShape) -> Bool {
        switch shape.status {
        case .live, .stale: true
        case .initial, .ended: false
        }
    }
}
