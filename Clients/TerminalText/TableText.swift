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

    /// - width: of the terminal; nil where nothing is cut.
    package func lines(width: Int?, style: Style) -> [String] {
        let cells = rows.map { $0.map(Printable.line) }
        let widths = self.widths(cells, within: width)
        let head = style(.strong, line(heading, widths))
        return [head] + cells.map { line($0, widths) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var output = ""
        for (column, (cell, width)) in zip(cells, widths).enumerated() where width > 0 {
            if !output.isEmpty { output += "  " }
            let fitted =
                column == cutColumn ? Printable.cut(cell, width: width) : Printable.fitted(cell, width: width)
            output += Printable.padded(fitted, width: width)
        }
        while output.last == " " { output.removeLast() }
        return output
    }

    /// The widest columns give way first.
    private func widths(_ cells: [[String]], within width: Int?) -> [Int] {
        var widths = heading.indices.map { column in
            ([heading] + cells).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        guard let width else { return widths }
        let room = max(width - 2 * (heading.count - 1), heading.count * 3)
        while widths.reduce(0, +) > room, let widest = widths.max(), widest > 3 {
            let place = widths.firstIndex(of: widest) ?? 0
            let next = widths.enumerated().filter { $0.offset != place }.map(\.element).max() ?? 3
            let excess = widths.reduce(0, +) - room
            widths[place] = max(3, min(widest - 1, max(next, widest - excess)))
        }
        return widths
    }
}
