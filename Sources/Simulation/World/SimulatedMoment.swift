import SyncModel

/// Moments of a run as PostgreSQL writes them. A run lasts minutes, and all of them lie in one day.
enum SimulatedMoment {
    private static let day = "2026-09-21"
    /// Microseconds since 1970 of its midnight.
    private static let midnight: Int64 = 20_717 * 86_400_000_000

    /// `microseconds`: of that day; parts of seconds are cut off.
    static func text(_ microseconds: Int64) -> Text {
        let seconds = (microseconds - midnight) / 1_000_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return Text("\(day) \(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))+00")
    }

    /// nil where it is no such text.
    static func microseconds(_ text: Text) -> Int64? {
        let parts = text.string.dropFirst(day.count + 1).prefix(8).split(separator: ":").compactMap { Int64($0) }
        guard text.string.hasPrefix(day), parts.count == 3 else { return nil }
        return midnight + (parts[0] * 3600 + parts[1] * 60 + parts[2]) * 1_000_000
    }
}
