import SyncModel

/// Dates, times and intervals, as PostgreSQL adds and cuts them with the time zone UTC.
enum Times {
    private static let stamps: [SQLType] = [.timestamp, .timestamptz]

    static let infix: [Function] = dates + stampOperators + clock + spans

    // MARK: Dates

    private static let dates: [Function] =
        [
            Function.infix("+", .date, .int4, .date) { left, right throws(EvaluationError) in
                try date(left, plus: right.integer)
            },
            Function.infix("+", .int4, .date, .date) { left, right throws(EvaluationError) in
                try date(right, plus: left.integer)
            },
            Function.infix("-", .date, .int4, .date) { left, right throws(EvaluationError) in
                try date(left, plus: -right.integer)
            },
            Function.infix("-", .date, .date, .int4) { left, right throws(EvaluationError) in
                guard isFinite(left), isFinite(right) else { throw EvaluationError("cannot subtract infinite dates") }
                return .integer(left.microseconds - right.microseconds)
            },
            Function.infix("+", .date, .interval, .timestamp) { left, right throws(EvaluationError) in
                try stamp(midnight(left), plus: right.span)
            },
            Function.infix("+", .interval, .date, .timestamp) { left, right throws(EvaluationError) in
                try stamp(midnight(right), plus: left.span)
            },
            Function.infix("-", .date, .interval, .timestamp) { left, right throws(EvaluationError) in
                try stamp(midnight(left), plus: negated(right))
            },
            Function.infix("+", .date, .time, .timestamp) { left, right throws(EvaluationError) in
                try stamp(midnight(left), plus: Interval(microseconds: right.microseconds))
            },
            Function.infix("+", .time, .date, .timestamp) { left, right throws(EvaluationError) in
                try stamp(midnight(right), plus: Interval(microseconds: left.microseconds))
            },
        ]

    private static func isFinite(_ value: Scalar) -> Bool { value.microseconds != .min && value.microseconds != .max }

    private static func date(_ date: Scalar, plus days: Int64) throws(EvaluationError) -> Scalar {
        guard isFinite(date) else { return date }
        let value = date.microseconds + days
        guard TimeSyntax.isDate(value) else { throw .outOfRange(.date) }
        return .date(value)
    }

    private static func midnight(_ date: Scalar) throws(EvaluationError) -> Scalar {
        try Scalar.timestamp(ofDate: date.microseconds)
    }

    private static func negated(_ value: Scalar) throws(EvaluationError) -> Interval {
        guard let negated = value.span.negated else { throw .outOfRange(.interval) }
        return negated
    }

    // MARK: Timestamps

    private static let stampOperators: [Function] = stamps.flatMap { type in
        let isFoldable = type == .timestamp
        return [
            Function.infix("+", type, .interval, type, isFoldable: isFoldable) { left, right throws(EvaluationError) in
                try stamp(left, plus: right.span)
            },
            Function.infix("+", .interval, type, type, isFoldable: isFoldable) { left, right throws(EvaluationError) in
                try stamp(right, plus: left.span)
            },
            Function.infix("-", type, .interval, type, isFoldable: isFoldable) { left, right throws(EvaluationError) in
                try stamp(left, plus: negated(right))
            },
            Function.infix("-", type, type, .interval) { left, right throws(EvaluationError) in
                guard isFinite(left), isFinite(right) else {
                    throw EvaluationError("cannot subtract infinite timestamps")
                }
                // PostgreSQL 15 does not look for the overflow.
                return try interval(Interval(microseconds: left.microseconds &- right.microseconds).hoursJustified)
            },
        ]
    }

    /// Months first (the day is cut to the month's last), then days, then the time.
    static func stamp(_ value: Scalar, plus interval: Interval) throws(EvaluationError) -> Scalar {
        var stamp = value.microseconds
        if stamp == .min || stamp == .max { return value }
        let perDay = TimeSyntax.microsecondsPerDay
        if interval.months != 0 {
            let time = TimeSyntax.timeOfDay(stamp)
            guard let day = TimeSyntax.civil(TimeSyntax.days(ofTimestamp: stamp)) else { throw .outOfRange(.timestamp) }
            let months = day.year * 12 + day.month - 1 + Int64(interval.months)
            let year = (months >= 0 ? months : months - 11) / 12
            let month = months - year * 12 + 1
            let last = TimeSyntax.daysInMonth(month, year: year)
            stamp = try within(
                TimeSyntax.days(year: year, month: month, day: min(day.day, last)), times: perDay, plus: time)
        }
        if interval.days != 0 {
            let time = TimeSyntax.timeOfDay(stamp)
            stamp = try within(TimeSyntax.days(ofTimestamp: stamp) + Int64(interval.days), times: perDay, plus: time)
        }
        let (sum, overflow) = stamp.addingReportingOverflow(interval.microseconds)
        guard !overflow, TimeSyntax.isTimestamp(sum), sum != .min, sum != .max else { throw .outOfRange(.timestamp) }
        return .timestamp(sum)
    }

    private static func within(_ days: Int64, times scale: Int64, plus time: Int64) throws(EvaluationError) -> Int64 {
        let (whole, first) = days.multipliedReportingOverflow(by: scale)
        let (value, second) = whole.addingReportingOverflow(time)
        guard !first, !second, TimeSyntax.isTimestamp(value) else { throw .outOfRange(.timestamp) }
        return value
    }

    // MARK: Times of day

    private static let clock: [Function] = [
        Function.infix("+", .time, .interval, .time) { clockTime($0, $1.span.microseconds) },
        Function.infix("+", .interval, .time, .time) { clockTime($1, $0.span.microseconds) },
        Function.infix("-", .time, .interval, .time) { left, right in
            clockTime(left, right.span.microseconds == .min ? 0 : -right.span.microseconds)
        },
        Function.infix("-", .time, .time, .interval) {
            .interval(Interval(microseconds: $0.microseconds - $1.microseconds))
        },
    ]

