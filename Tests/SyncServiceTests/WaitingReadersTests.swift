import SeededRandom
import SyncModel
import Testing

@testable import SyncService

/// Who is due is found by what happened; it is the same as asking everybody.
@Suite struct WaitingReadersTests {
    private typealias Interest = ReaderSignal.Interest
    private let start = ContinuousClock.now

    @Test func theyAreDueInTheOrderInWhichTheyCame() {
        var readers = WaitingReaders(limit: 100)
        for id in [3, 1, 2] { readers.add(id, Interest(shapes: [7], seen: 0), until: start) }
        readers.add(4, Interest(shapes: [8], seen: 0), until: start)
        #expect(readers.touched(shape: 7) == [1, 2, 3])
        #expect(readers.touched(shape: 7) == [])
        #expect(readers.close() == [4])
    }

    @Test func oneThatWaitsForAFrontierIsNotWokenByShapes() {
        var readers = WaitingReaders(limit: 100)
        readers.add(1, Interest(shapes: [7], seen: 0, frontier: 20), until: start)
        #expect(readers.touched(shape: 7) == [])
        #expect(readers.applied(tx: 19, shapes: [7], replicas: []) == [])
        #expect(readers.applied(tx: 20, shapes: [], replicas: []) == [1])
    }

    @Test func timeTellsWhoHasWaitedLongEnoughAndWhoIsNext() {
        var readers = WaitingReaders(limit: 100)
        for id in 1...3 { readers.add(id, Interest(shapes: [7], seen: 0), until: start + .seconds(id)) }
        let first = readers.timePassed(to: start + .seconds(2))
        #expect(first.due == [1, 2] && first.next == start + .seconds(3))
        let last = readers.timePassed(to: start + .seconds(3))
        #expect(last.due == [3] && last.next == nil)
    }

    /// Against the definition: whoever waits and is due is told, once, with the event that made it so.
    @Test func noEventMissesAnybodyAndNoneTellsTwice() {
        let seed = SeededGenerator.seed(2_211)
        var random = SeededGenerator(seed: seed)
        var readers = WaitingReaders(limit: 12)
        var waiting: [Int: Interest] = [:]
        var (told, forgotten) = (0, 0)
        for id in 1...4_000 {
            let interest = Interest(
                shapes: (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(in: 1...9, using: &random) },
                replica: Bool.random(using: &random) ? ReplicaID("r\(Int.random(in: 1...5, using: &random))") : nil,
                seen: readers.count, frontier: id % 7 == 0 ? UInt64(id + 5) : nil)
            readers.add(id, interest, until: start)
            waiting[id] = interest
            let due: [Int]
            switch Int.random(in: 0..<6, using: &random) {
            case 0: due = readers.frontierMoved(to: UInt64(id))
            case 1:
                let over = waiting.keys.sorted().randomElement(using: &random) ?? id
                readers.remove(over)
                waiting[over] = nil
                due = []
            case 2, 3: due = readers.touched(shape: .random(in: 1...9, using: &random))
            default:
                due = readers.applied(
                    tx: UInt64(id), shapes: [.random(in: 1...9, using: &random)],
                    replicas: [ReplicaID("r\(Int.random(in: 1...5, using: &random))")])
            }
            if readers.touchedCount == 0 { forgotten += 1 }
            #expect(due == waiting.keys.filter { waiting[$0].map(readers.isDue) ?? false }.sorted())
            for id in due { waiting[id] = nil }
            told += due.count
        }
        print("waiting readers: seed \(seed), told \(told), nothing kept \(forgotten) times")
        #expect(told > 1_000 && forgotten > 10)
    }
}
