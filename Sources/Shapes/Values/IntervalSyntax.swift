/// PostgreSQL's input syntax of `interval`: `1 year 2 mons -3 days 04:05:06.7 ago`, `1-2`, `P1Y2M3DT4H5M6.7S`.
///
/// The rules, fractions included, are those of `DecodeInterval` and `DecodeISO8601Interval`.
struct IntervalSyntax {
    private var months: Int64 = 0
    private var days: Int64 = 0
    private var microseconds: Int64 = 0
    private var isBroken = false

    static func parse(_ text: String) -> Interval? {
        let bytes = Array(NumberSyntax.trimmed(text)).map { (65...90).contains($0) ? $0 + 32 : $0 }
        guard !bytes.isEmpty, bytes.count <= 256 else { return nil }
        var syntax = IntervalSyntax()
        let isRead = bytes[0] == UInt8(ascii: "p") ? syntax.readISO(bytes) : syntax.readWords(bytes)
        guard isRead, !syntax.isBroken else { return nil }
        return Interval(months: syntax.months, days: syntax.days, microseconds: syntax.microseconds)
    }

    // MARK: Adding up

    private mutating func add(_ value: Int64, times scale: Int64, to field: WritableKeyPath<Self, Int64>) {
        let (product, first) = value.multipliedReportingOverflow(by: scale)
        let (sum, second) = self[keyPath: field].addingReportingOverflow(product)
        if first || second { isBroken = true } else { self[keyPath: field] = sum }
    }

    /// A fraction of something of `scale` microseconds.
    private mutating func addFraction(_ fraction: Double, of scale: Int64) {
        if fraction == 0 { return }
        var value = fraction * Double(scale)
        let whole = value.rounded(.towardZero)
        guard let integer = Int64(exactly: whole) else {
            isBroken = true
            return
        }
        value -= whole
        add(integer, times: 1, to: \.microseconds)
        if value > 0.5 {
            add(1, times: 1, to: \.microseconds)
        } else if value < -0.5 {
            add(-1, times: 1, to: \.microseconds)
        }
    }

    private mutating func addFractionOfDays(_ fraction: Double, _ scale: Double) {
        let value = fraction * scale
        let whole = value.rounded(.towardZero)
        guard let integer = Int64(exactly: whole) else {
            isBroken = true
            return
        }
        add(integer, times: 1, to: \.days)
        addFraction(value - whole, of: TimeSyntax.microsecondsPerDay)
    }

    private mutating func add(_ value: Int64, _ fraction: Double, _ unit: Unit) {
        switch unit {
        case .time(let scale):
            add(value, times: scale, to: \.microseconds)
            addFraction(fraction, of: scale)
        case .days(1):
            add(value, times: 1, to: \.days)
            addFraction(fraction, of: TimeSyntax.microsecondsPerDay)
        case .days(let scale):
            add(value, times: scale, to: \.days)
            addFractionOfDays(fraction, Double(scale))
        case .months:
            add(value, times: 1, to: \.months)
            addFractionOfDays(fraction, 30)
        case .years(let scale):
            add(value, times: scale * 12, to: \.months)
            add(Int64((fraction * Double(scale) * 12).rounded(.toNearestOrEven)), times: 1, to: \.months)
        }
    }

    private enum Unit {
        case time(Int64)
        case days(Int64)
        case months
        case years(Int64)
    }

    /// `datetime.c`, deltatktbl; words are compared up to ten characters.
    private static func unit(_ word: String) -> (unit: Unit, field: String)? {
        switch String(word.prefix(10)) {
        case "us", "usec", "usecs", "useconds", "microsecon": (.time(1), "us")
        case "ms", "msec", "msecs", "mseconds", "millisecon": (.time(1000), "ms")
        case "s", "sec", "secs", "second", "seconds": (.time(1_000_000), "s")
        case "m", "min", "mins", "minute", "minutes": (.time(60_000_000), "m")
        case "h", "hr", "hrs", "hour", "hours": (.time(3_600_000_000), "h")
        case "d", "day", "days": (.days(1), "d")
        case "w", "week", "weeks": (.days(7), "w")
        case "mon", "mons", "month", "months": (.months, "mon")
        case "y", "yr", "yrs", "year", "years": (.years(1), "y")
        case "dec", "decs", "decade", "decades": (.years(10), "dec")
        case "c", "cent", "century", "centuries": (.years(100), "c")
        case "mil", "mils", "millennia", "millennium": (.years(1000), "mil")
        default: nil
        }
    }
}

/// `1 year 2 mons 3 days 04:05:06`
extension IntervalSyntax {
    private mutating func readWords(_ bytes: [UInt8]) -> Bool {
        guard var fields = Self.fields(bytes) else { return false }
        if fields.first == "@" { fields.removeFirst() }
        var isAgo = false
        if fields.last == "ago" {
            isAgo = true
            fields.removeLast()
        }
        guard !fields.isEmpty else { return false }
        var seen: Set<String> = []
        // From the end, so that a number knows its unit.
        var unit: (unit: Unit, field: String)?
        var isAfterTime = false
        for field in fields.reversed() {
            if let first = field.utf8.first, NumberSyntax.isDigit(first) || "+-.".utf8.contains(first) {
                if field.contains(":") {
                    guard unit == nil, seen.isDisjoint(with: ["h", "m", "s"]), readTime(field) else { return false }
                    seen.formUnion(["h", "m", "s"])
                    isAfterTime = true
                    continue
                }
                let given = unit ?? (isAfterTime ? (.days(1), "d") : (.time(1_000_000), "s"))
                guard let name = readNumber(field, given), seen.insert(name).inserted else { return false }
                isAfterTime = false
                unit = nil
            } else {
                guard unit == nil, let known = Self.unit(field) else { return false }
                unit = known
            }
        }
        guard unit == nil else { return false }
        if isAgo {
            guard months != .min, days != .min, microseconds != .min else { return false }
            (months, days, microseconds) = (-months, -days, -microseconds)
        }
        return true
    }

