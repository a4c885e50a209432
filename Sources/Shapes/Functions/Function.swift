import SyncModel

/// One function or operator of PostgreSQL's catalogue, for one list of argument types.
struct Function: Sendable {
    /// How it is written.
    enum Form: Hashable, Sendable {
        case infix(String)
        case prefix(String)
        case call(String)
        /// `EXTRACT (field FROM value)`
        case extract
        /// `value::numeric(5,2)`
        case cast(String)
        /// `array[…]`: how many subscripts, and which are slices.
        case subscripts([Bracket])
    }

    enum Bracket: Hashable, Sendable { case index, all, from, upTo, range }

    typealias Body = @Sendable ([Scalar?]) throws(EvaluationError) -> Scalar?

    let form: Form
    let arguments: [SQLType]
    let result: SQLType
    /// NULL for a NULL argument, without being called.
    let isStrict: Bool
    /// PostgreSQL works it out once where all arguments are constant (IMMUTABLE).
    let isFoldable: Bool
    /// The last argument may be repeated, and be left out.
    let isVariadic: Bool
    /// Why it cannot be used, where it is known and not served.
    let refusal: String?
    let body: Body

    init(
        _ form: Form, _ arguments: [SQLType], _ result: SQLType, isStrict: Bool = true, isFoldable: Bool = true,
        isVariadic: Bool = false, refusal: String? = nil, body: @escaping Body
    ) {
        self.form = form
        self.arguments = arguments
        self.result = result
        self.isStrict = isStrict
        self.isFoldable = isFoldable
        self.isVariadic = isVariadic
        self.refusal = refusal
        self.body = body
    }

    /// Known, so that overloads are chosen as in PostgreSQL, and refused.
    static func refused(_ form: Form, _ arguments: [SQLType], _ reason: String) -> Function {
        Function(form, arguments, arguments[0], refusal: reason) { _ in nil }
    }

    static func infix(
        _ symbol: String, _ left: SQLType, _ right: SQLType, _ result: SQLType, isFoldable: Bool = true,
        _ body: @escaping @Sendable (Scalar, Scalar) throws(EvaluationError) -> Scalar?
    ) -> Function {
        Function(.infix(symbol), [left, right], result, isFoldable: isFoldable) { values throws(EvaluationError) in
            guard let left = values[0], let right = values[1] else { return nil }
            return try body(left, right)
        }
    }

    static func prefix(
        _ symbol: String, _ type: SQLType, _ result: SQLType? = nil,
        _ body: @escaping @Sendable (Scalar) throws(EvaluationError) -> Scalar?
    ) -> Function {
        Function(.prefix(symbol), [type], result ?? type) { values throws(EvaluationError) in
            guard let value = values[0] else { return nil }
            return try body(value)
        }
    }

    /// A strict function.
    static func named(
        _ name: String, _ arguments: [SQLType], _ result: SQLType, isFoldable: Bool = true,
        _ body: @escaping @Sendable ([Scalar]) throws(EvaluationError) -> Scalar?
    ) -> Function {
        Function(.call(name), arguments, result, isFoldable: isFoldable) { values throws(EvaluationError) in
            try body(values.compactMap { $0 })
        }
    }

    var name: String {
        switch form {
        case .infix(let name), .prefix(let name), .call(let name), .cast(let name): name
        case .extract: "extract"
        case .subscripts: "[]"
        }
    }
}

extension Function: Hashable {
    static func == (left: Function, right: Function) -> Bool {
        left.form == right.form && left.arguments == right.arguments && left.result == right.result
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(form)
        hasher.combine(arguments)
    }
}

/// The values of arguments. The checker has made sure of their types.
extension Scalar {
    var boolean: Bool { if case .bool(let value) = self { value } else { false } }
    var integer: Int64 { if case .integer(let value) = self { value } else { 0 } }
    var float: Double { if case .float(let value) = self { value.double } else { 0 } }
    var decimal: Decimal { if case .numeric(let value) = self { value } else { .zero } }
    var string: Text { if case .text(let value) = self { value } else { "" } }
    var byteString: [UInt8] { if case .bytes(let value) = self { value } else { [] } }
    var microseconds: Int64 {
        switch self {
        case .date(let value), .time(let value), .timestamp(let value): value
        case .bool, .integer, .float, .numeric, .text, .uuid, .bytes, .interval, .jsonb, .label, .array: 0
        }
    }
    var span: Interval { if case .interval(let value) = self { value } else { Interval() } }
    var document: JSONB { if case .jsonb(let value) = self { value } else { .null } }
    var list: ArrayValue { if case .array(let value) = self { value } else { ArrayValue([]) } }

    static func text(_ string: String) -> Scalar { .text(Text(string)) }
    static func count(_ value: Int) -> Scalar { .integer(Int64(value)) }
}

/// What PostgreSQL's catalogue has, as far as it is served.
enum Catalogue {
    static let infix = byName(
        Numbers.infix + Texts.infix + Times.infix + Documents.infix + BitPatterns.infix)
    static let prefix = byName(Numbers.prefix + Times.prefix + BitPatterns.prefix)
    static let named = byName(Numbers.named + Texts.named + Times.named + Documents.named)

    private static func byName(_ functions: [Function]) -> [String: [Function]] {
        Dictionary(grouping: functions, by: \.name)
    }
}
