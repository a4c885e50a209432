import SyncModel

extension Scalar {
    /// Whether an explicit cast from one type to another is known at all. `NULL` can be cast likewise.
    static func canConvert(_ source: SQLType, to target: SQLType) -> Bool {
        if source == target || source.becomes(target) || target.isString { return true }
        // Through the text form, as any type of PostgreSQL.
        if source.isString { return !target.isOpaque }
        if source.isNumber && target.isNumber { return true }
        switch (source, target) {
        case (.bool, .int4), (.int4, .bool), (.jsonb, .bool), (.json, .jsonb), (.jsonb, .json): return true
        case (.jsonb, _): return target.isNumber
        case (.timestamp, .date), (.timestamp, .time), (.timestamptz, .date), (.timestamptz, .time),
            (.timestamptz, .timestamp), (.interval, .time):
            return true
        case (.array(let from), .array(let to)): return canConvert(from, to: to)
        default: return false
        }
    }

    /// The value cast to another type, as PostgreSQL's explicit cast. MUST be a pair that `canConvert` allows.
    /// nil is NULL.
    func converted(from source: SQLType, to target: SQLType) throws(EvaluationError) -> Scalar? {
        if source == target { return self }
        if target.isString { return .text(textOfCast(from: source)) }
        switch self {
        case .bool(let value): return .integer(value ? 1 : 0)
        case .integer(let value): return try Self.convert(value, to: target)
        case .float(let value): return try Self.convert(value.double, from: source, to: target)
        case .numeric(let value): return try Self.convert(value, to: target)
        case .text(let value): return try Self.convert(value, from: source, to: target)
        case .date(let days): return try Self.timestamp(ofDate: days)
        case .time(let value): return .interval(Interval(microseconds: value))
        case .timestamp(let value):
            if target == .date { return .date(TimeSyntax.days(ofTimestamp: value)) }
            guard target == .time else { return self }
            if value == .min || value == .max { return nil }
            return .time(TimeSyntax.timeOfDay(value))
        case .interval(let value): return .time(TimeSyntax.timeOfDay(value.microseconds))
        case .jsonb(let value): return try Self.convert(value, to: target)
        case .array(let array):
            guard let from = source.element, let to = target.element else { return self }
            var elements: [Scalar?] = []
            for element in array.elements { elements.append(try element?.converted(from: from, to: to)) }
            return .array(ArrayValue(elements: elements, lengths: array.lengths, lowerBounds: array.lowerBounds))
        case .uuid, .bytes, .label: return self
        }
    }

    /// bool writes itself in full here; bpchar loses its padding.
    private func textOfCast(from source: SQLType) -> Text {
        if case .bool(let value) = self { return value ? "true" : "false" }
        return source == .bpchar ? text(as: source).withoutTrailingSpaces : text(as: source)
    }

    static func timestamp(ofDate days: Int64) throws(EvaluationError) -> Scalar {
        let value = TimeSyntax.timestamp(ofDate: days)
        guard TimeSyntax.isTimestamp(value) else { throw EvaluationError("date out of range for timestamp") }
        return .timestamp(value)
    }

    private static func convert(_ value: Int64, to target: SQLType) throws(EvaluationError) -> Scalar {
        if target == .numeric { return .numeric(Decimal(value)) }
        if target == .float4 { return .float(FloatValue(Double(Float(value)))) }
        if target == .float8 { return .float(FloatValue(Double(value))) }
        return target == .bool ? .bool(value != 0) : .integer(try inRange(value, target))
    }

    private static func convert(
        _ value: Double, from source: SQLType, to target: SQLType
    ) throws(EvaluationError) -> Scalar {
        if target == .float8 { return .float(FloatValue(value)) }
        if target == .numeric {
            if value.isNaN { return .numeric(Decimal(.nan)) }
            if value.isInfinite { return .numeric(Decimal(value < 0 ? .negativeInfinity : .positiveInfinity)) }
            return .numeric(Decimal(value, significantDigits: source == .float4 ? 6 : 15))
        }
        guard target == .float4 else {
            guard let integer = Int64(exactly: value.rounded(.toNearestOrEven)) else { throw .outOfRange(target) }
            return .integer(try inRange(integer, target))
        }
        let single = Float(value)
        guard single.isFinite || !value.isFinite else { throw .outOfRange(.float4) }
        guard single != 0 || value == 0 else { throw EvaluationError("value out of range: underflow") }
        return .float(FloatValue(Double(single)))
    }

    private static func convert(_ value: Decimal, to target: SQLType) throws(EvaluationError) -> Scalar {
        guard target.isFloat else {
            guard value.isFinite else {
                let name = SQLType.integerName(target)
                throw EvaluationError("cannot convert \(value.kind == .nan ? "NaN" : "infinity") to \(name)")
            }
            guard let integer = value.integer else { throw .outOfRange(target) }
            return .integer(try inRange(integer, target))
        }
        guard let double = value.double else {
            throw EvaluationError("\"\(value.text)\" is out of range for type double precision")
        }
        // Rounded once, from the decimal digits: going through a double would round twice.
        guard target == .float4, double.isFinite else { return .float(FloatValue(double)) }
        guard let single = NumberSyntax.float4(value.text) else {
            throw EvaluationError("\"\(value.text)\" is out of range for type real")
        }
        return .float(FloatValue(Double(single)))
    }

    private static func convert(
        _ value: Text, from source: SQLType, to target: SQLType
    ) throws(EvaluationError) -> Scalar {
        if source.isOpaque { return .text(value) }
        // bpchar with its padding.
        guard let scalar = Scalar(parsing: value, as: target) else {
            throw EvaluationError("invalid input syntax for type \(target.readable): \"\(value)\"")
        }
        return scalar
    }

    private static func convert(_ value: JSONB, to target: SQLType) throws(EvaluationError) -> Scalar {
        switch (value, target) {
        case (_, .json): return .text(Text(value.text))
        case (.bool(let value), .bool): return .bool(value)
        case (.number(let value), .numeric): return .numeric(value)
        case (.number(let value), _) where target.isNumber: return try convert(value, to: target)
        default: throw EvaluationError("cannot cast jsonb \(value.typeName) to type \(target.name)")
        }
    }

    static func inRange(_ value: Int64, _ type: SQLType) throws(EvaluationError) -> Int64 {
        if type == .int2, Int16(exactly: value) == nil { throw .outOfRange(type) }
        if type == .int4, Int32(exactly: value) == nil { throw .outOfRange(type) }
        return value
    }
}

extension EvaluationError {
    static func outOfRange(_ type: SQLType) -> EvaluationError {
        if type.isFloat { return EvaluationError("value out of range: overflow") }
        if type == .numeric { return EvaluationError("value overflows numeric format") }
        if type == .interval { return EvaluationError("interval out of range") }
        if type == .timestamp || type == .timestamptz { return EvaluationError("timestamp out of range") }
        if type == .date { return EvaluationError("date out of range") }
        return EvaluationError("\(SQLType.integerName(type)) out of range")
    }

    static let divisionByZero = EvaluationError("division by zero")
}

extension SQLType {
    static func integerName(_ type: SQLType) -> String {
        type == .int2 ? "smallint" : type == .int8 ? "bigint" : "integer"
    }
}
