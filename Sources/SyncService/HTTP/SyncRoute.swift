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
        let schemaTag = mirror.state.schemaTag
        while true {
            let seen = mirror.signal.count
            let known = mirror.state
            let subjects = try await subjects(of: request, access)
            let answer = SyncAnswer(mirror: mirror, request: request, serviceClock: now())
            let composed: SyncAnswer.Composed
            do {
                composed = try mirror.readHere { db in try answer.compose(subjects, known: known, db: db) }
            } catch is SyncAnswer.ShapeEnded {
                continue
            }
            // Tables that come are in no shape yet; a device learns of them by the frontier.
            let isNews = composed.isNews || known.schemaTag != schemaTag
            let isWaiting = !isNews && (request.isLive || Self.hasUnfinishedSnapshot(subjects))
            let isOver = ContinuousClock.now >= deadline || mirror.signal.isClosed
            if !isWaiting || isOver { return composed.bytes }
            await mirror.signal.wait(
                for: ReaderSignal.Interest(
                    shapes: subjects.compactMap { $0.kept?.id }, replica: request.replica, seen: seen),
                atMost: deadline - ContinuousClock.now)
        }
    }

    /// A service that was killed may know less at first than it had told: a frontier never goes back.
    private func awaitFrontier(of request: SyncRequest) async throws {
        let known = request.shapes.filter { mirror.keptShape($0.handle) != nil }
        guard let told = known.map(\.offset.tx).max(), told > mirror.frontier else { return }
        await mirror.signal.wait(for: ReaderSignal.Interest(seen: 0, frontier: told), atMost: hold)
        guard mirror.frontier >= told else {
            throw ServiceError(.notReady, "the mirror is behind what it has told: try again shortly")
        }
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

    private func subjects(of request: SyncRequest, _ access: ReadAccess) async throws -> [SyncAnswer.Subject] {
        var subjects: [SyncAnswer.Subject] = []
        for refusal in request.refusals { subjects.append(.ended(id: refusal.id, refusal.reason)) }
        for (number, shape) in request.shapes.enumerated() {
            // What is wanted most comes first in the request, and is served.
            guard number < limits.perClient else {
                subjects.append(.ended(id: shape.id, Self.tooMany(limits.perClient)))
                continue
            }
            let subject = try await subject(shape, access)
            if let kept = subject.kept { mirror.used(kept, now: now().microseconds) }
            subjects.append(subject)
        }
        return subjects
    }

    private static func tooMany(_ limit: Int) -> Reason {
        Reason(
            code: ServiceError.Code.tooLarge.rawValue,
            message: "the service takes at most \(limit) shapes of one device (max_shapes_per_client): let go of one")
    }

    private func subject(_ shape: SyncRequest.Shape, _ access: ReadAccess) async throws -> SyncAnswer.Subject {
        if let known = mirror.subject(shape, access) { return known }
        do {
            let kept = try await mirror.keep(shape.definition, form: .stream, access: access, limits: limits)
            return .beginning(kept, of: shape)
        } catch let error as ShapeError {
            return .ended(id: shape.id, Reason(code: error.code.rawValue, message: error.description))
        }
    }
}
