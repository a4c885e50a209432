/// Dates and timestamps in the ISO 8601 forms that PostgreSQL writes, and that conditions take.
///
/// `2026-02-03`, `2026-02-03 04:05[:06[.789]][zone]`, `T` for the space, years of 1 to 7 digits, ` BC`,
/// `infinity`, `-infinity`, `epoch`. Zones: `Z`, `±hh`, `±hh:mm`, `±hhmm`, `±hh:mm:ss`. Without a zone a
/// timestamptz is UTC, the zone that all our sessions are pinned to; a timestamp ignores its zone.
enum TimeSyntax {
    static let microsecondsPerDay: Int64 = 86_400_000_000
    /// PostgreSQL's bounds: 4714-11-24 BC (Julian day 0) to the ends of the years 5874897 and 294276.
    private static let dates: Range<Int64> = -2_451_545..<days(year: 5_874_898, month: 1, day: 1)
    private static let timestamps: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000
    /// 1970-01-01 in days since 2000-01-01, PostgreSQL's own origin: from 1970 the last timestamps do not fit.
    static let unixEpoch: Int64 = -10_957

    /// Days since 2000-01-01.
    static func date(_ text: String) -> Int64? {
        var scanner = TimeScanner(text)
        if let special = scanner.special(epoch: unixEpoch) { return special }
        guard let day = scanner.day() else { return nil }
        // A time of day must be right, and is dropped.
        if scanner.separator(), scanner.time() == nil { return nil }
        guard scanner.zone() != nil else { return nil }
        scanner.era()
        guard scanner.isAtEnd, let days = scanner.resolve(day), dates.contains(days) else { return nil }
        return days
    }

    /// Microseconds since 2000-01-01 00:00.
    static func timestamp(_ text: String, withZone: Bool) -> Int64? {
        var scanner = TimeScanner(text)
        if let special = scanner.special(epoch: unixEpoch * microsecondsPerDay) { return special }
        guard let day = scanner.day() else { return nil }
        var time: Int64 = 0
        if scanner.separator() {
            guard let parsed = scanner.time() else { return nil }
            time = parsed
        }
        guard let zone = scanner.zone() else { return nil }
        scanner.era()
        guard scanner.isAtEnd, let days = scanner.resolve(day) else { return nil }
        let (whole, overflow) = days.multipliedReportingOverflow(by: microsecondsPerDay)
        guard !overflow else { return nil }
        let (value, isBeyond) = whole.addingReportingOverflow(time - (withZone ? zone * 1_000_000 : 0))
        return isBeyond || !timestamps.contains(value) ? nil : value
    }

    static func isTimestamp(_ value: Int64) -> Bool { value == .min || value == .max || timestamps.contains(value) }

    /// The timestamp at which a date begins. Dates beyond all timestamps stay between them and infinity.
    static func timestamp(ofDate days: Int64) -> Int64 {
        if days == .min || days == .max { return days }
        let (value, overflow) = days.multipliedReportingOverflow(by: microsecondsPerDay)
        return overflow ? (days < 0 ? .min + 1 : .max - 1) : value
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": proleptic Gregorian, year 0 is 1 BC.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - daysFromYear0
    }