    /// Cuts at spaces, and between a number and its unit.
    private static func fields(_ bytes: [UInt8]) -> [String]? {
        var fields: [[UInt8]] = []
        var isOpen = false
        for byte in bytes {
            if NumberSyntax.isSpace(byte) {
                isOpen = false
                continue
            }
            guard byte < 0x80 else { return nil }
            let isLetter = (97...122).contains(byte) || byte == UInt8(ascii: "@")
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            if isOpen, let last = fields.last?.last {
                let wasLetter = (97...122).contains(last) || last == UInt8(ascii: "@")
                if wasLetter != isLetter { isOpen = false }
                if isSign, wasLetter { isOpen = false }
            }
            if isOpen {
                fields[fields.count - 1].append(byte)
            } else {
                fields.append([byte])
                isOpen = true
            }
        }
        return fields.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The name of the field it fills; nil for a wrong number.
    private mutating func readNumber(_ field: String, _ unit: (unit: Unit, field: String)) -> String? {
        let isNegative = field.hasPrefix("-")
        let body = field.hasPrefix("+") || isNegative ? field.dropFirst() : Substring(field)
        let parts = body.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 2 {
            // SQL's years and months.
            guard let years = NumberSyntax.integer(String(parts[0])), let rest = NumberSyntax.integer(String(parts[1])),
                rest < 12, years < 200_000_000
            else { return nil }
            add(isNegative ? -(years * 12 + rest) : years * 12 + rest, 0, .months)
            return "mon"
        }
        let point = body.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = point.first, point.count <= 2, !body.isEmpty, body != "." else { return nil }
        guard whole.utf8.allSatisfy(NumberSyntax.isDigit),
            point.count == 1 || point[1].utf8.allSatisfy(NumberSyntax.isDigit)
        else { return nil }
        guard let value = whole.isEmpty ? 0 : NumberSyntax.integer((isNegative ? "-" : "") + whole) else { return nil }
        let fraction = point.count == 2 ? Double("0." + (point[1].isEmpty ? "0" : point[1])) ?? 0 : 0
        add(value, isNegative ? -fraction : fraction, unit.unit)
        return unit.field
    }

    /// `04:05:06.7`, `04:05`; hours may be many. With a fraction, two parts are minutes and seconds.
    private mutating func readTime(_ field: String) -> Bool {
        let isNegative = field.hasPrefix("-")
        let body = field.hasPrefix("+") || isNegative ? field.dropFirst() : Substring(field)
        var parts = body.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), let last = parts.popLast() else { return false }
        let pieces = last.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let hasFraction = pieces.count == 2
        var numbers: [Int64] = []
        for part in parts + [String(pieces[0])] {
            guard !part.isEmpty, part.utf8.allSatisfy(NumberSyntax.isDigit), let value = NumberSyntax.integer(part)
            else { return false }
            numbers.append(value)
        }
        if numbers.count == 2 { numbers = hasFraction ? [0] + numbers : numbers + [0] }
        guard numbers[1] < 60, numbers[2] <= 60, numbers[0] < 2_562_047_789 else { return false }
        var value = (numbers[0] * 60 + numbers[1]) * 60 + numbers[2]
        let (scaled, overflow) = value.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return false }
        value = scaled
        if hasFraction {
            guard pieces[1].utf8.allSatisfy(NumberSyntax.isDigit) else { return false }
            value += Int64(
                ((Double("0." + (pieces[1].isEmpty ? "0" : pieces[1])) ?? 0) * 1e6).rounded(.toNearestOrEven))
        }
        add(isNegative ? -value : value, times: 1, to: \.microseconds)
        return true
    }
}

/// `P1Y2M3DT4H5M6.7S`
extension IntervalSyntax {
    private mutating func readISO(_ bytes: [UInt8]) -> Bool {
        var rest = bytes.dropFirst()
        var isTime = false
        var hasField = false
        while let first = rest.first {
            if first == UInt8(ascii: "t"), !isTime {
                isTime = true
                rest.removeFirst()
                hasField = false
                continue
            }
            guard let (value, fraction) = Self.number(&rest), let letter = rest.popFirst() else { return false }
            switch (isTime, letter) {
            case (false, UInt8(ascii: "y")): add(value, fraction, .years(1))
            case (false, UInt8(ascii: "m")): add(value, fraction, .months)
            case (false, UInt8(ascii: "w")): add(value, fraction, .days(7))
            case (false, UInt8(ascii: "d")): add(value, fraction, .days(1))
            case (true, UInt8(ascii: "h")): add(value, fraction, .time(3_600_000_000))
            case (true, UInt8(ascii: "m")): add(value, fraction, .time(60_000_000))
            case (true, UInt8(ascii: "s")): add(value, fraction, .time(1_000_000))
            default: return false
            }
            hasField = true
        }
        return hasField
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> (whole: Int64, fraction: Double)? {
        var digits = ""
        while let byte = bytes.first,
            NumberSyntax.isDigit(byte) || byte == UInt8(ascii: ".") || (digits.isEmpty && byte == UInt8(ascii: "-"))
        {
            digits.append(Character(UnicodeScalar(byte)))
            bytes.removeFirst()
        }
        guard let value = NumberSyntax.float8(digits), abs(value) <= 1e15 else { return nil }
        let whole = value.rounded(.towardZero)
        return (Int64(whole), value - whole)
    }
}
