/// Columns of text under a heading, as wide as they need and no wider than the terminal.
package struct TableText: Hashable, Sendable {
    package var heading: [String]
    package var rows: [[String]]
    /// A column whose cells give way in the middle: cells that begin alike may end differently.
    package var cutColumn: Int?

    package init(heading: [String], rows: [[String]] = [], cutColumn: Int? = nil) {
        self.heading = heading
        self.rows = rows
        self.cutColumn = cutColumn
    }

    /// Columns that a cell pads its neighbours to at most, where there is no terminal: otherwise one long value makes
    /// every row as long.
    private static let widestPadding = 200

    /// Columns that a value gets at least, unless it is shorter: fewer tell nothing.
    private static let least = 6

    private static let gap = 2

    /// - width: of the terminal; nil where nothing is cut.
    package func lines(width: Int?, style: Style) -> [String] { fitted(width: width, style: style).lines }

    /// `hidden`: the headings of the last columns, which find no place in `width`.
    package func fitted(width: Int?, style: Style) -> (lines: [String], hidden: [String]) {
        let bound = width ?? Self.widestPadding
        // A cell is cut before anything is done with it: a value may be of megabytes.
        let cells = rows.map { row in
            row.enumerated().map { column, cell in
                width == nil || column == cutColumn ? Printable.line(cell) : Printable.line(cell, width: bound)
            }
        }
        let natural = widths(cells, limit: bound)
        guard let width else {
            return ([style(.strong, line(heading, natural))] + cells.map { line($0, natural) }, [])
        }
        let shown = self.shown(of: natural, within: width)
        let hidden = Array(heading[shown...])
        let mark = hidden.isEmpty ? "" : "  …"
        let widths = narrowed(Array(natural[..<shown]), to: width - Printable.width(mark))
        let head = style(.strong, line(heading, widths, isCut: true) + mark)
        return ([head] + cells.map { line($0, widths, isCut: true) }, hidden)
    }

    private func line(_ cells: [String], _ widths: [Int], isCut: Bool = false) -> String {
        var output = ""
        for (column, (cell, width)) in zip(cells, widths).enumerated() where width > 0 {
            if !output.isEmpty { output += "  " }
            let fitted =
                !isCut
                ? cell
                : column == cutColumn ? Printable.cut(cell, width: width) : Printable.fitted(cell, width: width)
            output += Printable.padded(fitted, width: width)
        }
        while output.utf8.last == 0x20 { output.unicodeScalars.removeLast() }
        return output
    }

    private func widths(_ cells: [[String]], limit: Int) -> [Int] {
        var widths = heading.map { Printable.width($0) }
        for row in cells {
            for (column, cell) in zip(widths.indices, row) {
                widths[column] = max(widths[column], min(limit, Printable.width(cell, limit: limit)))
            }
        }
        return widths
    }

    /// How many columns find a place, each of its least width; at least one.
    private func shown(of widths: [Int], within width: Int) -> Int {
        func total(_ count: Int) -> Int {
            let least = widths[..<count].filter { $0 > 0 }.map { min($0, Self.least) }
            return least.reduce(0, +) + Self.gap * max(0, least.count - 1)
        }
        if total(widths.count) <= width { return widths.count }
        let room = width - Self.gap - 1
        return max(1, widths.indices.last { total($0) <= room } ?? 1)
    }

    /// The widest columns give way first.
    private func narrowed(_ natural: [Int], to width: Int) -> [Int] {
        var widths = natural
        let room = width - Self.gap * max(0, widths.count { $0 > 0 } - 1)
        while widths.reduce(0, +) > room, let widest = widths.max(), widest > Self.least {
            let place = widths.firstIndex(of: widest) ?? 0
            let next = widths.enumerated().filter { $0.offset != place }.map(\.element).max() ?? Self.least
            let excess = widths.reduce(0, +) - room
            widths[place] = max(Self.least, min(widest - 1, max(next, widest - excess)))
        }
        return widths
    }
}
