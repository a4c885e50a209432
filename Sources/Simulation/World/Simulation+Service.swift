import Merge
import SeededRandom
import SyncClient
import SyncModel
import SyncProtocol
import SyncService

/// The service's driver, and what PostgreSQL sends it.
extension Simulation {
    /// Small, so that logs reach it.
    static let retention = Mirror.Retention(seconds: 60, entries: 150)

    var serviceClock: HybridTimestamp { HybridTimestamp(microseconds: time.microseconds) }

    func openService() throws {
        guard service.process == nil else { return }
        service.life += 1
        let forgotten = options.canary == .forgottenRule ? ModelTables.comments : nil
        let mirror = try SynchronousMirror(path: service.disk.path, rules: try Sight.rules(without: forgotten))
        service.process = SimulatedService.Process(mirror: mirror, streamed: 0)
        try follow()
        service.disk.noteSync()
        service.disk.sweep()
    }

    /// Connects: decides whether the stream goes on, or tables are read anew.
    func follow(doubting doubted: [TableName] = []) throws {
        guard let mirror = service.process?.mirror else { return }
        let slot = service.flushed.map { MirrorPlan.Slot(confirmed: $0, isLost: false) }
        let plan = mirror.plan(server: service.epoch, slot: slot, catalogue: database.schema, doubting: doubted)
        trace("the service: \(Self.text(plan))")
        switch plan {
        case .resume: break
        case .copy, .compareAll:
            count("mirror copies")
            let snapshot = snapshot(at: database.createSlot())
            service.flushed = snapshot.consistentPoint
            try mirror.copy(snapshot, epoch: service.epoch)
        case .compare(let tables, _):
            count(tables.isEmpty ? "catalogues taken over" : "tables compared")
            try mirror.compare(tables, snapshot(at: database.createSlot()))
            // Where nobody else commits, the stream would not come to it.
            if !tables.isEmpty { database.heartbeat() }
        }
        let resume = mirror.position?.resume ?? .zero
        service.process?.streamed =
            database.commits.firstIndex { $0.transaction.position >= resume } ?? database.commits.count
        noteMoment()
        try answerHeld()
    }

