import SyncModel

/// `date_trunc`, `extract` and `date_part`.
enum TimeFields {
    private enum Unit: Int {
        case microseconds, milliseconds, second, minute, hour, day, week, month, quarter, year, decade, century
        case millennium, isoyear, dow, isodow, doy, epoch, julian, timezone, timezoneHour, timezoneMinute
    }

    /// `datetime.c`, deltatktbl and datetktbl; compared up to ten characters.
    private static func unit(_ name: Text) -> Unit? {
        switch String(CaseMapping.lowercased(name.string).unicodeScalars.prefix(10)) {
        case "us", "usec", "usecs", "useconds", "microsecon": .microseconds
        case "ms", "msec", "msecs", "mseconds", "millisecon": .milliseconds
        case "s", "sec", "secs", "second", "seconds": .second
        case "m", "min", "mins", "minute", "minutes": .minute
        case "h", "hr", "hrs", "hour", "hours": .hour
        case "d", "day", "days": .day
        case "w", "week", "weeks": .week
        case "mon", "mons", "month", "months": .month
        case "qtr", "quarter": .quarter
        case "y", "yr", "yrs", "year", "years": .year
        case "dec", "decs", "decade", "decades": .decade
        case "c", "cent", "century", "centuries": .century
        case "mil", "mils", "millennia", "millennium": .millennium
        case "isoyear": .isoyear
        case "dow": .dow
        case "isodow": .isodow
        case "doy": .doy
        case "epoch": .epoch
        case "julian", "j", "jd": .julian
        case "timezone": .timezone
        case "timezone_h": .timezoneHour
        case "timezone_m": .timezoneMinute
        default: nil
        }
    }

    private static func unknown(_ name: Text, _ type: SQLType, isKnown: Bool) -> EvaluationError {
        let unit = CaseMapping.lowercased(name.string)
        let full =
            switch type {
            case .timestamp: "timestamp without time zone"
            case .timestamptz: "timestamp with time zone"
            case .time: "time without time zone"
            case .bool, .int2, .int4, .int8, .float4, .float8, .numeric, .text, .varchar, .bpchar, .uuid, .bytea, .date,
                .interval, .json, .jsonb, .enumeration, .array, .opaque:
                type.name
            }
        return EvaluationError("unit \"\(unit)\" not \(isKnown ? "supported" : "recognized") for type \(full)")
    }

    // MARK: Cutting

    static func truncated(_ value: Scalar, to name: Text, _ type: SQLType) throws(EvaluationError) -> Scalar {
        let stamp = value.microseconds
        // PostgreSQL looks at the value first.
        if stamp == .min || stamp == .max { return value }
        guard let unit = unit(name) else { throw unknown(name, type, isKnown: false) }
        let perDay = TimeSyntax.microsecondsPerDay
        let scales: [Unit: Int64] = [
            .microseconds: 1, .milliseconds: 1000, .second: 1_000_000, .minute: 60_000_000, .hour: 3_600_000_000,
            .day: perDay,
        ]
        if let scale = scales[unit] {
            let rest = ((stamp % scale) + scale) % scale
            return .timestamp(stamp - rest)
        }
        let days = TimeSyntax.days(ofTimestamp: stamp)
        guard var (year, month, _) = TimeSyntax.civil(days) else { throw .outOfRange(.timestamp) }
        switch unit {
        case .week: return try midnight(days - (isoWeekday(days) - 1))
        case .month: break
        case .quarter: month = (month - 1) / 3 * 3 + 1
        case .year, .decade, .century, .millennium:
            month = 1
            year = firstYear(year, unit)
        case .microseconds, .milliseconds, .second, .minute, .hour, .day, .isoyear, .dow, .isodow, .doy, .epoch,
            .julian, .timezone, .timezoneHour, .timezoneMinute:
            throw unknown(name, type, isKnown: true)
        }
        return try midnight(TimeSyntax.days(year: year, month: month, day: 1))
    }

    private static func midnight(_ days: Int64) throws(EvaluationError) -> Scalar {
        let (value, overflow) = days.multipliedReportingOverflow(by: TimeSyntax.microsecondsPerDay)
        guard !overflow, TimeSyntax.isTimestamp(value) else { throw .outOfRange(.timestamp) }
        return .timestamp(value)
    }

    /// Of a decade, century or millennium; there is no year 0, and centuries begin with the year 1.
    private static func firstYear(_ year: Int64, _ unit: Unit) -> Int64 {
        switch unit {
        case .decade: year > 0 ? year / 10 * 10 : -((8 - (year - 1)) / 10) * 10
        case .century: year > 0 ? (year + 99) / 100 * 100 - 99 : -((99 - (year - 1)) / 100) * 100 + 1
        case .millennium: year > 0 ? (year + 999) / 1000 * 1000 - 999 : -((999 - (year - 1)) / 1000) * 1000 + 1
        case .microseconds, .milliseconds, .second, .minute, .hour, .day, .week, .month, .quarter, .year,
            .isoyear, .dow, .isodow, .doy, .epoch, .julian, .timezone, .timezoneHour, .timezoneMinute:
            year
        }
    }

