/// How long to wait after each failure in a row: 1, 2, 5, 10, 30, 30… seconds, give or take a fifth.
package struct Backoff: Hashable, Sendable {
    package static let steps = [1_000, 2_000, 5_000, 10_000, 30_000]
    /// The longest wait that a service can ask for.
    package static let longest = 120_000

    package private(set) var failures = 0

    package init() {}

    /// Milliseconds to wait. `random` is any random number: daemons that lost the same service must not all
    /// come back in the same moment. `atLeast` is what the service asked for.
    package mutating func next(random: UInt64, atLeast floor: Int = 0) -> Int {
        let step = Self.steps[min(failures, Self.steps.count - 1)]
        failures += 1
        let jittered = step * (800 + Int(random % 401)) / 1000
        return max(jittered, min(floor, Self.longest))
    }

    package mutating func reset() { failures = 0 }
}
