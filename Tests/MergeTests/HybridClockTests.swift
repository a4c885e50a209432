import Merge
import SyncModel
import Testing

@Suite struct HybridClockTests {
    @Test func followsTheWallClock() {
        var clock = HybridClock()
        #expect(clock.tick(now: 100).microseconds == 100)
        #expect(clock.tick(now: 200).microseconds == 200)
    }

    @Test func neverRepeatsWhileTheWallClockStandsOrGoesBack() {
        var clock = HybridClock()
        let readings = [100, 100, 50, -5, Int64.min, 101].map { clock.tick(now: $0).microseconds }
        #expect(readings == [100, 101, 102, 103, 104, 105])
    }

    @Test func isLaterThanAllThatItSaw() {
        var clock = HybridClock()
        clock.observe(HybridTimestamp(microseconds: 500))
        clock.observe(HybridTimestamp(microseconds: 300))
        #expect(clock.tick(now: 100).microseconds == 501)
    }

    @Test func survivesAnyReading() {
        var clock = HybridClock()
        clock.observe(HybridTimestamp(microseconds: .max))
        clock.observe(HybridTimestamp(microseconds: .min))
        let first = clock.tick(now: .max)
        let second = clock.tick(now: .max)
        #expect(first == HybridTimestamp(microseconds: HybridClock.ceiling.microseconds + 1))
        #expect(second > first)
        #expect(HybridClock(last: HybridTimestamp(microseconds: .max)).last == HybridClock.ceiling)
    }
}

@Suite struct ClockBoundsTests {
    private func time(_ microseconds: Int64) -> HybridTimestamp { HybridTimestamp(microseconds: microseconds) }

    @Test func ranksAnHonestClockAsItIs() {
        #expect(ClockBounds.ranked(time(900), arrival: time(1000), after: time(10)) == time(900))
        #expect(ClockBounds.ranked(time(60_001_000), arrival: time(1000), after: time(10)) == time(60_001_000))
    }

    @Test func ranksAFastClockAtMostAMinuteAhead() {
        #expect(ClockBounds.ranked(time(60_001_001), arrival: time(1000), after: time(10)) == time(60_001_000))
        #expect(ClockBounds.ranked(time(.max), arrival: time(1000), after: time(10)) == time(60_001_000))
    }

    @Test func keepsOneReplicasClocksIncreasing() {
        var previous = HybridTimestamp.zero
        var ranked: [HybridTimestamp] = []
        for at: Int64 in [.max, .max, 5, 70_000_000_000, .min, 60_002_000] {
            previous = ClockBounds.ranked(time(at), arrival: time(1000), after: previous)
            ranked.append(previous)
        }
        #expect(ranked.map(\.microseconds) == [60_001_000, 60_001_001, 60_001_002, 60_001_003, 60_001_004, 60_001_005])
    }

    @Test func raisesAnAlarmBeyondFiveMinutes() {
        #expect(ClockBounds.alarm(time(300_000_000), arrival: .zero) == nil)
        #expect(ClockBounds.alarm(time(300_000_001), arrival: .zero) == 300_000_001)
        #expect(ClockBounds.alarm(time(.max), arrival: time(-1)) == .max)
        #expect(ClockBounds.alarm(time(.min), arrival: time(1)) == nil)
    }
}
