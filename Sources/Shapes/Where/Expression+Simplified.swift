import SyncModel

extension Expression {
    /// The condition with constant parts worked out, as PostgreSQL's planner does before it looks at a row.
    ///
    /// That is more than thrift: `- n > 0 OR TRUE` has no error in PostgreSQL, and `x = NULL` is NULL whatever x is.
    func simplified() throws(EvaluationError) -> Expression {
        switch self {
        case .constant, .column, .outer, .now, .columnText: return self
        case .subselect: return with(try Self.simplified(children))
        case .negate(let operand, let type): return .negate(try operand.simplified(), type)
        case .cast(let operand, let source, let target):
            return .cast(try operand.simplified(), from: source, to: target)
        case .and(let terms): return try Self.junction(terms, deciding: false)
        case .or(let terms): return try Self.junction(terms, deciding: true)
        case .not(let term):
            let term = try term.simplified()
            return try Expression.not(term).worked(over: [term])
        case .compare(let comparison, let left, let right, let form):
            let operands = [try left.simplified(), try right.simplified()]
            if operands.contains(where: \.isNullConstant) { return .constant(Constant(type: .bool, value: nil)) }
            return try Expression.compare(comparison, operands[0], operands[1], form).worked(over: operands)
        case .distinct(let left, let right, let form, let isNegated):
            let operands = [try left.simplified(), try right.simplified()]
            return try Expression.distinct(operands[0], operands[1], form, isNegated: isNegated).worked(over: operands)
        case .oneOf(let value, let list):
            let value = try value.simplified()
            return try Expression.oneOf(value, list).worked(over: [value])
        case .like(let left, let right, let ignoresCase):
            let operands = [try left.simplified(), try right.simplified()]
            if operands.contains(where: \.isNullConstant) { return .constant(Constant(type: .bool, value: nil)) }
            return try Expression.like(operands[0], operands[1], ignoresCase: ignoresCase).worked(over: operands)
        case .isNull(let value, let isNegated):
            let value = try value.simplified()
            return try Expression.isNull(value, isNegated: isNegated).worked(over: [value])
        case .test(let term, let test):
            let term = try term.simplified()
            return try Expression.test(term, test).worked(over: [term])
        }
    }

    private static func simplified(_ terms: [Expression]) throws(EvaluationError) -> [Expression] {
        var simplified: [Expression] = []
        for term in terms { simplified.append(try term.simplified()) }
        return simplified
    }

    /// In order, and not beyond the term that decides.
    private static func junction(_ terms: [Expression], deciding: Bool) throws(EvaluationError) -> Expression {
        var kept: [Expression] = []
        for term in terms {
            let term = try term.simplified()
            guard case .constant(let constant) = term, let value = constant.value else {
                kept.append(term)
                continue
            }
            if value == .bool(deciding) { return term }
        }
        if kept.isEmpty { return .constant(Constant(type: .bool, value: .bool(!deciding))) }
        return kept.count == 1 ? kept[0] : deciding ? .or(kept) : .and(kept)
    }

    /// The expression, or its value where no operand depends on the row.
    private func worked(over operands: [Expression]) throws(EvaluationError) -> Expression {
        guard operands.allSatisfy(\.isConstant) else { return self }
        let value: Scalar?
        switch Evaluator(row: Row([])).truth(self) {
        case .true: value = .bool(true)
        case .false: value = .bool(false)
        case .unknown: value = nil
        case .undecidable: return self
        case .error(let message): throw EvaluationError(message: message)
        }
        return .constant(Constant(type: .bool, value: value))
    }

    private var isConstant: Bool {
        if case .constant = self { true } else { false }
    }

    private var isNullConstant: Bool {
        if case .constant(let constant) = self { constant.value == nil } else { false }
    }
}
