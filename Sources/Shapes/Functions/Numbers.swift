import SyncModel

/// Arithmetic, with PostgreSQL's results and errors.
enum Numbers {
    private static let integers: [SQLType] = [.int2, .int4, .int8]
    private static let floats: [SQLType] = [.float4, .float8]

    private static func wider(_ left: SQLType, _ right: SQLType) -> SQLType {
        for type in [SQLType.int8, .int4] where left == type || right == type { return type }
        return .int2
    }

    static let infix: [Function] = integerOperators + floatOperators + decimalOperators + powers

    // MARK: Integers

    private static let integerOperators: [Function] =
        integers.flatMap { left in
            integers.flatMap { right in
                let type = wider(left, right)
                return [
                    integer("+", left, right, type) { $0.addingReportingOverflow($1) },
                    integer("-", left, right, type) { $0.subtractingReportingOverflow($1) },
                    integer("*", left, right, type) { $0.multipliedReportingOverflow(by: $1) },
                    Function.infix("/", left, right, type) { left, right throws(EvaluationError) in
                        guard right.integer != 0 else { throw .divisionByZero }
                        return try ranged(left.integer.dividedReportingOverflow(by: right.integer), type)
                    },
                ]
            }
        } + integers.map { type in Function.infix("%", type, type, type, remainder) }

