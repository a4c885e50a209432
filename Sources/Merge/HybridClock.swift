import SyncModel

/// A hybrid logical clock: readings that never repeat, never go back, and are later than all that was seen.
///
/// The wall clock is a parameter: `now` in microseconds since 1970. A wall clock that jumps back only makes
/// the readings advance by one microsecond each until it has caught up.
package struct HybridClock: Hashable, Sendable {
    /// The last reading given, or the latest one seen.
    package private(set) var last: HybridTimestamp

    package init(last: HybridTimestamp = .zero) {
        self.last = Self.bounded(last)
    }

    /// Readings stop here (the year 2112): well below 2^53, which JSON numbers carry exactly, and far enough
    /// from it that no reading is ever given twice because the next one does not fit.
    package static let ceiling = HybridTimestamp(microseconds: 1 << 52)

    package mutating func tick(now: Int64) -> HybridTimestamp {
        let wall = Self.bounded(HybridTimestamp(microseconds: now))
        last = max(wall, HybridTimestamp(microseconds: last.microseconds + 1))
        return last
    }

    /// Moves past a reading that came from elsewhere. Any is accepted; one beyond the ceiling counts as it.
    package mutating func observe(_ seen: HybridTimestamp) {
        last = max(last, Self.bounded(seen))
    }

    private static func bounded(_ time: HybridTimestamp) -> HybridTimestamp {
        min(max(time, .zero), ceiling)
    }
}
