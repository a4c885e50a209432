import GRDB
import JSONText
import Shapes
import SyncModel
import SyncProtocol

/// One request for a one-table shape, with all that answering it needs. A class, and what does not wait is not inlined:
/// what stands in the frames of a request stands there for as long as it is held.
final class ElectricReader: Sendable {
    /// About how many log entries one response carries.
    private static let entryLimit = 20_000

    let route: ElectricRoute
    let parameters: ElectricParameters
    let kept: KeptShape
    let table: TableSchema
    let isGet: Bool

    init(
        route: ElectricRoute, parameters: ElectricParameters, kept: KeptShape, table: TableSchema, isGet: Bool
    ) {
        self.route = route
        self.parameters = parameters
        self.kept = kept
        self.table = table
        self.isGet = isGet
    }

    var mirror: Mirror { route.mirror }

    /// What one look comes to.
    private enum Outcome {
        case answer(ElectricAnswer)
        case outOfBounds
        case nothingYet
    }

    /// Notes that the shape is asked for, whose table must be what it was when it was looked up.
    @inline(never) func begin() throws {
        mirror.used(kept, now: route.now().microseconds)
        guard mirror.catalogue?[table.name] == table else {
            throw ServiceError(.notReady, "the table has just changed: try again")
        }
    }

    /// Where the asker stands in a past that this mirror does not have.
    @inline(never) func gap() -> LogOffset? {
        guard case .at(let offset) = parameters.offset, parameters.handle == kept.handle,
            mirror.state.position?.gaps.contains(offset.tx) == true
        else { return nil }
        return offset
    }

    func firstChunk() async throws -> ElectricAnswer {
        try await answer { try self.lookForFirstChunk() }
    }

    /// The next snapshot chunk, or what the log has.
    func next(after offset: LogOffset) async throws -> ElectricAnswer {
        try await answer { try self.lookForNext(after: offset) }
    }

    func live(after offset: LogOffset) async throws -> ElectricAnswer {
        let deadline = ContinuousClock.now + route.hold
        return try await answer(until: deadline) { try self.lookForNews(after: offset, until: deadline) }
    }

    /// Looks until there is an answer. `deadline`: when nothing is one.
    private func answer(
        until deadline: ContinuousClock.Instant? = nil, _ look: () throws -> Outcome
    ) async throws -> ElectricAnswer {
        while true {
            let seen = mirror.signal.count
            switch try look() {
            case .answer(let answer): return answer
            case .outOfBounds: return try await outOfBounds()
            case .nothingYet: break
            }
            try await wait(seen: seen, atMost: deadline.map { $0 - ContinuousClock.now } ?? route.hold)
        }
    }

    @inline(never) private func lookForFirstChunk() throws -> Outcome {
        if parameters.isChangesOnly {
            return .answer(respond([], from: .beforeAll, to: .firstChunk, isUpToDate: nil, isLive: false))
        }
        if let chunk = try mirror.readHere({ db in
            let reader = ShapeLogReader(db: db)
            return try reader.continues(kept, after: .beforeAll) ? try reader.chunk(0, of: kept.id) : nil
        }) {
            return .answer(respond([chunk.body], from: .beforeAll, to: .firstChunk, isUpToDate: nil, isLive: false))
        }
        if let failure = mirror.state.failures[kept.handle] {
            throw ServiceError(.tooLarge, failure.message)
        }
        guard let current = mirror.keptShape(kept.handle), current.floor == nil else {
            return .answer(mustRefetch(nil))
        }
        return .nothingYet
    }

    func fromNow() throws -> ElectricAnswer {
        guard let end = try mirror.readHere({ db in try end(db) }) else { return mustRefetch(nil) }
        return respond([], from: nil, to: end.last, isUpToDate: end.upToDate, isLive: false, hasData: false)
    }

    @inline(never) private func lookForNext(after offset: LogOffset) throws -> Outcome {
        switch try mirror.readHere({ db in try look(after: offset, db) }) {
        case .chunk(let body, let reached):
            return .answer(respond([body], from: offset, to: reached, isUpToDate: nil, isLive: false))
        case .changes(let body, let reached, let upToDate):
            return .answer(respond([body], from: offset, to: reached, isUpToDate: upToDate, isLive: false))
        case .nothing(let end):
            if offset > end.last { return .outOfBounds }
            return .answer(respond([], from: offset, to: end.last, isUpToDate: end.upToDate, isLive: false))
        case .ended: return .answer(mustRefetch(nil))
        case .notYet: return mirror.keptShape(kept.handle) == nil ? .answer(mustRefetch(nil)) : .nothingYet
        }
    }

    @inline(never) private func lookForNews(
        after offset: LogOffset, until deadline: ContinuousClock.Instant
    ) throws -> Outcome {
        guard mirror.keptShape(kept.handle) != nil else { return .answer(mustRefetch(nil)) }
        switch try mirror.readHere({ db in try look(after: offset, db) }) {
        case .chunk(let body, let reached):
            return .answer(respond([body], from: offset, to: reached, isUpToDate: nil, isLive: true))
        case .changes(let body, let reached, let upToDate):
            return .answer(respond([body], from: offset, to: reached, isUpToDate: upToDate, isLive: true))
        case .nothing(let end):
            if offset > end.last { return .outOfBounds }
            guard ContinuousClock.now >= deadline || mirror.signal.isClosed else { return .nothingYet }
            return .answer(
                respond(
                    [], from: offset, to: end.last, isUpToDate: end.upToDate, isLive: true, hasData: false))
        case .ended: return .answer(mustRefetch(nil))
        case .notYet: return .nothingYet
        }
    }