    /// The inverse of `days`; year 0 is 1 BC. nil far beyond all dates.
    static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64)? {
        let (shifted, overflow) = days.addingReportingOverflow(daysFromYear0)
        guard !overflow else { return nil }
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Microseconds since midnight.
    static func timeOfDay(_ timestamp: Int64) -> Int64 {
        ((timestamp % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay
    }

    /// The day of a timestamp, towards the past.
    static func days(ofTimestamp value: Int64) -> Int64 {
        if value == .min || value == .max { return value }
        return (value - timeOfDay(value)) / microsecondsPerDay
    }

    static func isDate(_ value: Int64) -> Bool { value == .min || value == .max || dates.contains(value) }

    /// Microseconds since midnight; a zone must be right, and is dropped.
    static func time(_ text: String) -> Int64? {
        var scanner = TimeScanner(text)
        if let time = scanner.time(), scanner.zone() != nil, scanner.isAtEnd { return time }
        // Of a timestamp's, the time of day.
        guard text.contains(":"), let stamp = timestamp(text, withZone: false), stamp != .min, stamp != .max else {
            return nil
        }
        return timeOfDay(stamp)
    }

    /// `+05:30`, `-08`: seconds, as written.
    static func offset(_ text: String) -> Int64? {
        var scanner = TimeScanner(text)
        guard let first = text.utf8.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-"),
            let seconds = scanner.zone(), scanner.isAtEnd
        else { return nil }
        return seconds
    }

    /// From 0000-03-01, where the algorithm counts from, to 2000-01-01.
    static let daysFromYear0: Int64 = 730_425

    static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads one date or timestamp from left to right.
private struct TimeScanner {
    private var bytes: ArraySlice<UInt8>
    private var isBC = false

    init(_ text: String) {
        bytes = Array(NumberSyntax.trimmed(text))[...]
    }

    var isAtEnd: Bool { bytes.isEmpty }

    struct Day {
        let year: Int64
        let month: Int64
        let day: Int64
    }

    func special(epoch: Int64) -> Int64? {
        switch String(decoding: bytes, as: UTF8.self).lowercased() {
        case "infinity": .max
        case "-infinity": .min
        case "epoch": epoch
        default: nil
        }
    }

    mutating func day() -> Day? {
        guard let year = number(digits: 4...7), take("-"), let month = number(digits: 1...2), take("-"),
            let day = number(digits: 1...2)
        else { return nil }
        return Day(year: year, month: month, day: day)
    }

    mutating func era() {
        while take(" ") {}
        if String(decoding: bytes, as: UTF8.self).lowercased() == "bc" {
            isBC = true
            bytes = []
        }
    }

    func resolve(_ day: Day) -> Int64? {
        guard day.year > 0, (1...12).contains(day.month) else { return nil }
        let year = isBC ? 1 - day.year : day.year
        guard day.day >= 1, day.day <= TimeSyntax.daysInMonth(day.month, year: year) else { return nil }
        return TimeSyntax.days(year: year, month: day.month, day: day.day)
    }

    /// Whether a time of day follows.
    mutating func separator() -> Bool {
        if let first = bytes.first, first | 32 == UInt8(ascii: "t") {
            bytes.removeFirst()
            return true
        }
        guard bytes.first == UInt8(ascii: " ") else { return false }
        let rest = bytes.drop { $0 == UInt8(ascii: " ") }
        guard let next = rest.first, NumberSyntax.isDigit(next) else { return false }
        bytes = rest
        return true
    }

    /// Microseconds since midnight. 24:00 and second 60 are taken, as in PostgreSQL.
    mutating func time() -> Int64? {
        guard let hour = number(digits: 1...2), take(":"), let minute = number(digits: 2...2) else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if take(":") {
            guard let value = number(digits: 2...2) else { return nil }
            second = value
            if take(".") {
                guard let value = microseconds() else { return nil }
                fraction = value
            }
        }
        guard hour <= 24, minute < 60, second <= 60, second < 60 || fraction == 0 else { return nil }
        let value = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
        return value <= TimeSyntax.microsecondsPerDay ? value : nil
    }

    /// Seconds east of UTC; 0 where none is given, nil for a wrong one.
    mutating func zone() -> Int64? {
        let before = bytes
        while take(" ") {}
        if let first = bytes.first, first | 32 == UInt8(ascii: "z") {
            bytes.removeFirst()
            return 0
        }
        let sign: Int64
        if take("+") {
            sign = 1
        } else if take("-") {
            sign = -1
        } else {
            bytes = before
            return 0
        }
        guard let hours = number(digits: 1...2) else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number(digits: 2...2), minutes < 60 else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(digits: 2...2), rest < 60 else { return nil }
                seconds += rest
            }
        } else if let next = bytes.first, NumberSyntax.isDigit(next) {
            guard let minutes = number(digits: 2...2), minutes < 60 else { return nil }
            seconds += minutes * 60
        }
        return hours < 16 ? sign * seconds : nil
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard bytes.first == UInt8(ascii: byte) else { return false }
        bytes.removeFirst()
        return true
    }

    private mutating func number(digits: ClosedRange<Int>) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while count < digits.upperBound, let byte = bytes.first, NumberSyntax.isDigit(byte) {
            value = value * 10 + Int64(byte - 48)
            count += 1
            bytes.removeFirst()
        }
        return digits.contains(count) ? value : nil
    }

    /// The digits after the point, rounded to six.
    private mutating func microseconds() -> Int64? {
        let digits = bytes.prefix { NumberSyntax.isDigit($0) }
        guard !digits.isEmpty, digits.count <= 32 else { return nil }
        bytes = bytes.dropFirst(digits.count)
        var value: Int64 = 0
        for index in 0..<6 {
            let place = digits.startIndex + index
            value = value * 10 + (place < digits.endIndex ? Int64(digits[place] - 48) : 0)
        }
        let seventh = digits.startIndex + 6
        // PostgreSQL goes through a double here; beyond the sixth digit only rounding is left.
        if seventh < digits.endIndex, digits[seventh] >= UInt8(ascii: "5") { value += 1 }
        return value
    }
}
