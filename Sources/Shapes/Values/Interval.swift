/// PostgreSQL's `interval`: months, days and microseconds, apart.
///
/// Equal when they are as long, a month being 30 days and a day 24 hours: `1 month` is `30 days`.
struct Interval: Sendable {
    var months: Int32
    var days: Int32
    var microseconds: Int64

    init(months: Int32 = 0, days: Int32 = 0, microseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    /// nil where a field does not fit.
    init?(months: Int64, days: Int64, microseconds: Int64) {
        guard let months = Int32(exactly: months), let days = Int32(exactly: days) else { return nil }
        self.init(months: months, days: days, microseconds: microseconds)
    }

    var span: Int128 {
        (Int128(months) * 30 + Int128(days)) * Int128(TimeSyntax.microsecondsPerDay) + Int128(microseconds)
    }
}

extension Interval: Comparable, Hashable {
    static func == (left: Interval, right: Interval) -> Bool { left.span == right.span }
    static func < (left: Interval, right: Interval) -> Bool { left.span < right.span }
    func hash(into hasher: inout Hasher) { hasher.combine(span) }
}

/// Arithmetic; nil stands for `interval out of range`.
extension Interval {
    static func + (left: Interval, right: Interval) -> Interval? {
        let (months, first) = left.months.addingReportingOverflow(right.months)
        let (days, second) = left.days.addingReportingOverflow(right.days)
        let (microseconds, third) = left.microseconds.addingReportingOverflow(right.microseconds)
        return first || second || third ? nil : Interval(months: months, days: days, microseconds: microseconds)
    }

    static func - (left: Interval, right: Interval) -> Interval? {
        let (months, first) = left.months.subtractingReportingOverflow(right.months)
        let (days, second) = left.days.subtractingReportingOverflow(right.days)
        let (microseconds, third) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return first || second || third ? nil : Interval(months: months, days: days, microseconds: microseconds)
    }

    var negated: Interval? { Interval() - self }

    /// Fractions of months go down to days, and of days to the time, as in PostgreSQL's `interval_mul`.
    func scaled(by factor: Double) -> Interval? {
        scaled(Double(months) * factor, Double(days) * factor, Double(microseconds) * factor)
    }

    func divided(by divisor: Double) -> Interval? {
        scaled(Double(months) / divisor, Double(days) / divisor, Double(microseconds) / divisor)
    }

    private func scaled(_ months: Double, _ days: Double, _ time: Double) -> Interval? {
        guard let wholeMonths = Int32(exactly: months.rounded(.towardZero)),
            let wholeDays = Int32(exactly: days.rounded(.towardZero))
        else { return nil }
        // To the microsecond, so that 0.1 * 30 days is 3 days.
        func settled(_ value: Double) -> Double { (value * 1e6).rounded(.toNearestOrEven) / 1e6 }
        var monthRest = settled((months - Double(wholeMonths)) * 30)
        var secondRest = settled((days - Double(wholeDays) + monthRest - monthRest.rounded(.towardZero)) * 86_400)
        var moreDays: Int32 = 0
        if abs(secondRest) >= 86_400 {
            guard let carried = Int32(exactly: (secondRest / 86_400).rounded(.towardZero)) else { return nil }
            moreDays = carried
            secondRest -= Double(carried) * 86_400
        }
        monthRest = monthRest.rounded(.towardZero)
        guard let monthDays = Int32(exactly: monthRest), let sum = Self.sum(wholeDays, monthDays, moreDays) else {
            return nil
        }
        let microseconds = (time + secondRest * 1e6).rounded(.toNearestOrEven)
        guard let microseconds = Int64(exactly: microseconds) else { return nil }
        return Interval(months: wholeMonths, days: sum, microseconds: microseconds)
    }

    private static func sum(_ values: Int32...) -> Int32? {
        Int32(exactly: values.reduce(Int64(0)) { $0 + Int64($1) })
    }

    /// 24 hours become a day; signs agree.
    var hoursJustified: Interval? {
        var days = Int64(days)
        var time = microseconds
        let perDay = TimeSyntax.microsecondsPerDay
        days += time / perDay
        time %= perDay
        if days > 0, time < 0 {
            time += perDay
            days -= 1
        } else if days < 0, time > 0 {
            time -= perDay
            days += 1
        }
        return Interval(months: Int64(months), days: days, microseconds: time)
    }

    /// 30 days become a month; signs agree.
    var daysJustified: Interval? {
        var months = Int64(months) + Int64(days) / 30
        var rest = Int64(days) % 30
        if months > 0, rest < 0 {
            rest += 30
            months -= 1
        } else if months < 0, rest > 0 {
            rest -= 30
            months += 1
        }
        return Interval(months: months, days: rest, microseconds: microseconds)
    }

    /// Both, and all signs agree, as in PostgreSQL's `justify_interval`.
    var justified: Interval? {
        let perDay = TimeSyntax.microsecondsPerDay
        var days = Int64(days)
        var months = Int64(months)
        if (days > 0 && microseconds > 0) || (days < 0 && microseconds < 0) {
            months += days / 30
            days %= 30
        }
        var time = microseconds
        days += time / perDay
        time %= perDay
        months += days / 30
        days %= 30
        if months > 0, days < 0 || (days == 0 && time < 0) {
            days += 30
            months -= 1
        } else if months < 0, days > 0 || (days == 0 && time > 0) {
            days -= 30
            months += 1
        }
        if days > 0, time < 0 {
            time += perDay
            days -= 1
        } else if days < 0, time > 0 {
            time -= perDay
            days += 1
        }
        return Interval(months: months, days: days, microseconds: time)
    }

    /// `P1Y2M3DT4H5M6.7S`, as PostgreSQL writes it under `IntervalStyle iso_8601`.
    var text: String {
        if months == 0, days == 0, microseconds == 0 { return "PT0S" }
        var text = "P"
        func add(_ value: Int64, _ unit: String) { if value != 0 { text += "\(value)\(unit)" } }
        add(Int64(months / 12), "Y")
        add(Int64(months % 12), "M")
        add(Int64(days), "D")
        guard microseconds != 0 else { return text }
        text += "T"
        add(microseconds / 3_600_000_000, "H")
        add(microseconds / 60_000_000 % 60, "M")
        let rest = microseconds % 60_000_000
        if rest != 0 {
            text += "\(rest < 0 ? "-" : "")\(abs(rest / 1_000_000))\(TimeFormat.fraction(abs(rest % 1_000_000)))S"
        }
        return text
    }
}
