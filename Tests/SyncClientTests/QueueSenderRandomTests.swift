import SeededRandom
import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// Exactly-once, as far as the sender has part in it: a replica with a queue, a service that keeps verdicts,
/// and everything between them failing at random and in the end not.
@Suite struct QueueSenderRandomTests {
    private static let seeds = 1...300
    private static let operations: Int64 = 30

    private struct World {
        var fixture: SenderFixture
        var random: SeededGenerator
        /// The replica: seqs up to `queued` exist, up to `acknowledged` have a stored verdict.
        var queued: Int64 = 0
        var acknowledged: Int64 = 0
        /// The service: seqs up to `held` have a verdict.
        var held: Int64 = 0
        var unresolved: OperationsRequest?
        var limit = 0
        var delivered: OperationsAnswer?
        var counts: [String: Int] = [:]
        var problems: [String] = []
    }

    @Test func everyOperationGetsItsVerdict() {
        var counts: [String: Int] = [:]
        for seed in Self.seeds {
            var world = World(
                fixture: SenderFixture(batchSize: 1 + seed % 7), random: SeededGenerator(seed: UInt64(seed)))
            for _ in 0..<300 { Self.step(&world) }
            Self.heal(&world)
            #expect(world.problems + world.fixture.faults == [], "seed \(seed)")
            #expect(world.acknowledged == Self.operations, "seed \(seed): the queue did not drain")
            counts.merge(world.counts) { $0 + $1 }
        }
        print("seeds \(Self.seeds): \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        for kind in QueueSender.EventKind.allCases {
            #expect(counts[kind.rawValue, default: 0] > 0, "\(kind)")
        }
        for name in ["unknown outcome", "resent", "recover", "given up"] {
            #expect(counts[name, default: 0] > 0, "\(name)")
        }
    }

    private static func step(_ world: inout World) {
        let random = world.random.next()
        switch world.random.below(12) {
        case 0, 1:
            if world.queued < operations { world.queued += 1 }
            feed(.queueChanged, &world)
        case 2, 3, 4: replicaAnswers(&world, canFail: true)
        case 5, 6, 7: serviceAnswers(&world)
        case 8: if let timer = world.fixture.timer { feed(.timerFired(timer, random: random), &world) }
        case 9: feed(world.random.below(3) == 0 ? .paused : .resumed, &world)
        case 10: feed([.nudged, .woke, .connectionUp][world.random.below(3)], &world)
        default:
            feed(
                .answerReceived(RequestID(0), SenderFixture.answer(to: SenderFixture.request(1...1))), &world)
        }
    }

    private static func replicaAnswers(_ world: inout World, canFail: Bool) {
        guard let owed = world.fixture.owed else { return }
        let random = world.random.next()
        if canFail, world.random.below(6) == 0 { return feed(.replicaFailed(random: random), &world) }
        switch owed {
        case "takeBatch":
            let last = min(world.queued, world.acknowledged + Int64(world.limit))
            let batch = last > world.acknowledged ? SenderFixture.request(world.acknowledged + 1...last) : nil
            feed(.batchTaken(batch), &world)
        case "deliver":
            world.acknowledged = world.delivered?.verdicts.last?.seq ?? world.acknowledged
            feed(.verdictsStored, &world)
        default: feed(.recovered(random: random), &world)
        }
    }

    private static func serviceAnswers(_ world: inout World) {
        guard let (request, id) = world.fixture.inFlight else { return }
        let random = world.random.next()
        switch world.random.below(7) {
        case 0:
            // The request is lost on its way.
            feed(.requestFailed(id, .connection("gone"), random: random), &world)
        case 1:
            // It is carried out and the answer is lost.
            world.held = max(world.held, request.entries.last?.seq ?? 0)
            if request.withdrawal == nil { world.unresolved = request }
            world.counts["unknown outcome", default: 0] += 1
            feed(.requestFailed(id, .cutOff, random: random), &world)
        case 2:
            world.unresolved = nil
            let error = ServiceError.sequenceGap(expected: world.held + 1)
            feed(.requestFailed(id, .service(error, retryAfter: 0), random: random), &world)
        case 3 where !request.entries.isEmpty:
            if !request.isAlone { world.unresolved = nil }
            feed(.requestFailed(id, .service(.tooLarge("n", 1), retryAfter: 0), random: random), &world)
        case 4: feed(.answerReceived(id, SenderFixture.answer(to: SenderFixture.request(90...91))), &world)
        default: accept(request, id, &world)
        }
    }

    private static func accept(_ request: OperationsRequest, _ id: RequestID, _ world: inout World) {
        if let first = request.entries.first?.seq, first > world.held + 1 {
            world.problems.append("a gap")
        }
        if request.withdrawal != nil { world.counts["given up", default: 0] += 1 }
        world.held = max(world.held, request.entries.last?.seq ?? 0)
        world.unresolved = nil
        feed(.answerReceived(id, SenderFixture.answer(to: request)), &world)
    }

    private static func feed(_ event: QueueSender.Event, _ world: inout World) {
        world.counts[event.kind.rawValue, default: 0] += 1
        for action in world.fixture.feed(event) {
            world.counts[action.name, default: 0] += 1
            switch action {
            case .takeBatch(let limit): world.limit = limit
            case .deliver(let answer): world.delivered = answer
            case .send(let request, _):
                guard let unresolved = world.unresolved else { continue }
                world.counts["resent", default: 0] += 1
                if request != unresolved, request.withdrawal?.operations != unresolved.entries {
                    world.problems.append("something else while an outcome is unknown")
                }
            case .cancelRequest, .startTimer, .cancelTimer, .recover, .statusChanged: break
            }
        }
    }

    /// No more faults: the queue drains.
    private static func heal(_ world: inout World) {
        world.queued = operations
        feed(.resumed, &world)
        feed(.queueChanged, &world)
        for _ in 0..<200 where world.acknowledged < operations {
            replicaAnswers(&world, canFail: false)
            if let (request, id) = world.fixture.inFlight { accept(request, id, &world) }
            if world.fixture.sender.stateKind == .waiting, let timer = world.fixture.timer {
                feed(.timerFired(timer, random: 1), &world)
            }
        }
    }
}

extension OperationsRequest {
    fileprivate var isAlone: Bool { operations.count < 2 }
}
