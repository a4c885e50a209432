/// Columns of text under a heading, as wide as they need and no wider than the terminal.
package struct TableText: Hashable, Sendable {
    package var heading: [String]
    package var rows: [[String]]
    /// A column whose cells give way in the middle: cells that begin alike may end differently.
    package var cutColumn: Int?

    /// Width that the cells of a column get at least, where fewer than others tell nothing; by the column's place.
    package var leasts: [Int: Int]
    /// Columns that are left out before the last ones, in this order.
    package var dispensable: [Int]
    /// Columns that stay as long as others can be left out.
    package var kept: Set<Int>

    package init(
        heading: [String], rows: [[String]] = [], cutColumn: Int? = nil, leasts: [Int: Int] = [:],
        dispensable: [Int] = [], kept: Set<Int> = []
    ) {
        self.heading = heading
        self.rows = rows
        self.cutColumn = cutColumn
        self.leasts = leasts
        self.dispensable = dispensable
        self.kept = kept
    }

    /// Columns that a cell pads its neighbours to at most, where there is no terminal: otherwise one long value makes
    /// every row as long.
    private static let widestPadding = 200

    /// Columns that a value gets at least, unless it is shorter: fewer tell nothing.
    private static let least = 6

    private static let gap = 2

    /// - width: of the terminal; nil where nothing is cut.
    package func lines(width: Int?, style: Style) -> [String] { fitted(width: width, style: style).lines }

    /// `hidden`: the headings of columns that find no place in `width`.
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
        let hidden = heading.indices.filter { !shown.contains($0) }.map { heading[$0] }
        let mark = hidden.isEmpty ? "" : "  …"
        let widths = narrowed(
            shown.map { natural[$0] }, leasts: shown.map(least), to: width - Printable.width(mark))
        func cut(_ cells: [String]) -> String {
            let fitted = zip(shown, widths).map { column, width in
                let cell = cells.indices.contains(column) ? cells[column] : ""
                return column == cutColumn
                    ? Printable.cut(cell, width: width) : Printable.fitted(cell, width: width)
            }
            return line(fitted, widths)
        }
        return ([style(.strong, cut(heading) + mark)] + cells.map(cut), hidden)
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var output = ""
        for (cell, width) in zip(cells, widths) where width > 0 {
            if !output.isEmpty { output += "  " }
            output += Printable.padded(cell, width: width)
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

    private func least(_ column: Int) -> Int { leasts[column] ?? Self.least }

    /// The columns that find a place, each of its least width; at least one that is seen.
    private func shown(of natural: [Int], within width: Int) -> [Int] {
        func total(_ columns: [Int]) -> Int {
            let least = columns.filter { natural[$0] > 0 }.map { min(natural[$0], self.least($0)) }
            return least.reduce(0, +) + Self.gap * max(0, least.count - 1)
        }
        var shown = Array(heading.indices)
        if total(shown) <= width { return shown }
        let room = width - Self.gap - 1
        let others = Array(shown.filter { !dispensable.contains($0) }.reversed())
        for column in dispensable + others.filter({ !kept.contains($0) }) + others.filter(kept.contains) {
            let isLast = !shown.contains { $0 != column && natural[$0] > 0 }
            if isLast || total(shown) <= room { break }
            shown.removeAll { $0 == column }
        }
        return shown
    }

    /// The widest columns give way first.
    private func narrowed(_ natural: [Int], leasts: [Int], to width: Int) -> [Int] {
        var widths = natural
        let room = width - Self.gap * max(0, widths.count { $0 > 0 } - 1)
        while widths.reduce(0, +) > room {
            let yielding = widths.indices.filter { widths[$0] > leasts[$0] }
            guard let widest = yielding.map({ widths[$0] }).max(),
                let place = yielding.first(where: { widths[$0] == widest })
            else { break }
            let next = yielding.filter { $0 != place }.map { widths[$0] }.max() ?? leasts[place]
            let excess = widths.reduce(0, +) - room
            widths[place] = max(leasts[place], min(widest - 1, max(next, widest - excess)))
        }
        return widths
    }
}
