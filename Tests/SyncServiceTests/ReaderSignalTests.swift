import SyncModel
import Testing

@testable import SyncService

/// Who waits, for what, and until when.
@Suite struct ReaderSignalTests {
    private typealias Interest = ReaderSignal.Interest

    private static let replica = ReplicaID("5f0c")

    /// `body` after the request waits. Returns once the wait is over.
    private func wait(
        _ signal: ReaderSignal, for interest: Interest, while body: () -> Void
    ) async {
        let request = Task { await signal.wait(for: interest, atMost: .seconds(600)) }
        await eventually { signal.waiting == 1 }
        body()
        await request.value
    }

    @Test func aReaderIsWokenByWhatItWaitsForAndByNothingElse() async {
        let signal = ReaderSignal()
        let interest = Interest(shapes: [1], replica: Self.replica, seen: signal.count)
        await wait(signal, for: interest) {
            signal.applied(tx: 10, shapes: [2], replicas: [ReplicaID("7a11")])
            signal.touched(shape: 3)
            #expect(signal.waiting == 1 && !signal.isDue(interest))
            signal.applied(tx: 11, shapes: [], replicas: [Self.replica])
        }
        await wait(signal, for: Interest(shapes: [1], seen: signal.count)) { signal.touched(shape: 1) }
        await wait(signal, for: Interest(seen: 0, frontier: 20)) {
            signal.frontierMoved(to: 19)
            #expect(signal.waiting == 1)
            signal.frontierMoved(to: 20)
        }
        await wait(signal, for: Interest(seen: signal.count)) { signal.close() }
        #expect(signal.held.requests == 0)
    }

    @Test func whatHappensBetweenReadingAndWaitingIsNotMissed() async {
        let signal = ReaderSignal()
        let seen = signal.count
        signal.applied(tx: 10, shapes: [1], replicas: [])
        await signal.wait(for: Interest(shapes: [1], seen: seen), atMost: .seconds(600))
        #expect(signal.held.requests == 0)
    }

    @Test func aRequestThatIsOverLeavesNothingBehind() async {
        let signal = ReaderSignal()
        await signal.wait(for: Interest(shapes: [1], seen: signal.count), atMost: .zero)
        let request = Task { await signal.wait(for: Interest(shapes: [1], seen: 0), atMost: .seconds(600)) }
        await eventually { signal.waiting == 1 }
        request.cancel()
        await request.value
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await signal.wait(for: Interest(shapes: [1], seen: 0), atMost: .seconds(600))
        }
        await late.value
        #expect(signal.held.requests == 0 && signal.waiting == 0)
    }

    /// Shapes come and go for as long as a service runs.
    @Test func whatItKeepsIsBoundedAndNobodyMissesWhatWasForgotten() async {
        let signal = ReaderSignal(limit: 100)
        let seen = signal.count
        signal.touched(shape: 1)
        for shape in 2...Int64(1_000) {
            signal.touched(shape: shape)
            #expect(signal.held.touched <= 100)
        }
        #expect(signal.isDue(Interest(shapes: [1], seen: seen)))
        #expect(!signal.isDue(Interest(shapes: [1], seen: signal.count)))
    }
}
