import Dispatch
import JSONText
import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import Synchronization

/// A service in memory that speaks the wire: one table, its changes, and verdicts. What it does is decided by the
/// test, never by time.
final class FakeService: HTTPPort {
    struct State {
        var isAway = false
        var refusal: ServiceError?
        /// Bearer token that is wanted, if any.
        var token: String?
        var epoch = Epoch("7301/1")
        var position: UInt64 = 100
        var confirmedSeq: Int64 = 0
        /// Effects come back in the stream at once; otherwise with `echo`.
        var echoesAtOnce = true
        var outcome = Verdict.Outcome.applied
        var reason: Reason?
        var lost: [LostWrite] = []
        /// id and body, by id.
        var rows: [String: String] = [:]
        var log: [(tx: UInt64, message: ShapeMessage)] = []
        /// Position at which each handle's snapshot was taken.
        var handles: [String: UInt64] = [:]
        var lastSeq: Int64 = 0
        var unechoed: [SequencedOperation] = []
        var held: [UInt64: Held] = [:]
        var lastTransfer: UInt64 = 0
        var counts: [String: Int] = [:]
        var batches: [[Int64]] = []
        /// A batch with an operation on one of these rows is no request that the service takes.
        var unreadableRows: Set<String> = []
        var toldSeq: [String: Int64] = [:]
        var dataModel: String?
        var schema = FakeService.schema
        var schemaTag: String?
        /// Rows of one answer of a snapshot; nil: all at once.
        var chunkRows: Int?
        /// Those with a greater number are held back.
        var chunksAllowed = Int.max
        /// Number and first row of each chunk that was sent, in their order.
        var chunksSent: [String] = []
        /// The next answer of the stream breaks off after so many lines.
        var linesBeforeBreak: Int?
        /// Told of every shape.
        var failures = ShapeFailures.none
        /// What is answered of every row; nil: never anything.
        var explanation: Explanation?
        var explanationRefusal: ServiceError?
        var askedRows: [ExplainRequest] = []
        /// Of the last stream request.
        var asked: [ShapeDefinition] = []
        /// Of each that named other shapes than the one before.
        var askedInTurn: [[ShapeDefinition]] = []
    }

    struct Held {
        let request: SyncRequest
        let receive: @Sendable (HTTPEvent) -> Void
    }