    private static func integer(
        _ symbol: String, _ left: SQLType, _ right: SQLType, _ type: SQLType,
        _ operation: @escaping @Sendable (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) -> Function {
        Function.infix(symbol, left, right, type) { left, right throws(EvaluationError) in
            try ranged(operation(left.integer, right.integer), type)
        }
    }

    private static func ranged(
        _ result: (partialValue: Int64, overflow: Bool), _ type: SQLType
    ) throws(EvaluationError) -> Scalar {
        if result.overflow { throw .outOfRange(type) }
        return .integer(try Scalar.inRange(result.partialValue, type))
    }

    @Sendable private static func remainder(_ left: Scalar, _ right: Scalar) throws(EvaluationError) -> Scalar {
        guard right.integer != 0 else { throw .divisionByZero }
        return right.integer == -1 ? .integer(0) : .integer(left.integer % right.integer)
    }

    // MARK: Floats

    private static let floatOperators: [Function] = floats.flatMap { left in
        floats.flatMap { right in
            let type: SQLType = left == .float4 && right == .float4 ? .float4 : .float8
            return [
                Function.infix("+", left, right, type) { left, right throws(EvaluationError) in
                    try checked(left.float + right.float, type, left.float, right.float)
                },
                Function.infix("-", left, right, type) { left, right throws(EvaluationError) in
                    try checked(left.float - right.float, type, left.float, right.float)
                },
                Function.infix("*", left, right, type) { left, right throws(EvaluationError) in
                    let mayVanish = left.float == 0 || right.float == 0
                    return try checked(left.float * right.float, type, left.float, right.float, mayVanish: mayVanish)
                },
                Function.infix("/", left, right, type) { left, right throws(EvaluationError) in
                    // NaN divided by zero is NaN.
                    if right.float == 0, !left.float.isNaN { throw .divisionByZero }
                    let mayVanish = left.float == 0 || right.float.isInfinite
                    return try checked(
                        left.float / right.float, type, left.float, .zero, mayVanish: mayVanish)
                },
            ]
        }
    }

    /// A float4 is rounded once: the double result of two singles is exact enough for that.
    private static func checked(
        _ result: Double, _ type: SQLType, _ left: Double, _ right: Double, mayVanish: Bool = true
    ) throws(EvaluationError) -> Scalar {
        let value = type == .float4 ? Double(Float(result)) : result
        if value.isInfinite, !left.isInfinite, !right.isInfinite { throw .outOfRange(type) }
        if value == 0, !mayVanish { throw EvaluationError("value out of range: underflow") }
        return .float(FloatValue(value))
    }

    // MARK: Numerics

    private static let decimalOperators: [Function] = [
        decimal("+") { left, right in left + right },
        decimal("-") { left, right in left - right },
        decimal("*") { left, right in left * right },
        Function.infix("/", .numeric, .numeric, .numeric) { left, right throws(EvaluationError) in
            try divided { () throws(Decimal.DivisionByZero) in try left.decimal / right.decimal }
        },
        Function.infix("%", .numeric, .numeric, .numeric) { left, right throws(EvaluationError) in
            try divided { () throws(Decimal.DivisionByZero) in try left.decimal % right.decimal }
        },
    ]

    private static func decimal(
        _ symbol: String, _ operation: @escaping @Sendable (Decimal, Decimal) -> Decimal
    ) -> Function {
        Function.infix(symbol, .numeric, .numeric, .numeric) { left, right throws(EvaluationError) in
            try fitting(operation(left.decimal, right.decimal))
        }
    }

    private static func fitting(_ value: Decimal) throws(EvaluationError) -> Scalar {
        guard let value = value.fitting else { throw .outOfRange(.numeric) }
        return .numeric(value)
    }

    private static func divided(
        _ work: () throws(Decimal.DivisionByZero) -> Decimal
    ) throws(EvaluationError) -> Scalar {
        let value: Decimal
        do throws(Decimal.DivisionByZero) {
            value = try work()
        } catch {
            throw .divisionByZero
        }
        return try fitting(value)
    }

    // MARK: Powers and roots

    private static let powers: [Function] = [
        Function.infix("^", .float8, .float8, .float8, power),
        .refused(.infix("^"), [.numeric, .numeric], "numeric ^ numeric: cast one side to float8"),
    ]

    @Sendable private static func power(_ left: Scalar, _ right: Scalar) throws(EvaluationError) -> Scalar {
        let (base, exponent) = (left.float, right.float)
        if base.isNaN { return exponent == 0 ? .float(FloatValue(1)) : left }
        if exponent.isNaN { return base == 1 ? .float(FloatValue(1)) : right }
        if base == 0, exponent < 0 { throw EvaluationError("zero raised to a negative power is undefined") }
        if base < 0, exponent.isFinite, exponent != exponent.rounded() {
            throw EvaluationError("a negative number raised to a non-integer power yields a complex result")
        }
        let result = FloatMath.power(base, exponent)
        if base.isInfinite || exponent.isInfinite { return .float(FloatValue(result)) }
        return try checked(result, .float8, base, exponent, mayVanish: base == 0)
    }

    @Sendable private static func root(_ value: Scalar) throws(EvaluationError) -> Scalar {
        if value.float < 0 { throw EvaluationError("cannot take square root of a negative number") }
        return .float(FloatValue(value.float.squareRoot()))
    }

    static let prefix: [Function] =
        (integers + floats + [.numeric, .interval]).map { type in Function.prefix("+", type) { $0 } }
        .filter { $0.result != .interval }
        + (integers + floats + [.numeric]).flatMap { type in
            [
                Function.prefix("-", type) { value throws(EvaluationError) in try negated(value, type) },
                Function.prefix("@", type) { value throws(EvaluationError) in try magnitude(value, type) },
            ]
        } + [Function.prefix("|/", .float8, nil, root)]

    static func negated(_ value: Scalar, _ type: SQLType) throws(EvaluationError) -> Scalar {
        switch value {
        case .integer(let integer):
            guard integer != .min else { throw .outOfRange(type) }
            return .integer(try Scalar.inRange(-integer, type))
        case .float(let float): return .float(FloatValue(-float.double))
        case .numeric(let decimal): return .numeric(decimal.negated)
        case .bool, .text, .uuid, .bytes, .date, .time, .timestamp, .interval, .jsonb, .label, .array: return value
        }
    }

    private static func magnitude(_ value: Scalar, _ type: SQLType) throws(EvaluationError) -> Scalar {
        switch value {
        case .integer(let integer): return integer < 0 ? try negated(value, type) : value
        case .float(let float): return .float(FloatValue(float.double.magnitude))
        case .numeric(let decimal): return .numeric(decimal.magnitude)
        case .bool, .text, .uuid, .bytes, .date, .time, .timestamp, .interval, .jsonb, .label, .array: return value
        }
    }

    // MARK: Functions

    static let named: [Function] =
        (integers + floats + [.numeric]).map { type in
            Function.named("abs", [type], type) { values throws(EvaluationError) in try magnitude(values[0], type) }
        }
        + (integers + [.numeric]).map { type in
            Function.named("mod", [type, type], type) { values throws(EvaluationError) in
                if type != .numeric { return try remainder(values[0], values[1]) }
                return try divided { () throws(Decimal.DivisionByZero) in try values[0].decimal % values[1].decimal }
            }
        } + rounding
        + [
            Function.named("div", [.numeric, .numeric], .numeric) { values throws(EvaluationError) in
                try divided { () throws(Decimal.DivisionByZero) in
                    try Decimal.wholeQuotient(values[0].decimal, values[1].decimal)
                }
            },
            Function.named("sqrt", [.float8], .float8) { values throws(EvaluationError) in try root(values[0]) },
            .refused(.call("sqrt"), [.numeric], "sqrt(numeric): cast to float8"),
        ]
        + ["power", "pow"].flatMap { name in
            [
                Function.named(name, [.float8, .float8], .float8) { values throws(EvaluationError) in
                    try power(values[0], values[1])
                },
                .refused(.call(name), [.numeric, .numeric], "\(name)(numeric): cast to float8"),
            ]
        }

    private static let rounding: [Function] =
        [
            Function.named("round", [.float8], .float8) { .float(FloatValue($0[0].float.rounded(.toNearestOrEven))) },
            Function.named("trunc", [.float8], .float8) { .float(FloatValue($0[0].float.rounded(.towardZero))) },
            Function.named("floor", [.float8], .float8) { .float(FloatValue($0[0].float.rounded(.down))) },
            Function.named("sign", [.float8], .float8) { values in
                let value = values[0].float
                return .float(FloatValue(value > 0 ? 1 : value < 0 ? -1 : 0))
            },
            Function.named("round", [.numeric], .numeric) { .numeric($0[0].decimal.rounded(to: 0)) },
            Function.named("trunc", [.numeric], .numeric) { .numeric($0[0].decimal.truncated(to: 0)) },
            // Makes a lone literal as ambiguous as it is in PostgreSQL.
            .refused(.call("trunc"), [.opaque("macaddr")], "trunc(macaddr)"),
            Function.named("floor", [.numeric], .numeric) { .numeric($0[0].decimal.floor) },
            Function.named("sign", [.numeric], .numeric) { values in
                let value = values[0].decimal
                if value.kind == .nan { return .numeric(value) }
                return .numeric(Decimal(value == .zero ? 0 : value < .zero ? Int64(-1) : Int64(1)))
            },
            Function.named("round", [.numeric, .int4], .numeric) { values throws(EvaluationError) in
                try fitting(values[0].decimal.rounded(to: places(values[1])))
            },
            Function.named("trunc", [.numeric, .int4], .numeric) { values throws(EvaluationError) in
                try fitting(values[0].decimal.truncated(to: places(values[1])))
            },
        ]
        + ["ceil", "ceiling"].flatMap { name in
            [
                Function.named(name, [.float8], .float8) { .float(FloatValue($0[0].float.rounded(.up))) },
                Function.named(name, [.numeric], .numeric) { .numeric($0[0].decimal.ceiling) },
            ]
        }

    /// As far as a numeric reaches to either side of the point.
    private static func places(_ value: Scalar) -> Int {
        Int(min(Int64(Decimal.maxScale), max(-131_073, value.integer)))
    }
}

/// `& | # ~ << >>` of integers.
enum BitPatterns {
    private static let integers: [SQLType] = [.int2, .int4, .int8]

