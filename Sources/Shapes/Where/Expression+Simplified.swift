import SyncModel

extension Expression {
    /// The condition with constant parts worked out, as PostgreSQL's planner does before it looks at a row.
    ///
    /// That is more than thrift: `- n > 0 OR TRUE` has no error in PostgreSQL, and `x = NULL` is NULL whatever x is.
    func simplified() throws(EvaluationError) -> Expression {
        switch self {
        case .constant, .column, .outer, .now: return self
        case .permitted(let term):
            let term = try term.simplified()
            guard case .constant(let constant) = term else { return .permitted(term) }
            return .constant(Constant(type: .bool, value: .bool(constant.value == .bool(true))))
        case .and(let terms): return try Self.junction(terms, deciding: false)
        case .or(let terms): return try Self.junction(terms, deciding: true)
        case .choice(let parts, let type): return try Self.simplifiedChoice(parts, type)
        case .coalesce(let terms, let type): return try Self.simplifiedCoalesce(terms, type)
        case .subselect, .not, .compare, .compareRows, .distinct, .oneOf, .quantified, .matches, .isNull, .test, .call,
            .cast, .nullIf, .extreme, .array:
            var parts: [Expression] = []
            for child in children { parts.append(try child.simplified()) }
            return try with(parts).worked(over: parts)
        }
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
        if kept.allSatisfy(\.isNullConstant) { return kept[0] }
        return kept.count == 1 ? kept[0] : deciding ? .or(kept) : .and(kept)
    }

    /// Branches that cannot be taken go, and so does what stands behind one that must be.
    private static func simplifiedChoice(_ parts: [Expression], _ type: SQLType) throws(EvaluationError) -> Expression {
        var kept: [Expression] = []
        var place = 0
        while place + 1 < parts.count {
            let condition = try parts[place].simplified()
            let isTrue = condition == .constant(Constant(type: .bool, value: .bool(true)))
            if isTrue || !condition.isConstant {
                let result = try parts[place + 1].simplified()
                if isTrue { return kept.isEmpty ? result : .choice(kept + [result], type) }
                kept += [condition, result]
            }
            place += 2
        }
        let last = try parts[place].simplified()
        return kept.isEmpty ? last : .choice(kept + [last], type)
    }

    private static func simplifiedCoalesce(_ terms: [Expression], _ type: SQLType) throws(EvaluationError) -> Expression
    {
        var kept: [Expression] = []
        for term in terms {
            let term = try term.simplified()
            if term.isNullConstant { continue }
            kept.append(term)
            if term.isConstant { break }
        }
        if kept.isEmpty { return .constant(Constant(type: type, value: nil)) }
        return kept.count == 1 ? kept[0] : .coalesce(kept, type)
    }

    /// The expression, or its value where no operand depends on the row.
    private func worked(over operands: [Expression]) throws(EvaluationError) -> Expression {
        switch self {
        case .compare(let comparison, let left, let right, let form):
            if operands.contains(where: \.isNullConstant) { return .constant(Constant(type: .bool, value: nil)) }
            guard operands.allSatisfy(\.isConstant) else {
                return .compare(comparison, left.plain, right.plain, form)
            }
        case .call(let function, _):
            if function.isStrict, operands.contains(where: \.isNullConstant) {
                return .constant(Constant(type: type, value: nil))
            }
            guard function.isFoldable else { return self }
            if let compiled = try compiledPattern(function) { return compiled }
        case .cast(_, _, let target):
            if operands[0].isNullConstant { return .constant(Constant(type: target, value: nil)) }
            guard isFoldableCast else { return self }
        case .nullIf:
            if operands.contains(where: \.isNullConstant) { return operands[0] }
        case .subselect: return self
        case .constant, .column, .outer, .now, .permitted, .and, .or, .not, .compareRows, .distinct, .oneOf,
            .quantified, .matches, .isNull, .test, .choice, .coalesce, .extreme, .array:
            break
        }
        guard operands.allSatisfy(\.isConstant) else { return self }
        do throws(Evaluator.Stop) {
            return .constant(Constant(type: type, value: try Evaluator(row: Row([])).scalar(self)))
        } catch {
            switch error {
            case .absent: return self
            case .failed(let failure): throw failure
            }
        }
    }

    /// A constant as it compares: `1.00` is `1`.
    private var plain: Expression {
        guard case .constant(let constant) = self, case .numeric(let value)? = constant.value else { return self }
        return .constant(Constant(type: constant.type, value: .numeric(value.withoutTrailingZeros)))
    }

    /// A pattern that no row changes is read once.
    private func compiledPattern(_ function: Function) throws(EvaluationError) -> Expression? {
        guard case .call(_, let arguments) = self, case .infix(let symbol) = function.form,
            Pattern.symbols.contains(symbol), function.arguments[0] == .text, !arguments[0].isConstant,
            case .constant(let constant) = arguments[1], let text = constant.value
        else { return nil }
        // A wrong one is an error only of a row that it is held against.
        guard let pattern = try? Pattern(symbol, text.string) else { return nil }
        return .matches(arguments[0], pattern)
    }

    /// PostgreSQL works out a cast at once where it cannot depend on settings.
    private var isFoldableCast: Bool {
        guard case .cast(let operand, _, let target) = self else { return false }
        return operand.isFoldableCast(to: target)
    }

    func isFoldableCast(to target: SQLType) -> Bool {
        let times: [SQLType] = [.date, .time, .timestamp, .timestamptz, .interval]
        if type.isString && !target.isString || target.isString && !type.isString {
            // Through text: how times are read and written depends on settings.
            return !times.contains(type) && !times.contains(target) && target.element == nil
                && type.element == nil && !type.isEnumeration && !target.isEnumeration
        }
        return !(type == .timestamptz || target == .timestamptz)
    }
}
