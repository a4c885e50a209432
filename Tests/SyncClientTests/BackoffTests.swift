import SeededRandom
import SyncClient
import Testing

@Suite struct BackoffTests {
    @Test func growsToHalfAMinuteAndStartsOver() {
        var backoff = Backoff()
        // 200 is the middle of the jitter.
        #expect(
            (1...7).map { _ in backoff.next(random: 200) } == [1000, 2000, 5000, 10000, 30000, 30000, 30000])
        backoff.reset()
        #expect(backoff.next(random: 200) == 1000)
    }

    @Test func jitterIsAFifthEitherWay() {
        var random = SeededGenerator(seed: 7)
        let delays = (0..<1000).map { _ in
            var backoff = Backoff()
            return backoff.next(random: random.next())
        }
        #expect(delays.allSatisfy { (800...1200).contains($0) })
        #expect(Set(delays).count > 100)
    }

    @Test func whatTheServiceAsksForIsALowerBoundWithABound() {
        var backoff = Backoff()
        #expect(backoff.next(random: 200, atLeast: 7000) == 7000)
        #expect(backoff.next(random: 200, atLeast: 1) == 2000)
        #expect(backoff.next(random: 200, atLeast: .max) == Backoff.longest)
    }
}
