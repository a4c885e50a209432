import SyncModel

/// What the service makes of the clock that an operation arrives with. Three bounds: any clock is accepted;
/// one too far ahead is ranked lower; one very far ahead is worth an alarm.
package enum ClockBounds {
    /// Microseconds ahead of the arrival that count in a merge.
    package static let rankedAhead: Int64 = 60_000_000
    /// Microseconds ahead of the arrival from which somebody should look at that device's clock.
    package static let alarmAhead: Int64 = 300_000_000

    /// The clock that `at` is ranked with: at most `arrival` + 60 s, and later than `previous`, the last
    /// ranked clock of the same replica, so that one replica's clocks increase strictly in seq order.
    package static func ranked(
        _ at: HybridTimestamp, arrival: HybridTimestamp, after previous: HybridTimestamp
    ) -> HybridTimestamp {
        let limit = adding(rankedAhead, to: arrival)
        return max(min(at, limit), adding(1, to: previous))
    }

    /// How many microseconds `at` is ahead of `arrival`, when that is worth an alarm.
    package static func alarm(_ at: HybridTimestamp, arrival: HybridTimestamp) -> Int64? {
        let (ahead, overflow) = at.microseconds.subtractingReportingOverflow(arrival.microseconds)
        guard overflow ? at > arrival : ahead > alarmAhead else { return nil }
        return overflow ? .max : ahead
    }

    private static func adding(_ microseconds: Int64, to time: HybridTimestamp) -> HybridTimestamp {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(microseconds)
        return HybridTimestamp(microseconds: overflow ? .max : sum)
    }
}
