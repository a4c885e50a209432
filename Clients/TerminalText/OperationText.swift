import DaemonProtocol
import SyncModel

/// The queue for people.
package enum OperationText {
    /// - isOnline: the service is reached. Without it what is `sending` is shown as `waiting`: it is tried again with
    ///   the next connection.
    package static func lines(
        _ operations: [OperationSummary], counts: [ListOperations.Count], isOnline: Bool = true, now: Int64,
        width: Int?, style: Style
    ) -> [String] {
        let summary = summary(operations, counts, isOnline)
        guard !operations.isEmpty else { return [summary] }
        let hasReasons = operations.contains { $0.reason != nil }
        let rows = operations.map { operation in
            [
                operation.id.description, state(operation, isOnline) + loss(operation), operation.action.rawValue,
                RowsText.name(operation.table), RowsText.key(operation.key),
                operation.columns.joined(separator: ","), TimeText.ago(operation.submittedAt, now: now),
            ] + (hasReasons ? [operation.reason?.message ?? ""] : [])
        }
        let table = TableText(
            heading: ["id", "state", "op", "table", "key", "columns", "submitted"] + (hasReasons ? ["reason"] : []),
            rows: rows, leasts: [0: IDText.least, 1: 17, 4: IDText.least, 5: 10, 7: 12], dispensable: [6, 4, 2, 3],
            kept: [0, 1, 5])
        let lines = table.lines(width: width, style: style) + [style(.quiet, summary)]
        guard width != nil, operations.contains(where: { $0.state == .parked }) else { return lines }
        return lines + [style(.quiet, "Decide with: satchel queue retry ID, or satchel queue cancel ID")]
    }

    private static func summary(
        _ operations: [OperationSummary], _ counts: [ListOperations.Count], _ isOnline: Bool
    ) -> String {
        var parts = counts.filter { $0.count > 0 }.map { count in
            let conflicts = operations.count { $0.state == count.state && $0.verdict == .conflict }
            let text = "\(count.count) \(word(count.state, isOnline))"
            return count.state == .parked && conflicts > 0 ? "\(text) (\(conflicts) in conflict)" : text
        }
        if let losses = Losses(operations) { parts.append("\(losses.text) lost to another write") }
        return parts.isEmpty ? "The queue is empty." : parts.joined(separator: " · ")
    }

    /// How many of these are in which state.
    package static func counts(_ operations: [OperationSummary]) -> [ListOperations.Count] {
        OperationState.allCases.map { state in
            ListOperations.Count(state, Int64(operations.count { $0.state == state }))
        }
    }

    /// - states: those that were asked for; none for all.
    package static func nothingLost(_ states: [OperationState]) -> String {
        let which = states.isEmpty ? "" : states.map(\.rawValue).joined(separator: " or ") + " "
        return "No \(which)operation lost something to another write."
    }

    /// - width: of the terminal, where somebody reads it who may want to decide, and not all of a long value; nil
    ///   where nothing is cut.
    package static func detail(
        _ operation: OperationDetail, isOnline: Bool = true, now: Int64, width: Int? = nil, style: Style
    ) -> [String] {
        let summary = operation.summary
        func fact(_ name: String, _ text: String) -> String { Self.fact(name, text, width) }
        let head = shown(
            "\(summary.action.rawValue) \(RowsText.name(summary.table)) \(RowsText.key(summary.key))", width)
        var lines = [
            style(.strong, head),
            fact("id", summary.id.description), fact("state", state(summary, isOnline)),
            fact("submitted", TimeText.ago(summary.submittedAt, now: now)),
            fact("base", operation.base == 0 ? "none" : String(operation.base)),
        ]
        if let seq = summary.seq { lines.append(fact("seq", "\(seq), sent \(summary.attempts)×")) }
        if let group = summary.group { lines.append(fact("group", group)) }
        if let reason = summary.reason { lines.append(Self.fact("reason", "\(reason.code): \(reason.message)", nil)) }
        for field in operation.set.fields {
            lines.append(fact("set", "\(field.column) = \(RowsText.text(field.value))"))
        }
        lines += operation.lost.flatMap { lost(_: $0, now: now, width: width, style: style) }
        if width != nil, summary.state == .parked {
            let id = Printable.line(summary.id.description)
            lines.append(style(.quiet, "Decide with: satchel queue retry \(id)"))
            lines.append(style(.quiet, "         or: satchel queue cancel \(id)"))
        }
        return lines
    }

    private static func lost(_ lost: LostWrite, now: Int64, width: Int?, style: Style) -> [String] {
        let writer = writer(of: lost)
        let when = TimeText.ago(lost.writtenAt.microseconds, now: now)
        guard let column = lost.column else {
            return [style(.warning, "  lost      the whole operation, to \(writer), \(when)")]
        }
        return [
            style(.warning, "  lost      \(Printable.line(column)), to \(writer), \(when)"),
            fact("  mine", RowsText.text(lost.mine), width), fact("  theirs", RowsText.text(lost.theirs), width),
        ]
    }

    private static func fact(_ name: String, _ text: String, _ width: Int?) -> String {
        let name = "  " + Printable.padded(name, width: 9) + " "
        return name + shown(text, width.map { $0 - Printable.width(name) })
    }

    private static func shown(_ text: String, _ width: Int?) -> String {
        guard let width else { return Printable.line(text) }
        return Printable.fitted(Printable.line(text, width: width), width: width)
    }

    private static func writer(of lost: LostWrite) -> String {
        guard lost.writer == .plainSQL else { return "another device (\(short(lost.writer)))" }
        // Of what the person may not read the service tells neither value nor writer.
        return lost.theirs.text == nil ? "plain SQL, or a write that you may not read" : "plain SQL"
    }

    /// Enough of a replica's id to tell a few apart.
    private static func short(_ replica: ReplicaID) -> String {
        let id = Printable.line(replica.description)
        return id.count > 9 ? "\(id.prefix(8))…" : id
    }

    private static func loss(_ operation: OperationSummary) -> String {
        guard let columns = operation.lostColumns else { return "" }
        return columns.isEmpty ? ", lost" : ", lost \(Printable.count(Int64(columns.count), "column"))"
    }

    private static func state(_ operation: OperationSummary, _ isOnline: Bool) -> String {
        let word = word(operation.state, isOnline)
        return operation.verdict.map { "\(word) (\($0.rawValue))" } ?? word
    }

    private static func word(_ state: OperationState, _ isOnline: Bool) -> String {
        state == .sending && !isOnline ? "waiting" : state.rawValue
    }
}

// MARK: - What became of a decision

extension OperationText {
    package static func queuedAgain(_ ids: [OperationID]) -> [String] { lines(ids, "queued again") }

    /// - Parameter staying: what builds on them.
    package static func cancelled(_ ids: [OperationID], staying: [OperationID] = []) -> [String] {
        lines(ids, "cancelled") + lines(staying, "built on it, and stays: retry or cancel it, too")
    }

    private static func lines(_ ids: [OperationID], _ what: String) -> [String] {
        ids.map { "\($0.description) \(what)" }
    }
}
