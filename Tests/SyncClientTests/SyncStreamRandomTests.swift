import SeededRandom
import SyncClient
import SyncModel
import SyncProtocol
import Testing

/// The invariants of `Protocol/sync-stream.md`, under random events, with a service and a replica that fail
/// at random and in the end do not.
@Suite struct SyncStreamRandomTests {
    private static let seeds = 1...300

    /// What the driver around a stream knows, and what the stream must agree with.
    private struct World {
        var fixture = StreamFixture()
        var random: SeededGenerator
        var wanted: [String: SyncRequest.Shape] = [:]
        var lastShape = 0
        var position: UInt64 = 1
        var asked: Int64 = 0
        var reached: Int64 = 0
        /// The greatest barrier that was asked for when the request in flight was sent.
        var askedAtRequest: Int64 = 0
        /// The same, of the batches that were stored.
        var barrierStored: Int64 = 0
        var pending: (barrier: Int64, isComplete: Bool)?
        var counts: [String: Int] = [:]
        var problems: [String] = []

        var shapes: [SyncRequest.Shape] { wanted.keys.sorted().compactMap { wanted[$0] } }
    }

    @Test func invariantsHoldUnderRandomEvents() throws {
        var counts: [String: Int] = [:]
        for seed in Self.seeds {
            var world = World(random: SeededGenerator(seed: UInt64(seed)))
            try Self.feed(.started([]), &world)
            for _ in 0..<200 { try Self.step(&world) }
            try Self.heal(&world)
            #expect(world.problems + world.fixture.faults == [], "seed \(seed)")
            #expect(world.reached == world.asked, "seed \(seed): a barrier was never reached")
            counts.merge(world.counts) { $0 + $1 }
        }
        print("seeds \(Self.seeds): \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        for kind in SyncStream.EventKind.allCases {
            #expect(counts[kind.rawValue, default: 0] > 0, "\(kind)")
        }
        #expect(counts["barrierReached", default: 0] > 0)
    }

    private static func step(_ world: inout World) throws {
        let random = world.random.next()
        let timer = world.random.below(4) == 0 ? TimerID(1) : world.fixture.timer ?? TimerID(1)
        switch world.random.below(16) {
        case 0, 1: try addOrRemoveShape(&world)
        case 2: try feed(.answerProgressed(requestID(&world)), &world)
        case 3, 4, 5, 6: try answer(&world)
        case 7: try feed(.requestFailed(requestID(&world), failure(&world), random: random), &world)
        case 8, 9, 10: try store(&world)
        case 11: try feed(.timerFired(timer, random: random), &world)
        case 12: try feed(world.random.below(2) == 0 ? .paused : .resumed, &world)
        case 13: try feed(.resumed, &world)
        case 14: try feed([.nudged, .networkChanged, .woke][world.random.below(3)], &world)
        default:
            world.asked += 1
            try feed(.barrierRequested(world.asked), &world)
        }
    }

    /// The one under way, or one of before.
    private static func requestID(_ world: inout World) -> RequestID {
        world.random.below(5) == 0 ? RequestID(1) : world.fixture.inFlight?.id ?? RequestID(1)
    }

    private static func failure(_ world: inout World) -> RequestFailure {
        [
            .connection("gone"), .timedOut, .cutOff, .malformed("?"),
            .service(ServiceError(.unauthorized, "no"), retryAfter: 0),
            .service(ServiceError(.notReady, "later"), retryAfter: 3000),
        ][world.random.below(6)]
    }

    private static func addOrRemoveShape(_ world: inout World) throws {
        let names = world.wanted.keys.sorted()
        if let name = names.last, world.random.below(2) == 0 {
            world.wanted[name] = nil
        } else if names.count < 5 {
            world.lastShape += 1
            world.wanted["s\(world.lastShape)"] = try StreamFixture.shape("s\(world.lastShape)")
        }
        try feed(.shapesChanged(world.shapes), &world)
    }

    private static func answer(_ world: inout World) throws {
        guard let (request, id) = world.fixture.inFlight else { return }
        world.position += UInt64(world.random.below(2))
        let isComplete = world.random.below(3) > 0
        let batches = request.shapes.filter { _ in world.random.below(2) == 0 }.map { shape in
            ShapeBatch(
                shape: shape.id, handle: ShapeHandle("h"), offset: .endOf(tx: world.position),
                isReset: shape.handle == nil, hasMore: !isComplete)
        }
        world.pending = (world.askedAtRequest, isComplete)
        try feed(
            .answerReceived(
                id, StreamFixture.batch(batches, position: world.position, isComplete: isComplete)), &world)
    }

    private static func store(_ world: inout World) throws {
        guard let batch = world.fixture.applying else { return }
        if world.random.below(4) == 0 { return try feed(.applyFailed(random: world.random.next()), &world) }
        for shape in batch.shapes {
            guard let known = world.wanted[shape.shape] else {
                // It was given up while the replica was at work.
                continue
            }
            world.wanted[shape.shape] = SyncRequest.Shape(
                id: known.id, definition: known.definition, handle: shape.handle, offset: shape.offset)
        }
        world.barrierStored = max(world.barrierStored, world.pending?.barrier ?? 0)
        try feed(.batchApplied, &world)
    }

    private static func feed(_ event: SyncStream.Event, _ world: inout World) throws {
        world.counts[event.kind.rawValue, default: 0] += 1
        for action in world.fixture.feed(event) {
            world.counts[action.name, default: 0] += 1
            switch action {
            case .request(let request, _):
                world.askedAtRequest = request.isBarrier ? world.asked : 0
                if request.shapes != world.shapes {
                    world.problems.append("a request with other shapes than wanted")
                }
            case .barrierReached(let barrier):
                if barrier > world.barrierStored { world.problems.append("a barrier before its time") }
                if world.pending?.isComplete != true { world.problems.append("a barrier by half a batch") }
                world.reached = max(world.reached, barrier)
            case .apply(let batch):
                let unwanted = batch.shapes.contains { world.wanted[$0.shape] == nil }
                if unwanted { world.problems.append("a shape that is not wanted") }
            case .cancelRequest, .startTimer, .cancelTimer, .statusChanged: break
            }
        }
    }

    /// No more faults: the stream becomes live, and every barrier is reached.
    private static func heal(_ world: inout World) throws {
        try feed(.resumed, &world)
        for _ in 0..<20 where world.fixture.stream.stateKind != .live {
            if let (request, id) = world.fixture.inFlight {
                world.position += 1
                world.pending = (world.askedAtRequest, true)
                let batches = request.shapes.map {
                    ShapeBatch(shape: $0.id, handle: ShapeHandle("h"), offset: .snapshotEnd)
                }
                try feed(.answerReceived(id, StreamFixture.batch(batches, position: world.position)), &world)
            }
            if let batch = world.fixture.applying {
                for shape in batch.shapes {
                    guard let known = world.wanted[shape.shape] else { continue }
                    world.wanted[shape.shape] = SyncRequest.Shape(
                        id: known.id, definition: known.definition, handle: shape.handle, offset: shape.offset
                    )
                }
                world.barrierStored = max(world.barrierStored, world.pending?.barrier ?? 0)
                try feed(.batchApplied, &world)
            }
            if let timer = world.fixture.timer, world.fixture.stream.stateKind == .waiting {
                try feed(.timerFired(timer, random: 1), &world)
            }
        }
        if world.fixture.stream.stateKind != .live { world.problems.append("never live again") }
    }
}