    private func wait(seen: UInt64, atMost limit: Duration) async throws {
        guard !mirror.signal.isClosed else { throw ServiceError(.notReady, "the service is stopping") }
        await mirror.signal.wait(
            for: ReaderSignal.Interest(shapes: [kept.id], seen: seen), atMost: limit)
    }

    private enum Found: Sendable {
        case chunk([UInt8], LogOffset)
        case ended
        /// With the newest transaction seen, where these changes reach the end of the log.
        case changes([UInt8], LogOffset, upToDate: UInt64?)
        case nothing(End)
        case notYet
    }

    /// How far the log is told.
    private struct End: Sendable {
        let last: LogOffset
        /// The newest transaction that it covers.
        let upToDate: UInt64
    }

    /// nil: there is no mirror any more.
    private func end(_ db: Database) throws -> End? {
        guard let position = try MirrorPosition.read(in: db) else { return nil }
        let last = try ShapeLogReader(db: db).lastOffset(of: kept.id, through: position.told)
        return End(last: last ?? .snapshotEnd, upToDate: min(position.position, position.told))
    }

    private func look(after offset: LogOffset, _ db: Database) throws -> Found {
        let reader = ShapeLogReader(db: db)
        guard try reader.continues(kept, after: offset) else { return .ended }
        if offset.isInSnapshot {
            let number = Int(clamping: offset.op) + 1
            if let chunk = try reader.chunk(number, of: kept.id) {
                return .chunk(chunk.body, LogOffset(tx: 0, op: UInt64(number)))
            }
            guard try reader.chunkCount(of: kept.id) != nil else { return .notYet }
        }
        let from = kept.place(after: offset)
        let cut = try reader.cut(of: kept.id, after: from, limit: Self.entryLimit)
        guard let position = try MirrorPosition.read(in: db), let end = try end(db) else { return .ended }
        let renderer = MessageRenderer(kept, catalogue: DatabaseSchema(tables: [table]))
        var json = JSONWriter(reserving: 4096)
        json.beginArray()
        var reached: LogOffset?
        try reader.forEachChange(of: kept.id, after: from, through: min(cut ?? .max, position.told)) {
            renderer.write($0, to: &json)
            reached = $0.offset
        }
        guard let reached else { return .nothing(end) }
        return .changes(Array(json.bytes.dropFirst()), reached, upToDate: cut == nil ? end.upToDate : nil)
    }

    private func outOfBounds() async throws -> ElectricAnswer {
        // Electric holds such a request for half a poll: another server may be behind the same address.
        await mirror.signal.wait(
            for: ReaderSignal.Interest(seen: mirror.signal.count), atMost: route.hold / 2)
        return .invalid("offset", "out of bounds for this shape")
    }

    /// `bodies` are messages joined by commas.
    private func respond(
        _ bodies: [[UInt8]], from offset: LogOffset?, to reached: LogOffset, isUpToDate: UInt64?, isLive: Bool,
        hasData: Bool = true
    ) -> ElectricAnswer {
        var json = JSONWriter(reserving: bodies.reduce(256) { $0 + $1.count })
        json.beginArray()
        for body in bodies where !body.isEmpty { json.raw(body) }
        if let lastSeen = isUpToDate { ElectricMessage.writeUpToDate(lastSeen: lastSeen, to: &json) }
        json.endArray()
        var headers: [(name: String, value: String)] = [
            ("cache-control", cacheControl(offset)), ("electric-handle", kept.handle.description),
            ("electric-offset", reached.description), ("electric-has-data", hasData ? "true" : "false"),
        ]
        if let offset {
            let etag = "\(kept.handle):\(offset):\(reached)" + (hasData ? "" : ":\(mirror.signal.count)")
            headers.append(("etag", "\"\(etag)\""))
        }
        if isLive {
            let cursor = ElectricCursor.next(
                after: parameters.cursor, now: route.now().microseconds / 1_000_000,
                holdSeconds: route.hold.components.seconds, random: route.random())
            headers.append(("electric-cursor", String(cursor)))
        } else {
            let selection = kept.shape.selection(of: table.name)
            headers.append(("electric-schema", ElectricSchema.header(table, selection: selection)))
        }
        if isUpToDate != nil { headers.append(("electric-up-to-date", "")) }
        return ElectricAnswer(status: 200, headers: headers, body: json.bytes)
    }

    func mustRefetch(_ handle: ShapeHandle?) -> ElectricAnswer {
        var answer = ElectricAnswer.mustRefetch(handle)
        if kept.shape.grant.isRestricted { answer.makePrivate() }
        return answer
    }

    private func cacheControl(_ offset: LogOffset?) -> String {
        if kept.shape.grant.isRestricted { return ElectricAnswer.privately }
        guard isGet else { return "no-cache" }
        if offset == .beforeAll {
            if let seconds = route.cacheSeconds { return "public, max-age=\(seconds)" }
            return "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"
        }
        if parameters.isLive { return "public, max-age=5, stale-while-revalidate=5" }
        return "public, max-age=60, stale-while-revalidate=300"
    }
}
