import DaemonProtocol
import SyncModel

/// `satchel status`: one screen.
package enum StatusText {
    /// - losses: nil where they are not known, or there are none.
    /// - now: microseconds since 1970.
    package static func lines(
        _ status: SyncStatus, losses: Losses? = nil, now: Int64, width: Int?, style: Style
    ) -> [String] {
        var lines = [headline(status, style: style)]
        lines += advice(status, losses).map { "  " + style(.quiet, $0) }
        lines.append("")
        let facts = facts(status, now: now)
        let indent = facts.map(\.name.count).max() ?? 0
        lines += facts.map { fact in
            "  " + style(.quiet, Printable.padded(fact.name, width: indent)) + "  "
                + Printable.line(fact.text)
        }
        if !status.shapes.isEmpty {
            lines.append("")
            lines += shapes(status.shapes, width: width.map { $0 - 2 }, style: style).map { "  " + $0 }
        }
        return lines
    }

    package static func headline(_ status: SyncStatus, style: Style) -> String {
        let role: Style.Role =
            switch status.state {
            case .synced: .good
            case .syncing: .busy
            case .offline: .warning
            case .error: .bad
            }
        return style(role, "●") + " " + style(.strong, Printable.line(status.text))
    }

    /// The service answers, and lets this device not in: with its token, for example. nil: it is not so.
    package static func refusal(_ status: SyncStatus) -> String? {
        guard status.state == .error, !status.isOnline, !status.isPaused, status.storage == .file else { return nil }
        return "\(status.service) refuses this device\(status.reason.map { " (\($0.message))" } ?? "")"
    }

    package static func offlineReason(_ status: SyncStatus) -> String {
        if status.isPaused { return "sync is paused (satchel sync resume)" }
        if let refusal = refusal(status) { return refusal }
        return "\(status.service) cannot be reached\(status.reason.map { " (\($0.message))" } ?? "")"
    }

    /// What makes room in a full queue.
    package static func room(_ status: SyncStatus) -> String {
        let drain =
            status.isPaused
            ? "Sync is paused, `satchel sync resume` lets the queue drain."
            : status.isOnline ? "The queue drains." : "The queue drains with the next connection."
        return drain + " Its limit is max_offline_queue in the daemon's configuration."
    }

    /// Why `satchel sync wait` does not return.
    package static func waiting(_ status: SyncStatus, hasTimeout: Bool) -> String {
        let wait = "\(Printable.count(status.pending, "change")) \(status.pending == 1 ? "waits" : "wait")"
        let pending = status.pending == 0 ? "" : ", and \(wait) to be sent"
        let why =
            if status.isPaused || !status.isOnline {
                "\(offlineReason(status))\(pending)"
            } else if status.pending > 0 {
                "\(Printable.count(status.pending, "change")) \(status.pending == 1 ? "is" : "are") not confirmed yet"
            } else {
                "the shapes are not up to date yet"
            }
        let advice = hasTimeout ? "" : " --timeout MILLISECONDS ends the wait, and so does control-C."
        return Printable.line("Waiting: \(why).\(advice)")
    }

    private static func advice(_ status: SyncStatus, _ losses: Losses?) -> [String] {
        var lines: [String] = []
        // The headline may end with it.
        if let reason = status.reason, !status.text.utf8.reversed().starts(with: reason.message.utf8.reversed()) {
            lines.append(Printable.line(reason.message))
        }
        if status.isPaused { lines.append("Paused. Go online again with: satchel sync resume") }
        if status.parked > 0 || status.conflicts > 0 {
            lines.append("See what needs you with: satchel queue list --state parked")
        }
        if let lost = status.lost {
            let changes = Printable.count(lost, "change")
            let what = losses.map { "lost \($0.text)" } ?? "lost something"
            lines.append("\(changes) of the last 24 hours \(what) to another write: satchel queue list --lost")
        }
        if status.storage == .memory {
            lines.append("Online only: the replica file cannot be used, and nothing is kept on this device.")
        }
        return lines
    }

    private static func facts(_ status: SyncStatus, now: Int64) -> [(name: String, text: String)] {
        var facts: [(name: String, text: String)] = [("user", status.user)]
        let connection = status.isOnline ? "connected" : "not connected"
        facts.append(("service", "\(status.service) · \(connection)"))
        if let time = status.lastContact { facts.append(("last contact", TimeText.ago(time, now: now))) }
        if !status.isOnline, !status.isPaused, let time = status.retryAt {
            facts.append(("next try", TimeText.until(time, now: now)))
        }
        var queue = ["\(status.pending) pending"]
        // The wire counts parked ones without those in conflict; people see both as parked, as `queue list` does.
        let parked = status.parked + status.conflicts
        let conflicts = status.conflicts > 0 ? " (\(status.conflicts) in conflict)" : ""
        if parked > 0 { queue.append("\(parked) parked\(conflicts)") }
        facts.append(("queue", queue.joined(separator: " · ")))
        if let frontier = status.frontier { facts.append(("position", frontier)) }
        facts.append(("replica", status.replica.description))
        return facts
    }

    private static func shapes(_ shapes: [SyncStatus.Shape], width: Int?, style: Style) -> [String] {
        let rows = shapes.map { shape in
            [
                shape.status.rawValue, String(shape.rows), DefinitionText.summary(shape.definition),
                shape.reason?.message ?? shape.failures.map(ShapeText.text) ?? "",
            ]
        }
        let hasReasons = rows.contains { $0.last?.isEmpty == false }
        let table = TableText(
            heading: ["shape", "rows", "of"] + (hasReasons ? ["reason"] : []),
            rows: rows.map { hasReasons ? $0 : Array($0.dropLast()) }, cutColumn: 2)
        return table.lines(width: width, style: style)
    }
}
