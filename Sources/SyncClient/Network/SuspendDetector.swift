/// Tells from two clocks that the machine slept: `CLOCK_BOOTTIME` counts a sleep, `CLOCK_MONOTONIC` does not.
package struct SuspendDetector: Hashable, Sendable {
    /// Nanoseconds of sleep that matter: a shorter one breaks no connection.
    package static let threshold: Int64 = 1_000_000_000

    private var asleep: Int64?

    package init() {}

    /// True when the machine slept since the last call. Nanoseconds of both clocks, read together.
    package mutating func observe(boottime: Int64, monotonic: Int64) -> Bool {
        let total = boottime - monotonic
        defer { asleep = total }
        guard let asleep else { return false }
        return total - asleep >= Self.threshold
    }
}
