import DaemonProtocol
import JSONText
import SyncModel
import TerminalText

/// How `satchel watch` shows what comes.
protocol WatchView {
    mutating func status(_ status: SyncStatus)
    /// - rows: those of all pages.
    mutating func subscribed(_ id: String, _ definition: JSON, _ page: ShapePage, rows: [ViewRow])
    mutating func changed(_ params: ShapeChanged.Params)
    mutating func shapeStatus(_ params: ShapeStatusChanged.Params)
    /// After each of the above, once what belongs together is in.
    mutating func refresh()
}

/// One JSON object a line: `{"event": "status" | "rows" | "changed" | "shape", …}`.
struct JSONWatchView: WatchView {
    func status(_ status: SyncStatus) { Output.json(["event": "status", "status": status.json]) }

    func subscribed(_ id: String, _ definition: JSON, _ page: ShapePage, rows: [ViewRow]) {
        Output.json([
            "event": "rows", "subscription": .string(id), "definition": definition,
            "status": .string(page.status.rawValue), "rows": .array(rows.map(\.json)),
            "failures": page.failures?.json ?? .null,
        ])
    }

    func changed(_ params: ShapeChanged.Params) {
        Output.json([
            "event": "changed", "sequence": .int(params.sequence),
            "subscriptions": .array(params.subscriptions.map(\.json)),
        ])
    }

    func shapeStatus(_ params: ShapeStatusChanged.Params) {
        Output.json([
            "event": "shape", "subscription": .string(params.subscription),
            "status": .string(params.status.rawValue), "reason": params.reason?.json ?? .null,
            "failures": params.failures?.json ?? .null,
        ])
    }

    func refresh() {}
}

/// A line for each change.
struct LineWatchView: WatchView {
    private var lastStatus = ""
    private var names: [String: String] = [:]

    mutating func status(_ status: SyncStatus) {
        // Counters of shapes change often; people want to know when the sentence does.
        let line = StatusText.headline(status, style: Terminal.style)
        if line != lastStatus { Output.line(line) }
        lastStatus = line
    }

    mutating func subscribed(_ id: String, _ definition: JSON, _ page: ShapePage, rows: [ViewRow]) {
        let name = Printable.line(DefinitionText.summary(definition))
        names[id] = name
        // What is there already comes as it would have come: a line for each row, then the status.
        Output.lines(rows.map { RowsText.line(RowsText.insert($0), style: Terminal.style) })
        Output.line("= \(name): \(page.status.rawValue), \(Printable.count(Int64(rows.count), "row"))")
        if let failures = page.failures { Output.say("= \(name): \(Printable.line(ShapeText.text(failures)))") }
    }

    func changed(_ params: ShapeChanged.Params) {
        for part in params.subscriptions {
            if part.isReset { Output.line("= \(names[part.subscription] ?? ""): all rows anew") }
            Output.lines(part.changes.map { RowsText.line($0, style: Terminal.style) })
        }
    }

    func shapeStatus(_ params: ShapeStatusChanged.Params) {
        let remark = (params.reason?.message ?? params.failures.map(ShapeText.text)).map { ", \(Printable.line($0))" }
        Output.line("= \(names[params.subscription] ?? ""): \(params.status.rawValue)\(remark ?? "")")
    }

    func refresh() {}
}

/// The status and the rows, drawn anew in place.
struct LiveWatchView: WatchView {
    private var current: SyncStatus?
    private var rows = LiveRows()
    private var last: [ViewChange] = []
    /// By subscription.
    private var failures: [(id: String, rows: FailedRows)] = []

    /// The most recent changes that are listed below the rows.
    private static let recent = 5

    mutating func status(_ status: SyncStatus) { current = status }

    mutating func subscribed(_ id: String, _ definition: JSON, _ page: ShapePage, rows all: [ViewRow]) {
        rows.add(all, subscription: id)
        note(page.failures, id)
    }

    mutating func changed(_ params: ShapeChanged.Params) {
        rows.apply(params)
        last = Array((last + params.subscriptions.flatMap(\.changes)).suffix(Self.recent))
    }

    mutating func shapeStatus(_ params: ShapeStatusChanged.Params) { note(params.failures, params.subscription) }

    private mutating func note(_ rows: FailedRows?, _ id: String) {
        failures.removeAll { $0.id == id }
        if let rows { failures.append((id, rows)) }
    }

    func refresh() {
        guard let size = Terminal.size else { return }
        let style = Terminal.style
        let head = current.map { [StatusText.headline($0, style: style), ""] } ?? []
        let remarks = failures.map { Printable.line(ShapeText.text($0.rows)) }
            .map { style(.warning, Printable.fitted($0, width: size.width)) }
        let changes = remarks + last.map { style(.quiet, RowsText.line($0, width: size.width)) }
        let room = max(1, size.height - head.count - (changes.isEmpty ? 0 : changes.count + 1) - 1)
        var body = RowsText.lines(rows.all, width: size.width, style: style)
        if body.count > room {
            let hidden = body.count - room + 1
            body = Array(body.prefix(room - 1)) + [style(.quiet, "… \(hidden) more")]
        }
        let lines = head + body + (changes.isEmpty ? [] : [""] + changes)
        // Each line is cleared to its end and the rest below: nothing flickers.
        let screen = lines.map { $0 + "\u{1b}[K" }.joined(separator: "\n")
        Output.raw(Terminal.hideCursor + "\u{1b}[H" + screen + "\u{1b}[J" + Terminal.showCursor)
    }
}
