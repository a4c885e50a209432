/// One history of a database: PostgreSQL's system identifier and the timeline.
///
/// Positions of different epochs cannot be compared. Text form `<system identifier>/<timeline>`.
package struct Epoch: Hashable, Sendable {
    package let systemIdentifier: String
    package let timeline: Int

    package init(systemIdentifier: String, timeline: Int) {
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let timeline = Int(parts[1]), timeline > 0
        else { return nil }
        self.init(systemIdentifier: String(parts[0]), timeline: timeline)
    }
}

extension Epoch: CustomStringConvertible {
    package var description: String { "\(systemIdentifier)/\(timeline)" }
}