    static let infix: [Function] = integers.flatMap { type in
        [
            Function.infix("&", type, type, type) { .integer($0.integer & $1.integer) },
            Function.infix("|", type, type, type) { .integer($0.integer | $1.integer) },
            Function.infix("#", type, type, type) { .integer($0.integer ^ $1.integer) },
            Function.infix("<<", type, .int4, type) { .integer(shifted($0.integer, left: $1.integer, type)) },
            Function.infix(">>", type, .int4, type) { .integer(shifted($0.integer, right: $1.integer, type)) },
        ]
    }

    static let prefix: [Function] = integers.map { type in Function.prefix("~", type) { .integer(~$0.integer) } }

    /// As the processor shifts: by the count modulo the width; int2 is shifted as an int4.
    private static func shifted(_ value: Int64, left count: Int64, _ type: SQLType) -> Int64 {
        switch type {
        case .int2:
            Int64(Int16(truncatingIfNeeded: Int32(truncatingIfNeeded: value) &<< Int32(truncatingIfNeeded: count)))
        case .int4: Int64(Int32(truncatingIfNeeded: value) &<< Int32(truncatingIfNeeded: count))
        default: value &<< count
        }
    }

    private static func shifted(_ value: Int64, right count: Int64, _ type: SQLType) -> Int64 {
        type == .int8 ? value &>> count : Int64(Int32(truncatingIfNeeded: value) &>> Int32(truncatingIfNeeded: count))
    }
}
