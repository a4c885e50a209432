import Foundation

/// Numbers for people.
enum Figure {
    /// Three digits that count, thousands grouped: `0.0123`, `1.23`, `12.3`, `123`, `123 456`.
    static func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        let size = abs(value)
        if size == 0 { return "0" }
        if size < 1 { return trimmed(String(format: "%.4f", value)) }
        if size < 10 { return trimmed(String(format: "%.2f", value)) }
        if size < 100 { return trimmed(String(format: "%.1f", value)) }
        return grouped(Int(value.rounded()))
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let kept = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(kept.reversed())
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        groups.insert(digits, at: 0)
        return (number < 0 ? "-" : "") + groups.joined(separator: " ")
    }
}