    static let table = TableName("notes")
    static let schema = DatabaseSchema(tables: [
        TableSchema(
            name: table,
            columns: [
                Column("id", number: 1, type: ColumnType("text"), isNotNull: true),
                Column("body", number: 2, type: ColumnType("text")),
            ], primaryKey: ["id"])
    ])

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "fake service")

    func set(_ change: @Sendable (inout State) -> Void) {
        state.withLock { change(&$0) }
        queue.async { self.wakeHeld() }
    }

    func get<Value: Sendable>(_ read: @Sendable (State) -> Value) -> Value { state.withLock { read($0) } }

    /// A write of somebody else.
    func write(_ id: String, _ body: String?) {
        state.withLock { $0.write(id, body) }
        queue.async { self.wakeHeld() }
    }

    /// What was applied comes back in the stream.
    func echo() {
        state.withLock { $0.echo() }
        queue.async { self.wakeHeld() }
    }

    /// Every request in flight breaks.
    func goAway() {
        let held = state.withLock { state in
            state.isAway = true
            defer { state.held = [:] }
            return state.held.keys.sorted().compactMap { state.held[$0] }
        }
        queue.async { for held in held { held.receive(.failed(.interrupted("gone"))) } }
    }

    func comeBack() { state.withLock { $0.isAway = false } }

    // MARK: - The port

    func send(_ request: HTTPRequest, receive: @escaping @Sendable (HTTPEvent) -> Void) -> HTTPTransferID {
        let id = state.withLock { state in
            state.lastTransfer += 1
            state.counts[request.path, default: 0] += 1
            return state.lastTransfer
        }
        queue.async { self.answer(request, id, receive) }
        return HTTPTransferID(id)
    }

    func cancel(_ id: HTTPTransferID) {
        state.withLock { $0.counts["cancelled", default: 0] += 1 }
        queue.async {
            let held = self.state.withLock { $0.held.removeValue(forKey: id.number) }
            held?.receive(.failed(.cancelled))
        }
    }

    private func answer(_ request: HTTPRequest, _ id: UInt64, _ receive: @escaping @Sendable (HTTPEvent) -> Void) {
        if state.withLock({ $0.isAway }) { return receive(.failed(.unreachable("nobody there"))) }
        if let error = refusal(of: request) { return Self.send(error.code.status, error.body, receive) }
        do throws(ServiceError) {
            switch ServiceRoute(rawValue: request.path) {
            case .schema:
                let now = state.withLock { $0 }
                guard let epoch = now.epoch else { return }
                let dataModel = now.dataModel.map { Text($0) }
                let answer = SchemaAnswer(
                    epoch: epoch, tag: now.schemaTag ?? "", schema: now.schema, dataModel: dataModel)
                Self.send(200, answer.body, receive)
            case .sync:
                let sync = try SyncRequest(body: request.body)
                state.withLock { $0.held[id] = Held(request: sync, receive: receive) }
                wakeHeld()
            case .operations:
                let operations = try OperationsRequest(body: request.body)
                let answer = try state.withLock { state throws(ServiceError) in
                    if let refusal = state.refusal(of: operations) { throw refusal }
                    return state.decide(operations)
                }
                wakeHeld()
                Self.send(200, answer.body, receive)
            case .explain:
                let asked = try ExplainRequest(body: request.body)
                let answer = try state.withLock { state throws(ServiceError) -> ExplainAnswer? in
                    state.askedRows.append(asked)
                    if let refusal = state.explanationRefusal { throw refusal }
                    return state.explanation.map { ExplainAnswer(position: state.position, explanation: $0) }
                }
                if let answer { Self.send(200, answer.body, receive) }
            case .health, .shape, nil: Self.send(404, [], receive)
            }
        } catch {
            Self.send(error.code.status, error.body, receive)
        }
    }

    private func refusal(of request: HTTPRequest) -> ServiceError? {
        state.withLock { state in
            if let token = state.token,
                !request.headers.contains(HTTPField(ServiceHeader.authorization, "Bearer \(token)"))
            {
                return ServiceError(.unauthorized, "the token is wrong: get a new one")
            }
            return state.refusal
        }
    }

    /// Answers the live requests that have something to be told.
    private func wakeHeld() {
        let answers = state.withLock { state in
            var answers: [(Held, [UInt8], linesBeforeBreak: Int?)] = []
            for id in state.held.keys.sorted() {
                guard let held = state.held[id], let lines = state.answer(held.request) else { continue }
                state.held[id] = nil
                answers.append((held, lines, state.linesBeforeBreak))
                state.linesBeforeBreak = nil
            }
            return answers
        }
        for (held, lines, linesBeforeBreak) in answers {
            guard let linesBeforeBreak else {
                Self.send(200, lines, held.receive)
                continue
            }
            let part = lines.split(separator: UInt8(ascii: "\n")).prefix(linesBeforeBreak)
            held.receive(.head(HTTPResponseHead(status: 200)))
            for line in part { held.receive(.bytes(Array(line) + [UInt8(ascii: "\n")])) }
            held.receive(.failed(.interrupted("gone")))
        }
    }

    private static func send(_ status: Int, _ body: [UInt8], _ receive: (HTTPEvent) -> Void) {
        receive(.head(HTTPResponseHead(status: status)))
        if !body.isEmpty { receive(.bytes(body)) }
        receive(.finished)
    }
}

