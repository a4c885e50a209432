/// Times for people, from microseconds since 1970.
package enum TimeText {
    /// `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`.
    package static func ago(_ time: Int64, now: Int64) -> String {
        let seconds = (now - time) / 1_000_000
        return seconds < 2 ? "just now" : "\(span(seconds)) ago"
    }

    /// `now`, `in 12 s`.
    package static func until(_ time: Int64, now: Int64) -> String {
        let seconds = (time - now + 999_999) / 1_000_000
        return seconds <= 0 ? "now" : "in \(span(seconds))"
    }

    /// `12 ms`, `3 s`, `5 min`.
    package static func milliseconds(_ count: Int64) -> String {
        count < 1_000 ? "\(count) ms" : span(count / 1_000)
    }

    private static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
