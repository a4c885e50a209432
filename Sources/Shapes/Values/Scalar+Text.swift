import SyncModel

extension Scalar {
    /// A text that PostgreSQL reads as this value of this type. For booleans, integers, text, uuid, enums,
    /// dates and timestamps it is the very text that PostgreSQL writes.
    func text(as type: SQLType) -> Text {
        switch self {
        case .bool(let value): return value ? "t" : "f"
        case .integer(let value): return Text(String(value))
        case .float(let value): return Text(Self.text(of: value.double, isSingle: type == .float4))
        case .numeric(let value): return Text(value.text)
        case .text(let value): return value
        case .uuid(let high, let low): return Text(Self.text(high, low))
        case .date(let days): return Text(TimeFormat.date(days))
        case .timestamp(let value): return Text(TimeFormat.timestamp(value, withZone: type == .timestamptz))
        case .label(let index):
            guard case .enumeration(_, let labels) = type else { return Text(String(index)) }
            return Text(labels[index])
        }
    }

    private static func text(of value: Double, isSingle: Bool) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return isSingle ? Float(value).description : value.description
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        func hexadecimal(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        var text = ""
        for (index, digit) in (hexadecimal(high) + hexadecimal(low)).enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}

/// Dates and timestamps as PostgreSQL writes them under `DateStyle ISO` and `TimeZone UTC`.
enum TimeFormat {
    static func date(_ days: Int64) -> String {
        infinity(days) ?? { civil(days).map { $0.isBC ? "\($0.text) BC" : $0.text } ?? "" }()
    }

    static func timestamp(_ microseconds: Int64, withZone: Bool) -> String {
        if let infinity = infinity(microseconds) { return infinity }
        let perDay = TimeSyntax.microsecondsPerDay
        let time = ((microseconds % perDay) + perDay) % perDay
        guard let day = civil((microseconds - time) / perDay) else { return "" }
        let seconds = time / 1_000_000
        var text = "\(day.text) \(padded(seconds / 3600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
        let fraction = time % 1_000_000
        if fraction > 0 {
            var digits = padded(fraction, 6)
            while digits.last == "0" { digits.removeLast() }
            text += "." + digits
        }
        return text + (withZone ? "+00" : "") + (day.isBC ? " BC" : "")
    }

    private static func infinity(_ value: Int64) -> String? {
        switch value {
        case .max: "infinity"
        case .min: "-infinity"
        default: nil
        }
    }

    private static func padded(_ value: Int64, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The inverse of `TimeSyntax.days`, from the same source.
    private static func civil(_ days: Int64) -> (text: String, isBC: Bool)? {
        let (shifted, overflow) = days.addingReportingOverflow(TimeSyntax.daysFromYear0)
        guard !overflow else { return nil }
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let shown = year > 0 ? year : 1 - year
        return ("\(padded(shown, 4))-\(padded(month))-\(padded(day))", year <= 0)
    }
}