    private static func text(_ transaction: SourceTransaction) -> String {
        transaction.events.map { event in
            switch event {
            case .change(let change) where change.table == ClockRow.table: ""
            case .change(let change):
                "\(change.kind) \(change.table.name) \((change.new ?? change.old)?.first.map { "\($0)" } ?? "")"
            case .truncate(let tables): "truncate \(tables.map(\.name))"
            case .message(let message): message.content.string
            case .relation: ""
            }
        }.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func text(_ plan: MirrorPlan) -> String {
        switch plan {
        case .resume(let lsn): "resumes at \(lsn)"
        case .copy(let reason): "copies: \(reason)"
        case .compareAll(let reason): "compares all: \(reason)"
        case .compare(let tables, let reason): "compares \(tables.map(\.description)): \(reason)"
        }
    }

    private func snapshot(at point: LSN) -> SynchronousMirror.Snapshot {
        var rows: [(table: TableName, row: Row, clock: RowClock)] = []
        for table in database.schema.tables {
            let found = database.rows[table.name] ?? [:]
            for key in found.keys.sorted() {
                if let row = found[key] { rows.append((table.name, row, database.clock(table.name, key))) }
            }
        }
        return SynchronousMirror.Snapshot(
            rows: rows, catalogue: database.schema, consistentPoint: point, time: database.now,
            nextXID: UInt64(database.xid) + 1, confirmed: database.confirmed)
    }

    /// What the mirror has come to stand for.
    private func noteMoment() {
        guard let position = service.process?.mirror.position else { return }
        noteMoment(tx: position.position, now: position.committedAt)
    }

    /// `tx`: of the newest commit that is in it.
    private func noteMoment(tx: UInt64, now: Int64) {
        guard let process = service.process, let catalogue = process.mirror.catalogue else { return }
        let commit = process.streamed > 0 ? database.commits[process.streamed - 1] : nil
        let moment = History.Moment(
            tx: tx, rows: commit?.rows ?? [:], schema: commit?.schema ?? database.schema, catalogue: catalogue, now: now
        )
        // Told later, and not as of this moment.
        if process.mirror.isUnsettled { return history.noteUntold(moment) }
        if let before = history.moments.last, before.tx < moment.tx { countLostPermissions(from: before, to: moment) }
        history.note(moment, commits: process.streamed)
    }

    func killService(losingUnsynced: Bool) throws {
        guard service.process != nil else { return }
        count("fault: service kill")
        trace("the service is killed")
        for held in service.process?.held ?? [] where random.chance(60) {
            time.schedule(.answerArrives(held.exchange, [.failed(.interrupted("reset"))]), in: 2)
        }
        if try service.disk.crash(losingUnsynced: losingUnsynced) { count("fault: service power cut") }
        service.process = nil
        time.schedule(.openService, in: random.within(20...500))
    }

    // MARK: - The stream

    /// The next commits reach the mirror, alone or some together.
    func streamOn() throws {
        time.schedule(.stream, in: isHealed ? 2 : random.chance(5) ? random.within(50...300) : random.within(1...12))
        guard let mirror = service.process?.mirror else { return }
        let frontier = mirror.frontier
        var room = random.within(1...4)
        while room > 0, let process = service.process, process.streamed < database.commits.count {
            let isAlone = mirror.awaitsComparison || mirror.isUnsettled || process.streamed.isMultiple(of: 2)
            let size = isAlone ? 1 : min(room, database.commits.count - process.streamed)
            let commits = database.commits[process.streamed..<(process.streamed + size)]
            if let differs = try take(Array(commits), mirror) {
                count("tables described otherwise")
                return try follow(doubting: [differs])
            }
            room -= size
            try checkLogs()
        }
        if service.process?.streamed == database.commits.count {
            try mirror.frontierMoved(to: LSN(database.end.rawValue - 1))
            noteMoment()
        }
        if mirror.frontier > frontier { try answerHeld() }
    }

    /// Gives the table that the stream describes otherwise; then those before are taken in.
    private func take(_ commits: [ModelCommit], _ mirror: SynchronousMirror) throws -> TableName? {
        if commits.count > 1 { count("transactions taken in together") }
        var (tx, now) = (mirror.position?.position ?? 0, mirror.position?.committedAt ?? 0)
        let differs = try mirror.apply(commits.filter { !$0.isSilent }.map { spoilt($0.transaction) })
        guard let position = mirror.position else { return differs }
        // What is told may be cut between any two of them.
        for commit in commits {
            if !commit.isSilent {
                let own = position.offset(of: commit.transaction.position)
                if differs != nil, own > position.position { break }
                (tx, now) = (max(tx, own), max(now, commit.transaction.committedAt))
            }
            detail("the mirror applies \(commit.transaction.position): \(Self.text(commit.transaction))")
            service.process?.streamed += 1
            noteMoment(tx: min(tx, position.position), now: now)
        }
        return differs
    }

    /// Once a second, what is durable is told to PostgreSQL.
    func upkeep() throws {
        time.schedule(.upkeep, in: 100)
        guard let process = service.process else { return }
        if process.flush == nil, let durable = try process.mirror.makeDurable() {
            let mark = service.disk.mark()
            service.process?.flush = (durable, mark)
            if isSlow(service.disk) {
                count("fault: slow disk of the service")
                time.schedule(.flushed(life: service.life), in: random.within(5...90))
            } else {
                flushed(service.life)
            }
        }
        if let due = process.mirror.nextDue, due <= time.microseconds {
            count("heartbeats for time")
            database.heartbeat()
        }
        service.looks += 1
        if service.looks.isMultiple(of: 10) { try look(process.mirror) }
        try checkBounds()
    }

    /// Every ten seconds. DDL is not in the stream.
    private func look(_ mirror: SynchronousMirror) throws {
        try mirror.tidy(now: time.microseconds, retention: Self.retention)
        if mirror.catalogue != database.schema, !mirror.awaitsComparison { try follow() }
    }

    /// Nothing is told to PostgreSQL before.
    func flushed(_ life: Int) {
        guard service.life == life, let flush = service.process?.flush else { return }
        service.process?.flush = nil
        // A slot that was made since is another one.
        if service.flushed != nil { service.flushed = max(service.flushed ?? .zero, flush.position) }
        service.disk.noteSync(flush.mark)
    }

    // MARK: - Requests

    func requestArrived(_ id: Int, isCopy: Bool) throws {
        guard let exchange = exchanges[id] else { return }
        let last = lastArrival[exchange.device]?[exchange.machine] ?? 0
        if id < last { count("fault: request overtaken") }
        lastArrival[exchange.device, default: [:]][exchange.machine] = max(id, last)
        guard service.process != nil else {
            if !isCopy { time.schedule(.answerArrives(id, [.failed(.unreachable("refused"))]), in: 1) }
            return
        }
        switch exchange.machine {
        case .stream: try streamRequested(id, exchange, isCopy: isCopy)
        case .sender: try operationsRequested(id, exchange, isCopy: isCopy)
        case .schema: schemaRequested(id, isCopy: isCopy)
        }
    }

    private func schemaRequested(_ id: Int, isCopy: Bool) {
        guard !isCopy, let mirror = service.process?.mirror, let catalogue = mirror.catalogue,
            let tag = mirror.schemaTag
        else { return }
        reply(id, status: 200, SchemaAnswer(epoch: service.epoch, tag: tag, schema: catalogue, dataModel: nil).body)
    }

    private func streamRequested(_ id: Int, _ exchange: Exchange, isCopy: Bool) throws {
        let request: SyncRequest
        do throws(ServiceError) {
            request = try SyncRequest(body: exchange.body)
        } catch {
            return reply(id, status: error.code.status, error.body)
        }
        let barrier =
            request.isBarrier ? service.process?.mirror.position?.offset(of: LSN(database.end.rawValue - 1)) : nil
        let deadline = time.now + Int(ProtocolLimits.liveHoldSeconds) * 100
        let held = SimulatedService.Held(exchange: id, request: request, barrier: barrier, deadline: deadline)
        if try answer(held, isCopy: isCopy) || isCopy { return }
        count("requests held")
        service.process?.held.append(held)
        time.schedule(.holdExpires(id, life: service.life), in: deadline - time.now)
    }

    /// False: there is nothing to say yet.
    private func answer(_ held: SimulatedService.Held, isCopy: Bool = false) throws -> Bool {
        guard let mirror = service.process?.mirror, let exchange = exchanges[held.exchange] else { return false }
        let isDue = time.now >= held.deadline
        let isBehind = mirror.isBehind(held.request)
        if isBehind || held.barrier.map({ mirror.frontier < $0 }) ?? false {
            guard isDue else { return false }
            if isBehind {
                count("answers of a mirror that is behind")
                if !isCopy { reply(held.exchange, status: 503, ServiceError(.notReady, "it is behind").body) }
                return true
            }
        }
        do {
            let claims = devices[exchange.device].claims
            let answer = try mirror.answer(held.request, claims: claims, now: serviceClock)
            guard answer.isNews || !held.request.isLive || isDue else { return false }
            try checkSight(of: answer.body, for: devices[exchange.device])
            if mirror.isUnsettled { untoldFailures.insert(mirror.frontier) }
            if !isCopy { reply(held.exchange, status: 200, answer.body) }
        } catch let error as ServiceError {
            if !isCopy { reply(held.exchange, status: error.code.status, error.body) }
        }
        return true
    }

    private func answerHeld() throws {
        var left: [SimulatedService.Held] = []
        for held in service.process?.held ?? [] {
            guard let exchange = exchanges[held.exchange], devices[exchange.device].life == exchange.life else {
                continue
            }
            if try !answer(held) { left.append(held) }
        }
        service.process?.held = left
    }

    func holdExpired(_ id: Int, _ life: Int) throws {
        guard service.life == life else { return }
        try answerHeld()
    }

    private func operationsRequested(_ id: Int, _ exchange: Exchange, isCopy: Bool) throws {
        disturb()
        let user = devices[exchange.device].user.string
        let result: Result<OperationsAnswer, ServiceError>
        let request = try? OperationsRequest(body: exchange.body)
        if let request, let error = refusal(of: request) {
            result = .failure(error)
        } else if let canary = options.canary, let request {
            result = spoilt(request, canary, user: user)
        } else {
            result = service.operations(exchange.body, user: user, database: database, arrival: serviceClock)
        }
        database.disturbance = nil
        report.counts["rows brought back"] = database.restorations
        report.counts["rows resurrected"] = database.resurrections
        trace("operations of d\(exchange.device) \(id): \(Self.text(result))")
        // Killed between the commit and the answer.
        if !isHealed, random.chance(1) { return try killService(losingUnsynced: random.chance(40)) }
        if isCopy { return }
        switch result {
        case .success(let answer):
            if request?.withdrawal != nil {
                let done = answer.verdicts.count { $0.outcome == .applied || $0.outcome == .merged }
                count("done before it was given up", done)
                count("given up", answer.verdicts.count { !$0.isDuplicate })
            }
            reply(id, status: 200, answer.body)
        case .failure(let error): reply(id, status: error.code.status, error.body)
        }
    }

    /// Some operations are such that the service mostly takes no batch with them. Others it has done before, and may
    /// refuse when they come again, as after a limit was lowered: a batch is refused as a whole, whatever is known of it.
    private func refusal(of request: OperationsRequest) -> ServiceError? {
        guard !isHealed else { return nil }
        let lastSeq = database.lastSeq(of: request.replica)
        if request.operations.contains(where: { $0.seq <= lastSeq }), random.chance(70) {
            count("fault: repeated batch refused")
        } else if request.operations.contains(where: { unacceptable.contains($0.operation.id) }), random.chance(85) {
            count("fault: batch refused")
        } else {
            return nil
        }
        return ServiceError.badRequest("operations[0]: it cannot be taken")
    }

    private static func text(_ result: Result<OperationsAnswer, ServiceError>) -> String {
        switch result {
        case .success(let answer): answer.verdicts.map { "\($0.seq)=\($0.outcome.rawValue)" }.joined(separator: " ")
        case .failure(let error): error.code.rawValue
        }
    }

    private func disturb() {
        guard !isHealed else { return }
        if random.chance(4) {
            count("fault: commit unknown")
            database.disturbance = .lostCommit
        } else if random.chance(5) {
            count("fault: database call failed")
            let failure: OperationFailure = random.chance(50) ? .retry("deadlock") : .unavailable("gone")
            database.disturbance = .failure(failure, beforeCall: random.below(20))
        }
    }
}