extension FakeService.State {
    mutating func write(_ id: String, _ body: String?) {
        position += 1
        let isNew = rows[id] == nil
        rows[id] = body
        let fields = [ShapeMessage.Field("id", .text(Text(id)))]
        log.append(
            (
                position,
                ShapeMessage(
                    kind: body == nil ? .delete : isNew ? .insert : .update, table: FakeService.table,
                    key: RowKey(values: [.text(Text(id))]),
                    fields: body.map { fields + [ShapeMessage.Field("body", .text(Text($0)))] } ?? fields,
                    clock: RowClock(version: Int64(position), clock: HybridTimestamp(microseconds: Int64(position))),
                    origin: ShapeMessage.Origin(offset: LogOffset(tx: position, op: 0), xid: 7, isLast: true))
            ))
    }

    /// The database comes back in another history, as it stood before the operations beyond `lastSeq`.
    mutating func failOver(lastSeq: Int64, rows: [String: String]) {
        epoch = epoch.map { Epoch(systemIdentifier: $0.systemIdentifier, timeline: $0.timeline + 1) }
        self.lastSeq = lastSeq
        confirmedSeq = lastSeq
        self.rows = rows
        position += 1000
        log = []
        handles = [:]
        toldSeq = [:]
    }

    func refusal(of request: OperationsRequest) -> ServiceError? {
        if let theirs = request.epoch, let epoch, theirs != epoch { return .epochChanged(to: epoch, lastSeq: lastSeq) }
        for (index, sent) in request.operations.enumerated() {
            if index == 0, sent.seq > lastSeq + 1 { return .sequenceGap(expected: lastSeq + 1) }
            if unreadableRows.contains(sent.operation.key["id"]?.string ?? "") {
                return .badRequest("operations[\(index)].set.body: not of this form")
            }
        }
        return nil
    }

    mutating func decide(_ request: OperationsRequest) -> OperationsAnswer {
        batches.append(request.operations.map(\.seq))
        var verdicts: [Verdict] = []
        for operation in request.operations {
            lastSeq = max(lastSeq, operation.seq)
            verdicts.append(
                Verdict(
                    seq: operation.seq, id: operation.operation.id, outcome: outcome, at: operation.operation.at,
                    lost: lost, reason: reason))
            unechoed.append(operation)
        }
        if let withdrawal = request.withdrawal { verdicts = withdraw(withdrawal) }
        if echoesAtOnce { echo() }
        return OperationsAnswer(
            epoch: epoch ?? Epoch(systemIdentifier: "1", timeline: 1), replica: request.replica, lastSeq: lastSeq,
            at: HybridTimestamp(microseconds: 1), verdicts: verdicts)
    }

    private mutating func withdraw(_ withdrawal: Withdrawal) -> [Verdict] {
        withdrawal.operations.map { entry in
            let isDone = entry.seq <= lastSeq
            lastSeq = max(lastSeq, entry.seq)
            return Verdict(
                seq: entry.seq, id: entry.id, outcome: isDone ? .applied : .rejected,
                at: HybridTimestamp(microseconds: 1), reason: isDone ? nil : withdrawal.reason, isDuplicate: isDone)
        }
    }

    mutating func echo() {
        for sent in unechoed {
            if outcome == .applied {
                let body = sent.operation.set["body"]?.text?.string ?? ""
                write(sent.operation.key["id"]?.string ?? "", sent.operation.action == .delete ? nil : body)
            }
            position += 1
            confirmedSeq = max(confirmedSeq, sent.seq)
        }
        unechoed = []
    }

