/// What is said of something that fails again and again: the first time, then at growing intervals with how often,
/// and once when it works again. Another failure than the last is said at once.
package struct FailureLog: Hashable, Sendable {
    /// Seconds until it is said again: a minute, five minutes, then every half an hour.
    package static let intervals = [60, 300, 1_800]

    private var message: String?
    private var count = 0
    private var since = 0
    private var saidAt = 0
    private var step = 0

    package init() {}

    /// It failed, and nothing has been said of its working since.
    package var isFailing: Bool { count > 0 }

    /// nil: nothing is to be said. `now`: seconds.
    package mutating func failed(_ message: String, at now: Int) -> String? {
        if count == 0 { since = now }
        count += 1
        guard message == self.message else {
            self.message = message
            (saidAt, step) = (now, 0)
            return message
        }
        guard now - saidAt >= Self.intervals[step] else { return nil }
        (saidAt, step) = (now, min(step + 1, Self.intervals.count - 1))
        return "\(message) (failed \(count) times in \(Self.text(now - since)))"
    }

    /// nil: it had not failed.
    package mutating func worked(at now: Int) -> String? {
        guard count > 0 else { return nil }
        let failures = count == 1 ? "once" : "\(count) times in \(Self.text(now - since))"
        self = FailureLog()
        return "it works again, after it failed \(failures)"
    }

    private static func text(_ seconds: Int) -> String {
        seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