    static func truncated(_ value: Interval, to name: Text) throws(EvaluationError) -> Interval {
        guard let unit = unit(name) else { throw unknown(name, .interval, isKnown: false) }
        var cut = value
        func months(_ count: Int32) { cut = Interval(months: value.months / count * count) }
        func time(_ scale: Int64) { cut.microseconds = value.microseconds / scale * scale }
        switch unit {
        case .millennium: months(12_000)
        case .century: months(1200)
        case .decade: months(120)
        case .year: months(12)
        case .quarter: months(3)
        case .month: months(1)
        case .day: cut.microseconds = 0
        case .hour: time(3_600_000_000)
        case .minute: time(60_000_000)
        case .second: time(1_000_000)
        case .milliseconds: time(1000)
        case .microseconds: break
        case .week, .isoyear, .dow, .isodow, .doy, .epoch, .julian, .timezone, .timezoneHour, .timezoneMinute:
            throw unknown(name, .interval, isKnown: true)
        }
        return cut
    }

    // MARK: Reading fields

    /// nil is NULL.
    static func extract(_ name: Text, from value: Scalar, _ type: SQLType) throws(EvaluationError) -> Decimal? {
        guard let unit = unit(name) else { throw unknown(name, type, isKnown: false) }
        switch (value, type) {
        case (.interval(let interval), _):
            guard let field = extract(unit, from: interval) else { throw unknown(name, type, isKnown: true) }
            return field
        case (.time(let time), _):
            guard let field = extract(unit, fromTime: time, isClock: true) else {
                throw unknown(name, type, isKnown: true)
            }
            return field
        case (.date(let days), _): return try extract(unit, fromDate: days, name)
        default: return try extract(unit, fromStamp: value.microseconds, name, type)
        }
    }

    private static func whole(_ value: Int64) -> Decimal { Decimal(value) }

    /// With so many of the digits behind the point.
    private static func fraction(_ value: Int128, digits: Int) -> Decimal {
        var shifted = Decimal(value)
        for _ in 0..<digits { shifted = shifted * tenth }
        return shifted.with(scale: digits)
    }

    private static let tenth = Decimal("0.1") ?? .zero

    /// nil for a field that a time of day does not have.
    private static func extract(_ unit: Unit, fromTime time: Int64, isClock: Bool) -> Decimal? {
        switch unit {
        case .microseconds: whole(time % 60_000_000)
        case .milliseconds: fraction(Int128(time % 60_000_000), digits: 3)
        case .second: fraction(Int128(time % 60_000_000), digits: 6)
        case .minute: whole(time / 60_000_000 % 60)
        case .hour: whole(time / 3_600_000_000)
        case .epoch: isClock ? fraction(Int128(time), digits: 6) : nil
        case .day, .week, .month, .quarter, .year, .decade, .century, .millennium, .isoyear, .dow, .isodow,
            .doy, .julian, .timezone, .timezoneHour, .timezoneMinute:
            nil
        }
    }

    private static func extract(_ unit: Unit, from interval: Interval) -> Decimal? {
        let years = Int64(interval.months / 12)
        switch unit {
        case .microseconds, .milliseconds, .second, .minute, .hour:
            return extract(unit, fromTime: interval.microseconds, isClock: false)
        case .day: return whole(Int64(interval.days))
        case .month: return whole(Int64(interval.months % 12))
        case .quarter: return whole(Int64(interval.months % 12 / 3) + 1)
        case .year: return whole(years)
        case .decade: return whole(years / 10)
        case .century: return whole(years / 100)
        case .millennium: return whole(years / 1000)
        case .epoch:
            // A year is 365.25 days here, a month 30.
            let days = Int128(years) * 1461 * 6 + (Int128(interval.months % 12) * 30 + Int128(interval.days)) * 24
            return fraction(days * 3_600_000_000 + Int128(interval.microseconds), digits: 6)
        case .week, .isoyear, .dow, .isodow, .doy, .julian, .timezone, .timezoneHour, .timezoneMinute:
            return nil
        }
    }

