import SyncModel

extension Scalar {
    /// Whether a cast from one type to another is known at all.
    static func canConvert(_ source: SQLType, to target: SQLType) -> Bool {
        if source == target { return true }
        if source.isText { return !target.isOpaque }
        if source == .bpchar { return target.isText }
        // Their text is PostgreSQL's choice of digits.
        if target.isText { return source != .numeric && !source.isFloat }
        if source.isFloat && target == .numeric { return false }
        if (source == .bool && target == .int4) || (source == .int4 && target == .bool) { return true }
        return (source.isNumber && target.isNumber) || (source.isTime && target.isTime)
    }

    /// The value cast to another type, as PostgreSQL's explicit cast. MUST be a pair that `canConvert` allows.
    func converted(from source: SQLType, to target: SQLType) throws(EvaluationError) -> Scalar {
        if source == target { return self }
        if target.isText, source != .bool { return .text(text(as: source)) }
        switch self {
        case .bool(let value): return target == .int4 ? .integer(value ? 1 : 0) : .text(value ? "true" : "false")
        case .integer(let value): return try Self.convert(value, to: target)
        case .float(let value): return try Self.convert(value.double, to: target)
        case .numeric(let value): return try Self.convert(value, to: target)
        case .text(let value): return try Self.convert(value, to: target)
        case .date(let days):
            guard target != .date else { return self }
            let value = TimeSyntax.timestamp(ofDate: days)
            guard TimeSyntax.isTimestamp(value) else {
                throw EvaluationError(message: "date out of range for timestamp")
            }
            return .timestamp(value)
        case .timestamp(let value): return target == .date ? .date(Self.days(value)) : self
        case .uuid, .label: return self
        }
    }

    private static func convert(_ value: Int64, to target: SQLType) throws(EvaluationError) -> Scalar {
        if target == .numeric { return .numeric(Decimal(value)) }
        if target == .float4 { return .float(FloatValue(Double(Float(value)))) }
        if target == .float8 { return .float(FloatValue(Double(value))) }
        return target == .bool ? .bool(value != 0) : .integer(try inRange(value, target))
    }

    private static func convert(_ value: Double, to target: SQLType) throws(EvaluationError) -> Scalar {
        if target == .float8 { return .float(FloatValue(value)) }
        guard target == .float4 else {
            guard let integer = Int64(exactly: value.rounded(.toNearestOrEven)) else { throw .outOfRange(target) }
            return .integer(try inRange(integer, target))
        }
        let single = Float(value)
        guard single.isFinite || !value.isFinite else { throw .outOfRange(.float4) }
        guard single != 0 || value == 0 else { throw EvaluationError(message: "value out of range: underflow") }
        return .float(FloatValue(Double(single)))
    }

    private static func convert(_ value: Decimal, to target: SQLType) throws(EvaluationError) -> Scalar {
        guard target.isFloat else {
            guard let integer = value.integer else { throw .outOfRange(target) }
            return .integer(try inRange(integer, target))
        }
        guard let double = value.double else {
            throw EvaluationError(message: "\"\(value.text)\" is out of range for type double precision")
        }
        // Rounded once, from the decimal digits: going through a double would round twice.
        guard target == .float4, double.isFinite else { return .float(FloatValue(double)) }
        guard let single = NumberSyntax.float4(value.text) else {
            throw EvaluationError(message: "\"\(value.text)\" is out of range for type real")
        }
        return .float(FloatValue(Double(single)))
    }

    private static func convert(_ value: Text, to target: SQLType) throws(EvaluationError) -> Scalar {
        guard let scalar = Scalar(parsing: value, as: target) else {
            throw EvaluationError(message: "invalid input syntax for type \(target.readable): \"\(value)\"")
        }
        return scalar
    }

    private static func inRange(_ value: Int64, _ type: SQLType) throws(EvaluationError) -> Int64 {
        if type == .int2, Int16(exactly: value) == nil { throw .outOfRange(type) }
        if type == .int4, Int32(exactly: value) == nil { throw .outOfRange(type) }
        return value
    }

    /// The day of a timestamp, towards the past.
    private static func days(_ microseconds: Int64) -> Int64 {
        if microseconds == .min || microseconds == .max { return microseconds }
        let perDay = TimeSyntax.microsecondsPerDay
        return (microseconds - ((microseconds % perDay) + perDay) % perDay) / perDay
    }

    /// Unary minus.
    func negated(as type: SQLType) throws(EvaluationError) -> Scalar {
        switch self {
        case .integer(let value):
            guard value != .min else { throw .outOfRange(type) }
            return .integer(try Self.inRange(-value, type))
        case .float(let value): return .float(FloatValue(-value.double))
        case .numeric(let value): return .numeric(value.negated)
        case .bool, .text, .uuid, .date, .timestamp, .label: return self
        }
    }
}

extension EvaluationError {
    static func outOfRange(_ type: SQLType) -> EvaluationError {
        if type == .float4 { return EvaluationError(message: "value out of range: overflow") }
        let name = type == .int2 ? "smallint" : type == .int8 ? "bigint" : "integer"
        return EvaluationError(message: "\(name) out of range")
    }
}

extension SQLType {
    var isOpaque: Bool {
        if case .opaque = self { true } else { false }
    }
}
