import DaemonProtocol
import SyncModel

/// The queue for people.
package enum OperationText {
    package static func lines(
        _ operations: [OperationSummary], counts: [ListOperations.Count], now: Int64, width: Int?,
        style: Style
    ) -> [String] {
        let total = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.state.rawValue)" }
        let summary = total.isEmpty ? "The queue is empty." : total.joined(separator: " · ")
        guard !operations.isEmpty else { return [summary] }
        let hasReasons = operations.contains { $0.reason != nil }
        let rows = operations.map { operation in
            [
                operation.id.description, state(operation), operation.action.rawValue,
                RowsText.name(operation.table), RowsText.key(operation.key),
                operation.columns.joined(separator: ","), TimeText.ago(operation.submittedAt, now: now),
            ] + (hasReasons ? [operation.reason?.message ?? ""] : [])
        }
        let table = TableText(
            heading: ["id", "state", "op", "table", "key", "columns", "submitted"] + (hasReasons ? ["reason"] : []),
            rows: rows)
        return table.lines(width: width, style: style) + [style(.quiet, summary)]
    }

    package static func detail(_ operation: OperationDetail, now: Int64, style: Style) -> [String] {
        let summary = operation.summary
        var lines = [
            style(.strong, "\(summary.action.rawValue) \(RowsText.name(summary.table)) \(key(summary))"),
            fact("id", summary.id.description), fact("state", state(summary)),
            fact("submitted", TimeText.ago(summary.submittedAt, now: now)),
            fact("base", operation.base == 0 ? "none" : String(operation.base)),
        ]
        if let seq = summary.seq { lines.append(fact("seq", "\(seq), sent \(summary.attempts)×")) }
        if let group = summary.group { lines.append(fact("group", group)) }
        if let reason = summary.reason { lines.append(fact("reason", "\(reason.code): \(reason.message)")) }
        for field in operation.set.fields {
            lines.append(fact("set", "\(field.column) = \(RowsText.text(field.value))"))
        }
        lines += operation.lost.flatMap { lost(_: $0, now: now, style: style) }
        return lines
    }

    private static func lost(_ lost: LostWrite, now: Int64, style: Style) -> [String] {
        let writer = lost.writer == .plainSQL ? "plain SQL" : "replica \(lost.writer)"
        let when = TimeText.ago(lost.writtenAt.microseconds, now: now)
        guard let column = lost.column else {
            return [style(.warning, "  lost      the whole operation, to \(writer), \(when)")]
        }
        return [
            style(.warning, "  lost      \(Printable.line(column)), to \(writer), \(when)"),
            fact("  mine", RowsText.text(lost.mine)), fact("  theirs", RowsText.text(lost.theirs)),
        ]
    }

    private static func fact(_ name: String, _ text: String) -> String {
        "  " + Printable.padded(name, width: 9) + " " + Printable.line(text)
    }

    private static func key(_ summary: OperationSummary) -> String {
        Printable.line(RowsText.key(summary.key))
    }

    private static func state(_ operation: OperationSummary) -> String {
        operation.verdict.map { "\(operation.state.rawValue) (\($0.rawValue))" } ?? operation.state.rawValue
    }
}

// MARK: - What became of a decision

extension OperationText {
    package static func queuedAgain(_ ids: [OperationID]) -> [String] { lines(ids, "queued again") }

    package static func cancelled(_ ids: [OperationID]) -> [String] { lines(ids, "cancelled") }

    private static func lines(_ ids: [OperationID], _ what: String) -> [String] {
        ids.map { "\($0.description) \(what)" }
    }
}
