/// The output for people: one line a measure, columns aligned.
final class ResultTable {
    private var hasHeading = false

    private static let widths = [17, 10, 7, 10, 10, 44, 8, 8]

    func line(_ result: Measurement, _ reach: Reach) -> String {
        let cells = [
            result.name, Figure.text(result.value), result.unit, Figure.text(result.p50), Figure.text(result.p99),
            "\(result.limit.name): \(Figure.text(result.limit.value))", Figure.text(result.ratio),
            Figure.text(result.rssMB),
            (reach.isReached(by: result) ? "reached " : "missed  ") + reach.text(unit: result.unit),
        ]
        let line = Self.aligned(cells)
        guard !hasHeading else { return line }
        hasHeading = true
        return Self.aligned(["measure", "value", "unit", "p50", "p99", "limit", "ratio", "rss MB", "to reach"])
            + "\n" + line
    }

    private static func aligned(_ cells: [String]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            line += cell
            guard index < widths.count else { break }
            line += String(repeating: " ", count: max(1, widths[index] - cell.count))
        }
        return line
    }
}
