import SyncModel

extension Checker {
    static let noOverload = "Could not select an operator overload"

    /// A literal that met nothing with a type is text.
    mutating func known(_ operand: Operand) throws(ShapeError) -> Expression {
        if case .typed(let expression, _) = operand { return expression }
        return try typed(operand, as: .text)
    }

    /// Gives an unknown literal a type; leaves typed operands alone.
    mutating func typed(_ operand: Operand, as type: SQLType) throws(ShapeError) -> Expression {
        guard case .unknown(let text, let parameter, let at) = operand else { return try known(operand) }
        // Electric's rule too: a varchar literal is text.
        let type = type == .varchar ? .text : type
        var constant = Constant(type: type, value: nil)
        if let text {
            guard let value = Scalar(parsing: text, as: type) else {
                throw error(at, "invalid syntax for type \(type.readable): \(text)")
            }
            constant = Constant(type: type, value: value)
        }
        if let parameter { resolvedParameters[parameter] = constant }
        return .constant(constant)
    }

    mutating func compare(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, _ at: Int
    ) throws(ShapeError) -> Expression {
        let pair = try matched(left, right, at)
        guard let form = Self.form(pair.left.type, pair.right.type, comparison) else {
            throw error(at, Self.noOverload)
        }
        return .compare(
            comparison, try folded(pair.left, form, left.location), try folded(pair.right, form, right.location), form)
    }

    /// A numeric constant among floats becomes one: PostgreSQL refuses a condition whose constant is too large.
    private func folded(_ expression: Expression, _ form: ComparisonForm, _ at: Int) throws(ShapeError) -> Expression {
        guard form == .float, case .constant(let constant) = expression, constant.type == .numeric else {
            return expression
        }
        return .constant(Constant(type: .float8, value: try converted(constant, to: .float8, at)))
    }

    /// nil is NULL.
    func converted(_ constant: Constant, to type: SQLType, _ at: Int) throws(ShapeError) -> Scalar? {
        guard let value = constant.value else { return nil }
        do throws(EvaluationError) {
            return try value.converted(from: constant.type, to: type)
        } catch {
            throw self.error(at, error.message)
        }
    }

    private mutating func matched(
        _ left: Operand, _ right: Operand, _ at: Int
    ) throws(ShapeError) -> (left: Expression, right: Expression) {
        switch (left.type, right.type) {
        case (let type?, nil): return (try known(left), try typed(right, as: type))
        case (nil, let type?): return (try typed(left, as: type), try known(right))
        case (nil, nil), (_?, _?): return (try known(left), try known(right))
        }
    }

    /// How PostgreSQL compares two types; nil where it has no operator.
    static func form(_ left: SQLType, _ right: SQLType, _ comparison: Comparison) -> ComparisonForm? {
        if case .opaque = left {
            return left == right && (comparison == .equal || comparison == .notEqual) ? .same : nil
        }
        if left == right || (left.isText && right.isText) { return .same }
        if left.isNumber && right.isNumber {
            if left.isFloat || right.isFloat { return .float }
            return left == .numeric || right == .numeric ? .numeric : .integer
        }
        if left.isTime && right.isTime { return left == .date || right == .date ? .timestamp : .same }
        guard left == .bpchar && right.isText || left.isText && right == .bpchar else { return nil }
        // Text is the preferred type of the two; of bpchar's value trailing spaces are already gone.
        return left == .text || right == .text ? .same : .padded
    }

    mutating func distinct(
        _ left: Syntax, _ right: Syntax, isNegated: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        guard
            case .compare(_, let left, let right, let form) = try compare(.notEqual, operand(left), operand(right), at)
        else { throw error(at, Self.noOverload) }
        return .distinct(left, right, form, isNegated: isNegated)
    }

    mutating func like(
        _ left: Syntax, _ right: Syntax, ignoresCase: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        let operands = [try operand(left), try operand(right)]
        // bpchar would match with its padding, which is not kept.
        for operand in operands where operand.type.map({ !$0.isText }) == true { throw error(at, Self.noOverload) }
        return .like(
            try typed(operands[0], as: .text), try typed(operands[1], as: .text), ignoresCase: ignoresCase)
    }

    mutating func between(
        _ value: Syntax, _ low: Syntax, _ high: Syntax, isSymmetric: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        let straight = try bounded(value, low, high, at)
        return isSymmetric ? .or([straight, try bounded(value, high, low, at)]) : straight
    }

    private mutating func bounded(
        _ value: Syntax, _ low: Syntax, _ high: Syntax, _ at: Int
    ) throws(ShapeError) -> Expression {
        .and([
            try compare(.greaterOrEqual, operand(value), operand(low), at),
            try compare(.lessOrEqual, operand(value), operand(high), at),
        ])
    }

    mutating func test(_ term: Syntax, _ test: BooleanTest, _ at: Int) throws(ShapeError) -> Expression {
        let expression = try typed(operand(term), as: .bool)
        guard expression.type == .bool else {
            throw error(at, "argument of \(test.rawValue) must be bool, not \(expression.type.readable)")
        }
        return .test(expression, test)
    }

    mutating func negate(_ term: Syntax, _ at: Int) throws(ShapeError) -> Expression {
        guard case .typed(let expression, _) = try operand(term), expression.type.isNumber else {
            throw error(at, Self.noOverload)
        }
        guard case .constant(let constant) = expression, let value = constant.value else {
            return .negate(expression, expression.type)
        }
        do throws(EvaluationError) {
            return .constant(Constant(type: constant.type, value: try value.negated(as: constant.type)))
        } catch {
            throw self.error(at, error.message)
        }
    }
}