    /// Only the time of the interval counts, around the clock.
    private static func clockTime(_ time: Scalar, _ microseconds: Int64) -> Scalar {
        .time(TimeSyntax.timeOfDay(time.microseconds + microseconds % TimeSyntax.microsecondsPerDay))
    }

    // MARK: Intervals

    private static let spans: [Function] = [
        span("+", .interval, .interval) { $0.span + $1.span },
        span("-", .interval, .interval) { $0.span - $1.span },
        span("*", .interval, .float8) { $0.span.scaled(by: $1.float) },
        span("*", .float8, .interval) { $1.span.scaled(by: $0.float) },
        Function.infix("/", .interval, .float8, .interval) { left, right throws(EvaluationError) in
            if right.float == 0 { throw .divisionByZero }
            return try interval(left.span.divided(by: right.float))
        },
    ]

    private static func span(
        _ symbol: String, _ left: SQLType, _ right: SQLType,
        _ operation: @escaping @Sendable (Scalar, Scalar) -> Interval?
    ) -> Function {
        Function.infix(symbol, left, right, .interval) { left, right throws(EvaluationError) in
            try interval(operation(left, right))
        }
    }

    private static func interval(_ value: Interval?) throws(EvaluationError) -> Scalar {
        guard let value else { throw .outOfRange(.interval) }
        return .interval(value)
    }

    static let prefix: [Function] = [
        Function.prefix("-", .interval) { value throws(EvaluationError) in .interval(try negated(value)) }
    ]

    // MARK: Functions

    static let named: [Function] =
        [
            justify("justify_hours") { $0.hoursJustified }, justify("justify_days") { $0.daysJustified },
            justify("justify_interval") { $0.justified },
            Function.named("isfinite", [.interval], .bool) { _ in .bool(true) },
            Function.named("timezone", [.text, .timestamp], .timestamptz) { values throws(EvaluationError) in
                guard isFinite(values[1]) else { return values[1] }
                return try stamp(values[1], plus: Interval(microseconds: -TimeZones.offset(of: values[0].string)))
            },
            Function.named("timezone", [.text, .timestamptz], .timestamp) { values throws(EvaluationError) in
                guard isFinite(values[1]) else { return values[1] }
                return try stamp(values[1], plus: Interval(microseconds: TimeZones.offset(of: values[0].string)))
            },
            Function.named("timezone", [.interval, .timestamp], .timestamptz) { values throws(EvaluationError) in
                guard isFinite(values[1]) else { return values[1] }
                return try stamp(values[1], plus: Interval(microseconds: -TimeZones.offset(of: values[0].span)))
            },
            Function.named("timezone", [.interval, .timestamptz], .timestamp) { values throws(EvaluationError) in
                guard isFinite(values[1]) else { return values[1] }
                return try stamp(values[1], plus: Interval(microseconds: TimeZones.offset(of: values[0].span)))
            },
            Function.named("date_trunc", [.text, .interval], .interval) { values throws(EvaluationError) in
                .interval(try TimeFields.truncated(values[1].span, to: values[0].string))
            },
        ]
        + stamps.map { type in
            Function.named("date_trunc", [.text, type], type, isFoldable: type == .timestamp) {
                values throws(EvaluationError) in
                try TimeFields.truncated(values[1], to: values[0].string, type)
            }
        }
        + [.date, .timestamp, .timestamptz].map { type in
            Function.named("isfinite", [type], .bool) { .bool(isFinite($0[0])) }
        }
        + [.date, .time, .timestamp, .timestamptz, .interval].flatMap { fields(of: $0) }

    private static func justify(
        _ name: String, _ operation: @escaping @Sendable (Interval) -> Interval?
    ) -> Function {
        Function.named(name, [.interval], .interval) { values throws(EvaluationError) in
            try interval(operation(values[0].span))
        }
    }

    private static func fields(of type: SQLType) -> [Function] {
        [
            Function(.extract, [.text, type], .numeric, isFoldable: type != .timestamptz) {
                values throws(EvaluationError) in
                guard let field = values[0], let value = values[1] else { return nil }
                return try TimeFields.extract(field.string, from: value, type).map { .numeric($0) }
            },
            // Of a date the checker takes the timestamp's.
            Function.named("date_part", [.text, type], .float8, isFoldable: type != .timestamptz) {
                values throws(EvaluationError) in
                let value = try TimeFields.extract(values[0].string, from: values[1], type)
                return value?.double.map { .float(FloatValue($0)) }
            },
        ]
    }
}

/// Zones that every machine reads alike: UTC, and fixed offsets.
enum TimeZones {
    /// Microseconds east of UTC.
    static func offset(of name: Text) throws(EvaluationError) -> Int64 {
        let zone = name.string.lowercased()
        if ["utc", "gmt", "z", "zulu", "uct", "etc/utc", "etc/gmt"].contains(zone) { return 0 }
        guard let seconds = TimeSyntax.offset(zone) else {
            throw EvaluationError("time zone \"\(name)\" is not supported: use UTC or a fixed offset as an interval")
        }
        // An offset without a name is read as POSIX does: west of UTC is positive.
        return -seconds * 1_000_000
    }

    static func offset(of interval: Interval) throws(EvaluationError) -> Int64 {
        guard interval.months == 0, interval.days == 0 else {
            throw EvaluationError("interval time zone \"\(interval.text)\" must not include months or days")
        }
        return interval.microseconds / 1_000_000 * 1_000_000
    }
}