    private static func extract(_ unit: Unit, fromDate days: Int64, _ name: Text) throws(EvaluationError) -> Decimal? {
        switch unit {
        case .microseconds, .milliseconds, .second, .minute, .hour, .timezone, .timezoneHour, .timezoneMinute:
            throw unknown(name, .date, isKnown: true)
        case .day, .week, .month, .quarter, .year, .decade, .century, .millennium, .isoyear, .dow, .isodow,
            .doy, .epoch, .julian:
            break
        }
        if days == .min || days == .max { return infinite(unit, isNegative: days == .min) }
        switch unit {
        case .epoch: return whole((days - TimeSyntax.unixEpoch) * 86_400)
        case .julian: return whole(days + 2_451_545)
        case .microseconds, .milliseconds, .second, .minute, .hour, .day, .week, .month, .quarter, .year,
            .decade, .century, .millennium, .isoyear, .dow, .isodow, .doy, .timezone, .timezoneHour,
            .timezoneMinute:
            return calendar(unit, days)
        }
    }

    private static func extract(
        _ unit: Unit, fromStamp stamp: Int64, _ name: Text, _ type: SQLType
    ) throws(EvaluationError) -> Decimal? {
        if stamp == .min || stamp == .max { return infinite(unit, isNegative: stamp == .min) }
        switch unit {
        case .timezone, .timezoneHour, .timezoneMinute:
            guard type == .timestamptz else { throw unknown(name, type, isKnown: true) }
            return .zero
        case .microseconds, .milliseconds, .second, .minute, .hour, .day, .week, .month, .quarter, .year,
            .decade, .century, .millennium, .isoyear, .dow, .isodow, .doy, .epoch, .julian:
            break
        }
        let time = TimeSyntax.timeOfDay(stamp)
        let days = TimeSyntax.days(ofTimestamp: stamp)
        switch unit {
        case .microseconds, .milliseconds, .second, .minute, .hour:
            return extract(unit, fromTime: time, isClock: false)
        case .epoch:
            let epoch = Int128(TimeSyntax.unixEpoch) * Int128(TimeSyntax.microsecondsPerDay)
            let since = Int128(stamp) - epoch
            // Where that does not fit 64 bits, PostgreSQL divides numerics, which gives four digits there.
            return fraction(since > Int128(Int64.max) ? (since + 50) / 100 * 100 : since, digits: 6)
        case .julian:
            let day = try? Decimal(time) / Decimal(TimeSyntax.microsecondsPerDay)
            return whole(days + 2_451_545) + (day ?? .zero)
        case .day, .week, .month, .quarter, .year, .decade, .century, .millennium, .isoyear, .dow, .isodow,
            .doy, .timezone, .timezoneHour, .timezoneMinute:
            return calendar(unit, days)
        }
    }

    /// Fields that grow for ever are infinite too, the others are NULL.
    private static func infinite(_ unit: Unit, isNegative: Bool) -> Decimal? {
        switch unit {
        case .year, .decade, .century, .millennium, .julian, .isoyear, .epoch:
            Decimal(isNegative ? .negativeInfinity : .positiveInfinity)
        case .microseconds, .milliseconds, .second, .minute, .hour, .day, .week, .month, .quarter, .dow,
            .isodow, .doy, .timezone, .timezoneHour, .timezoneMinute:
            nil
        }
    }

    private static func calendar(_ unit: Unit, _ days: Int64) -> Decimal? {
        guard let (year, month, day) = TimeSyntax.civil(days) else { return nil }
        switch unit {
        case .day: return whole(day)
        case .month: return whole(month)
        case .quarter: return whole((month - 1) / 3 + 1)
        case .year: return whole(year > 0 ? year : year - 1)
        case .decade: return whole(year >= 0 ? year / 10 : -((8 - (year - 1)) / 10))
        case .century: return whole(year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100))
        case .millennium: return whole(year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000))
        case .week: return whole(isoWeek(days).week)
        case .isoyear:
            let isoYear = isoWeek(days).year
            return whole(isoYear > 0 ? isoYear : isoYear - 1)
        case .dow: return whole(isoWeekday(days) % 7)
        case .isodow: return whole(isoWeekday(days))
        case .doy: return whole(days - TimeSyntax.days(year: year, month: 1, day: 1) + 1)
        case .microseconds, .milliseconds, .second, .minute, .hour, .epoch, .julian, .timezone, .timezoneHour,
            .timezoneMinute:
            return nil
        }
    }

    /// Monday is 1. 2000-01-01 was a Saturday.
    private static func isoWeekday(_ days: Int64) -> Int64 { ((days + 5) % 7 + 7) % 7 + 1 }

    /// The week belongs to the year that its Thursday is in.
    private static func isoWeek(_ days: Int64) -> (year: Int64, week: Int64) {
        let thursday = days + 4 - isoWeekday(days)
        guard let year = TimeSyntax.civil(thursday)?.year else { return (0, 0) }
        return (year, (thursday - TimeSyntax.days(year: year, month: 1, day: 1)) / 7 + 1)
    }
}