    /// nil: there is nothing to say, and the request can wait.
    mutating func answer(_ request: SyncRequest) -> [UInt8]? {
        guard let epoch else { return nil }
        asked = request.shapes.map(\.definition)
        if askedInTurn.last != asked { askedInTurn.append(asked) }
        if request.shapes.contains(where: { chunk(after: $0.offset).map { $0 >= chunksAllowed } ?? false }) {
            return nil
        }
        let isComplete = chunkRows == nil || request.shapes.allSatisfy { chunk(after: $0.offset) == nil }
        var lines: [SyncAnswerLine] = []
        for shape in request.shapes { lines += answer(shape) }
        let isTold = request.isLive && lines.isEmpty && toldSeq[request.replica.description] == confirmedSeq
        if isTold { return nil }
        toldSeq[request.replica.description] = confirmedSeq
        let frontier = Frontier(
            epoch: epoch, position: position, confirmedSeq: confirmedSeq, isComplete: isComplete,
            serviceClock: HybridTimestamp(microseconds: Int64(position)), schemaTag: schemaTag)
        let all = [.hello(epoch: epoch, server: "fake")] + lines + [.frontier(frontier)]
        return all.flatMap(\.bytes)
    }

    /// The number of the chunk that comes next; nil after all.
    private func chunk(after offset: LogOffset) -> Int? {
        guard chunkRows != nil, offset.isInSnapshot else { return nil }
        return offset == .beforeAll ? 0 : Int(offset.op) + 1
    }

    private mutating func chunkLines(_ shape: SyncRequest.Shape) -> [SyncAnswerLine]? {
        guard let number = chunk(after: shape.offset), let chunkRows else { return nil }
        let handle = shape.handle ?? ShapeHandle("handle \(handles.count) of \(position)")
        if shape.handle == nil { handles[handle.description] = position }
        let ids = rows.keys.sorted()
        let part = ids.dropFirst(number * chunkRows).prefix(chunkRows)
        chunksSent.append("\(number) \(part.first ?? "")")
        let messages = part.map { id in
            ShapeMessage(
                kind: .insert, table: FakeService.table, key: RowKey(values: [.text(Text(id))]),
                fields: [
                    ShapeMessage.Field("id", .text(Text(id))),
                    ShapeMessage.Field("body", .text(Text(rows[id] ?? ""))),
                ])
        }
        let isLast = (number + 1) * chunkRows >= ids.count
        let line = SyncAnswerLine.messages(
            SyncAnswerLine.ShapeMessages(
                shape: shape.id, handle: handle,
                offset: isLast ? .snapshotEnd : LogOffset(tx: 0, op: UInt64(number)), messages: messages,
                hasMore: true))
        return (number == 0 ? [.reset(shape: shape.id, handle: handle, tables: [FakeService.table])] : []) + [line]
    }

    private mutating func answer(_ shape: SyncRequest.Shape) -> [SyncAnswerLine] {
        guard shape.definition.rootTable == FakeService.table else {
            return [.ended(shape: shape.id, reason: Reason(code: "unknown_table", message: "there is no such table"))]
        }
        if let lines = chunkLines(shape) { return lines }
        guard let handle = shape.handle, let start = handles[handle.description] else {
            let handle = ShapeHandle("handle \(handles.count) of \(position)")
            handles[handle.description] = position
            // What comes in later for what went, it does not tell.
            let messages = rows.keys.sorted().prefix(shape.definition.root.limit ?? .max).map { id in
                ShapeMessage(
                    kind: .insert, table: FakeService.table, key: RowKey(values: [.text(Text(id))]),
                    fields: [
                        ShapeMessage.Field("id", .text(Text(id))),
                        ShapeMessage.Field("body", .text(Text(rows[id] ?? ""))),
                    ])
            }
            return [
                .reset(shape: shape.id, handle: handle, tables: [FakeService.table]),
                .messages(
                    SyncAnswerLine.ShapeMessages(
                        shape: shape.id, handle: handle, offset: .snapshotEnd, messages: messages, hasMore: false)),
            ]
        }
        let news = log.filter { $0.tx > max(start, shape.offset.tx) }
        let told = failures.tag == shape.failureTag ? nil : failures
        guard !news.isEmpty || told != nil else { return [] }
        return [
            .messages(
                SyncAnswerLine.ShapeMessages(
                    shape: shape.id, handle: handle, offset: .endOf(tx: news.last?.tx ?? position),
                    messages: news.map(\.message), hasMore: false, failures: told))
        ]
    }
}
