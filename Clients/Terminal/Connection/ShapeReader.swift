import DaemonProtocol
import JSONText
import TerminalText

/// Reads all pages of a shape.
struct ShapeReader {
    let daemon: DaemonConnection

    /// Milliseconds until a shape that is new must have come, where nobody says otherwise.
    static let defaultWait = 10_000

    struct Rows {
        let status: ShapeStatus
        let sequence: Int64
        let rows: [ViewRow]
        let isComplete: Bool
        let failures: FailedRows?
    }

    /// - wait: milliseconds until the shape must be live. nil: a while if there is a connection, else not at
    /// all.
    /// - isPartial: do not wait, unless somebody says so, and take the rows that have come so far.
    /// - isOrdered: the rows of each table in the shape's order; otherwise as they come.
    func read(
        _ definition: JSON, wait: Int? = nil, isPartial: Bool = false, isQuiet: Bool = false, isOrdered: Bool = false
    ) throws -> Rows {
        let wait = try isPartial ? wait ?? 0 : patience(wait)
        let params = ReadShape.Params(
            source: .definition(definition), limit: Limits.page, wait: wait, isPartial: isPartial,
            withPlaces: isOrdered)
        let first = try daemon.call(ReadShape.self, params) { _ in
            let what = Printable.line(DefinitionText.summary(definition))
            if !isQuiet { Output.say("Waiting for the first rows of \(what)…") }
        }
        let source = ReadShape.Params.Source.definition(definition)
        let rows = try first.rows + rest(of: source, after: first, isPartial: isPartial, isOrdered: isOrdered)
        return Rows(
            status: first.status, sequence: first.sequence, rows: isOrdered ? rows.inPlace : rows,
            isComplete: first.isComplete, failures: first.failures)
    }

    /// Milliseconds to wait for rows that are not here yet: as somebody says, or a while if there is a connection.
    func patience(_ wait: Int?) throws -> Int {
        try wait ?? (daemon.call(ReadSyncStatus.self, Nothing()).isOnline ? Self.defaultWait : 0)
    }

    func rest(
        of source: ReadShape.Params.Source, after first: ShapePage, isPartial: Bool = false, isOrdered: Bool = false
    ) throws -> [ViewRow] {
        var rows: [ViewRow] = []
        var cursor = first.next
        while let place = cursor {
            let params = ReadShape.Params(
                source: source, cursor: place, limit: Limits.page, isPartial: isPartial, withPlaces: isOrdered)
            let page = try daemon.call(ReadShape.self, params)
            rows += page.rows
            cursor = page.next
        }
        return rows
    }
}
