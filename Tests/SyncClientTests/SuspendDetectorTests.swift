import SyncClient
import Testing

@Suite struct SuspendDetectorTests {
    private let second: Int64 = 1_000_000_000

    @Test func onlyASleepIsNoticed() {
        var detector = SuspendDetector()
        // Slept 5 s before the first look; an hour awake; 2 s asleep; the same moment; half a second asleep.
        let readings: [(boottime: Int64, monotonic: Int64)] = [
            (15 * second, 10 * second), (3615 * second, 3610 * second), (3618 * second, 3611 * second),
            (3618 * second, 3611 * second), (3619 * second + second / 2, 3612 * second),
        ]
        let noticed = readings.map { detector.observe(boottime: $0.boottime, monotonic: $0.monotonic) }
        #expect(noticed == [false, false, true, false, false])
    }
}
