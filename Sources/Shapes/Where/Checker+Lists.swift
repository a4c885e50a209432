import SyncModel

/// `IN` with a list, as PostgreSQL resolves it: two or more values without a column are brought to one common
/// type, and everything else is compared one by one.
extension Checker {
    mutating func oneOf(
        _ left: Syntax, _ items: [Syntax], isNegated: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        if case .row = left {
            var terms: [Expression] = []
            for item in items {
                guard case .row = item else { throw error(at, "a row of values is compared with rows only") }
                terms.append(try compare(isNegated ? .notEqual : .equal, left, item, at))
            }
            return terms.count == 1 ? terms[0] : isNegated ? .and(terms) : .or(terms)
        }
        let value = try operand(left)
        var constants: [Operand] = []
        var others: [Operand] = []
        let operands = try operands(items)
        for operand in operands {
            if operand.isWithoutColumns { constants.append(operand) } else { others.append(operand) }
        }
        var terms: [Expression] = []
        if constants.count > 1, let type = Overloads.commonType(([value] + constants).map(\.type)) {
            terms.append(try list(value, constants, type, isNegated: isNegated, at))
        } else {
            others = operands
        }
        for other in others { terms.append(try compare(isNegated ? .notEqual : .equal, value, other, at)) }
        return terms.count == 1 ? terms[0] : isNegated ? .and(terms) : .or(terms)
    }

    private mutating func list(
        _ value: Operand, _ constants: [Operand], _ type: SQLType, isNegated: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        let comparison: Comparison = isNegated ? .notEqual : .equal
        guard let (left, right) = Comparisons.types(value.type, type, comparison) else {
            throw noOperator(comparison.rawValue, [value.type, type], at)
        }
        let form = Comparisons.form(left, right)
        let tested = try typed(value, as: left)
        var values: [Scalar] = []
        var keys: Set<Scalar> = []
        var hasNull = false
        var expressions: [Expression] = []
        for constant in constants {
            let typed = Self.coerced(try typed(constant, as: type), to: right)
            expressions.append(try simplified(typed))
        }
        for expression in expressions {
            guard case .constant(let constant) = expression else {
                // Not known before there is a row: NOW().
                let terms = expressions.map { Expression.compare(comparison, tested, $0, form) }
                return isNegated ? .and(terms) : .or(terms)
            }
            if let scalar = constant.value {
                if keys.insert(scalar.key(form)).inserted { values.append(scalar) }
            } else {
                hasNull = true
            }
        }
        let list = Expression.oneOf(
            tested, ConstantList(type: right, form: form, values: values, hasNull: hasNull, keys: keys))
        return isNegated ? .not(list) : list
    }

    /// `left operator ANY (array)`
    mutating func quantified(
        _ symbol: String, _ left: Syntax, _ right: Syntax, isAll: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        let value = try operand(left)
        let array = try operand(right)
        if let type = array.type, type.element == nil {
            throw error(at, "op ANY/ALL (array) requires array on right side")
        }
        let element = array.type?.element
        let quantifier: Quantifier
        let types: (SQLType, SQLType)
        if let comparison = Comparison(rawValue: symbol) {
            guard let found = Comparisons.types(value.type, element, comparison) else {
                throw noOperator(symbol, [value.type, element], at)
            }
            types = found
            let form = Comparisons.form(types.0, types.1)
            quantifier = Quantifier(operator: .compare(comparison, form), isAll: isAll, element: types.1)
        } else {
            let functions = Catalogue.infix[symbol] ?? []
            let candidates = functions.map(\.arguments)
            guard let place = Overloads.selectOperator(candidates, value.type, element) else {
                throw noOperator(symbol, [value.type, element], candidates: candidates, at)
            }
            let function = functions[place]
            guard function.result == .bool else {
                throw error(at, "op ANY/ALL (array) requires operator to yield boolean")
            }
            types = (function.arguments[0], function.arguments[1])
            quantifier = Quantifier(operator: .call(function), isAll: isAll, element: types.1)
        }
        return .quantified(quantifier, try typed(value, as: types.0), try typed(array, as: .array(types.1)))
    }
}

extension Checker.Operand {
    fileprivate var isWithoutColumns: Bool {
        switch self {
        case .unknown: true
        case .typed(let expression, _): !expression.contains { $0.isOwnColumn || $0.isOuter || $0.isSubselect }
        }
    }
}
