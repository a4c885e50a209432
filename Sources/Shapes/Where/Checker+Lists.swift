import SyncModel

/// `IN` with a list, as PostgreSQL resolves it: two or more constants are brought to one common type, and
/// everything else is compared one by one.
extension Checker {
    mutating func oneOf(_ left: Syntax, _ items: [Syntax], _ at: Int) throws(ShapeError) -> Expression {
        let value = try operand(left)
        var constants: [Operand] = []
        var others: [Operand] = []
        for item in items {
            let operand = try operand(item)
            if operand.isConstant { constants.append(operand) } else { others.append(operand) }
        }
        var terms: [Expression] = []
        if constants.count > 1, let type = Self.commonType(([value] + constants).map(\.type)) {
            terms.append(try list(value, constants, type, at))
        } else {
            others = constants + others
        }
        for other in others { terms.append(try compare(.equal, value, other, at)) }
        return terms.count == 1 ? terms[0] : .or(terms)
    }

    private mutating func list(
        _ value: Operand, _ constants: [Operand], _ type: SQLType, _ at: Int
    ) throws(ShapeError) -> Expression {
        let value = try typed(value, as: type)
        guard let form = Self.form(value.type, type, .equal) else { throw error(at, Self.noOverload) }
        var values: [Scalar] = []
        var keys: Set<Scalar> = []
        var hasNull = false
        for constant in constants {
            guard case .constant(let typed) = try typed(constant, as: type) else { continue }
            guard let scalar = try converted(typed, to: type, constant.location) else {
                hasNull = true
                continue
            }
            do throws(EvaluationError) {
                if keys.insert(try scalar.key(form)).inserted { values.append(scalar) }
            } catch {
                throw self.error(constant.location, error.message)
            }
        }
        return .oneOf(value, ConstantList(type: type, form: form, values: values, hasNull: hasNull, keys: keys))
    }

    /// PostgreSQL's `select_common_type`; nil entries are unknown literals. nil: the types do not go together.
    private static func commonType(_ types: [SQLType?]) -> SQLType? {
        var common: SQLType?
        for case let type? in types {
            guard let current = common else {
                common = type
                continue
            }
            if current == type { continue }
            guard let category = current.category, category == type.category else { return nil }
            if !current.isPreferred, type.isReached(from: current), !current.isReached(from: type) { common = type }
        }
        return common == .varchar || common == nil ? .text : common
    }
}

extension Checker.Operand {
    fileprivate var isConstant: Bool {
        switch self {
        case .unknown: true
        case .typed(.constant, _): true
        case .typed: false
        }
    }
}

extension SQLType {
    fileprivate enum Category { case number, string, time }

    fileprivate var category: Category? {
        switch self {
        case .int2, .int4, .int8, .float4, .float8, .numeric: .number
        case .text, .varchar, .bpchar: .string
        case .date, .timestamp, .timestamptz: .time
        case .bool, .uuid, .enumeration, .opaque: nil
        }
    }

    fileprivate var isPreferred: Bool { self == .float8 || self == .text || self == .timestamptz }

    /// Whether PostgreSQL casts `source` to this type by itself. MUST be of one category.
    fileprivate func isReached(from source: SQLType) -> Bool {
        let order: [SQLType] = [.int2, .int4, .int8, .numeric, .float4, .float8, .date, .timestamp, .timestamptz]
        guard let from = order.firstIndex(of: source), let to = order.firstIndex(of: self) else { return true }
        return from < to
    }
}
