import GRDB
import Shapes
import SyncModel
import SyncProtocol

/// `POST /v1/sync`: finds or begins the shapes, waits where nothing is new, and answers at one frontier.
struct SyncRoute: Sendable {
    let mirror: Mirror
    let limits: Mirror.ShapeLimits
    /// Commits a marker in PostgreSQL and tells the position that covers it, for `barrier`.
    let barrier: @Sendable () async throws -> LSN
    let hold: Duration
    let now: @Sendable () -> HybridTimestamp

    func answer(_ request: SyncRequest, from person: Person) async throws -> [UInt8] {
        let access = ReadAccess(rules: mirror.rules, claims: person.claims)
        guard mirror.epoch != nil else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        if request.isBarrier { try await awaitBarrier() }
        try await awaitFrontier(of: request)
        let deadline = ContinuousClock.now + hold
        let schemaTag = mirror.schemaTag
        while true {
            switch try await look(request, access, since: schemaTag, until: deadline) {
            case .answer(let bytes): return bytes
            case .again: continue
            case .nothing(let interest):
                await mirror.signal.wait(for: interest, atMost: deadline - ContinuousClock.now)
            }
        }
    }

    private enum Outcome {
        case answer([UInt8])
        /// What was looked up had changed when it was read.
        case again
        case nothing(ReaderSignal.Interest)
    }

    /// What is known before the subjects are looked up, and they. A class, as what is composed stands in functions
    /// that are not inlined: a task's frames hold room for all that may ever stand in them, for as long as it waits.
    private final class Look {
        let seen: UInt64
        let known: Mirror.State
        var subjects: [SyncAnswer.Subject]

        init(_ mirror: Mirror, _ request: SyncRequest) {
            seen = mirror.signal.count
            known = mirror.state
            subjects = request.refusals.map { .ended(id: $0.id, $0.reason) }
        }
    }

    @inline(never) private func look(
        _ request: SyncRequest, _ access: ReadAccess, since schemaTag: String?, until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        let look = Look(mirror, request)
        for number in request.shapes.indices where !take(number, of: request, access, into: look) {
            do {
                let definition = request.shapes[number].definition
                let kept = try await mirror.keep(definition, form: .stream, access: access, limits: limits)
                begin(kept, number, of: request, in: look)
            } catch let error as ShapeError {
                refuse(error, number, of: request, in: look)
            }
        }
        return try compose(request, look, since: schemaTag, until: deadline)
    }

    @inline(never) private func compose(
        _ request: SyncRequest, _ look: Look, since schemaTag: String?, until deadline: ContinuousClock.Instant
    ) throws -> Outcome {
        let answer = SyncAnswer(mirror: mirror, request: request, serviceClock: now())
        let composed: SyncAnswer.Composed
        do {
            composed = try mirror.readHere { db in try answer.compose(look.subjects, known: look.known, db: db) }
        } catch is SyncAnswer.ShapeEnded {
            return .again
        }
        // Tables that come are in no shape yet; a device learns of them by the frontier.
        let isNews = composed.isNews || look.known.schemaTag != schemaTag
        let isWaiting = !isNews && (request.isLive || Self.hasUnfinishedSnapshot(look.subjects))
        let isOver = ContinuousClock.now >= deadline || mirror.signal.isClosed
        if !isWaiting || isOver { return .answer(composed.bytes) }
        let shapes = look.subjects.compactMap { $0.kept?.id }
        return .nothing(ReaderSignal.Interest(shapes: shapes, replica: request.replica, seen: look.seen))
    }

    /// A service that was killed may know less at first than it had told: a frontier never goes back.
    private func awaitFrontier(of request: SyncRequest) async throws {
        guard let told = told(by: request), told > mirror.frontier else { return }
        await mirror.signal.wait(for: ReaderSignal.Interest(seen: 0, frontier: told), atMost: hold)
        guard mirror.frontier >= told else {
            throw ServiceError(.notReady, "the mirror is behind what it has told: try again shortly")
        }
    }

    @inline(never) private func told(by request: SyncRequest) -> UInt64? {
        request.shapes.filter { mirror.keptShape($0.handle) != nil }.map(\.offset.tx).max()
    }

    /// A snapshot that is still being written is worth waiting for, even where the asker does not live-poll.
    private static func hasUnfinishedSnapshot(_ subjects: [SyncAnswer.Subject]) -> Bool {
        subjects.contains { subject in
            if case .kept(_, _, let offset, _, _) = subject { offset.isInSnapshot } else { false }
        }
    }

    private func awaitBarrier() async throws {
        let lsn = try await barrier()
        guard let position = mirror.state.position else { return }
        let interest = ReaderSignal.Interest(seen: 0, frontier: position.offset(of: lsn))
        await mirror.signal.wait(for: interest, atMost: hold)
        guard mirror.frontier >= position.offset(of: lsn) else {
            throw ServiceError(.notReady, "the mirror is behind PostgreSQL: try again shortly")
        }
    }

    /// False: the shape is to be kept first.
    @inline(never) private func take(
        _ number: Int, of request: SyncRequest, _ access: ReadAccess, into look: Look
    ) -> Bool {
        let shape = request.shapes[number]
        // What is wanted most comes first in the request, and is served.
        guard number < limits.perClient else {
            look.subjects.append(.ended(id: shape.id, Self.tooMany(limits.perClient)))
            return true
        }
        guard let known = mirror.subject(shape, access) else { return false }
        if let kept = known.kept { mirror.used(kept, now: now().microseconds) }
        look.subjects.append(known)
        return true
    }

    @inline(never) private func begin(_ kept: KeptShape, _ number: Int, of request: SyncRequest, in look: Look) {
        mirror.used(kept, now: now().microseconds)
        look.subjects.append(.beginning(kept, of: request.shapes[number]))
    }

    @inline(never) private func refuse(_ error: ShapeError, _ number: Int, of request: SyncRequest, in look: Look) {
        let reason = Reason(code: error.code.rawValue, message: error.description)
        look.subjects.append(.ended(id: request.shapes[number].id, reason))
    }

    private static func tooMany(_ limit: Int) -> Reason {
        Reason(
            code: ServiceError.Code.tooLarge.rawValue,
            message: "the service takes at most \(limit) shapes of one device (max_shapes_per_client): let go of one")
    }
}
