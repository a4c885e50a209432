import SyncModel

extension Scalar {
    /// The text that PostgreSQL writes for this value of this type.
    func text(as type: SQLType) -> Text {
        switch self {
        case .bool(let value): return value ? "t" : "f"
        case .integer(let value): return Text(String(value))
        case .float(let value): return Text(FloatFormat.text(value.double, isSingle: type == .float4))
        case .numeric(let value): return Text(value.text)
        case .text(let value): return value
        case .uuid(let high, let low): return Text(Self.text(high, low))
        case .bytes(let bytes): return Text(BytesSyntax.text(bytes))
        case .date(let days): return Text(TimeFormat.date(days))
        case .time(let value): return Text(TimeFormat.time(value))
        case .timestamp(let value): return Text(TimeFormat.timestamp(value, withZone: type == .timestamptz))
        case .interval(let value): return Text(value.text)
        case .jsonb(let value): return Text(value.text)
        case .label(let index):
            guard case .enumeration(_, let labels) = type else { return Text(String(index)) }
            return Text(labels[index])
        case .array(let array):
            return Text(ArraySyntax.text(array, element: type.element ?? .text))
        }
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
        let time = TimeSyntax.timeOfDay(microseconds)
        guard let day = civil((microseconds - time) / TimeSyntax.microsecondsPerDay) else { return "" }
        return "\(day.text) \(Self.time(time))" + (withZone ? "+00" : "") + (day.isBC ? " BC" : "")
    }

    /// Of a day, up to 24:00.
    static func time(_ microseconds: Int64) -> String {
        let seconds = microseconds / 1_000_000
        return "\(padded(seconds / 3600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
            + fraction(microseconds % 1_000_000)
    }

    /// `.123`, without zeros at the end; empty for none.
    static func fraction(_ microseconds: Int64) -> String {
        guard microseconds > 0 else { return "" }
        var digits = padded(microseconds, 6)
        while digits.last == "0" { digits.removeLast() }
        return "." + digits
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

    private static func civil(_ days: Int64) -> (text: String, isBC: Bool)? {
        guard let day = TimeSyntax.civil(days) else { return nil }
        let shown = day.year > 0 ? day.year : 1 - day.year
        return ("\(padded(shown, 4))-\(padded(day.month))-\(padded(day.day))", day.year <= 0)
    }
}
