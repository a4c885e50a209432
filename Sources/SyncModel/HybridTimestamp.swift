/// A hybrid logical clock reading: microseconds since 1970 that never repeat and never fall behind what
/// was seen (Kulkarni et al., "Logical Physical Clocks", 2014).
///
/// The logical part is folded into the microseconds: a tick is `max(now, last + 1)`. One integer then
/// orders, travels as a JSON number below 2^53 and is stored as `bigint`.
package struct HybridTimestamp: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The clock of a row that nobody has stamped.
    package static let zero = HybridTimestamp(microseconds: 0)

    package static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

/// What a row's bookkeeping says of the row as a whole.
///
/// `version` comes from a sequence in PostgreSQL, is never reused and survives in the tombstone; an
/// operation names it as its `base`. `clock` is the greatest clock of the row's columns.
package struct RowClock: Hashable, Sendable {
    package let version: Int64
    package let clock: HybridTimestamp

    package init(version: Int64, clock: HybridTimestamp) {
        self.version = version
        self.clock = clock
    }

    package static let zero = RowClock(version: 0, clock: .zero)
}
