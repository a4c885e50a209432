import DaemonProtocol
import JSONText
import SyncModel
import TerminalText

/// How `satchel watch` shows what comes.
protocol WatchView {
    mutating func status(_ status: SyncStatus)
    mutating func subscribed(_ id: String, _ definition: JSON, _ status: ShapeStatus, _ rows: [ViewRow])
    mutating func changed(_ params: ShapeChanged.Params)
    mutating func shapeStatus(_ params: ShapeStatusChanged.Params)
    /// After each of the above, once what belongs together is in.
    mutating func refresh()
}

/// One JSON object a line: `{"event": "status" | "rows" | "changed" | "shape", …}`.
struct JSONWatchView: WatchView {
    func status(_ status: SyncStatus) { Output.json(["event": "status", "status": status.json]) }

    func subscribed(_ id: String, _ definition: JSON, _ status: ShapeStatus, _ rows: [ViewRow]) {
        Output.json([
            "event": "rows", "subscription": .string(id), "definition": definition,
            "status": .string(status.rawValue), "rows": .array(rows.map(\.json)),
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

    mutating func subscribed(_ id: String, _ definition: JSON, _ status: ShapeStatus, _ rows: [ViewRow]) {
        let name = Printable.line(DefinitionText.summary(definition))
        names[id] = name
        // What is there already comes as it would have come: a line for each row, then the status.
        Output.lines(rows.map { RowsText.line(RowsText.insert($0), style: Terminal.style) })
        Output.line("= \(name): \(status.rawValue), \(Printable.count(Int64(rows.count), "row"))")
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
    private var last: [String] = []

    /// The most recent changes that are listed below the rows.
    private static let recent = 5

    mutating func status(_ status: SyncStatus) { current = status }

    mutating func subscribed(_ id: String, _ definition: JSON, _ status: ShapeStatus, _ page: [ViewRow]) {
        rows.add(page, subscription: id)
    }

    mutating func changed(_ params: ShapeChanged.Params) {
        rows.apply(params)
        let lines = params.subscriptions.flatMap(\.changes).map { RowsText.line($0, style: .plain) }
        last = Array((last + lines).suffix(Self.recent))
    }

    func shapeStatus(_ params: ShapeStatusChanged.Params) {}

    func refresh() {
        guard let size = Terminal.size else { return }
        let style = Terminal.style
        let head = current.map { [StatusText.headline($0, style: style), ""] } ?? []
        let changes = last.map { style(.quiet, Printable.fitted($0, width: size.width)) }
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
