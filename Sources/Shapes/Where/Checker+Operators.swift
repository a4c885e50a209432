import SyncModel

extension Checker {
    /// A literal that met nothing with a type is text.
    mutating func known(_ operand: Operand) throws(ShapeError) -> Expression {
        if case .typed(let expression, _) = operand { return expression }
        return try typed(operand, as: .text)
    }

    /// Gives an unknown literal a type; casts a typed operand where PostgreSQL does so by itself.
    mutating func typed(_ operand: Operand, as type: SQLType) throws(ShapeError) -> Expression {
        switch operand {
        case .typed(let expression, _): return Self.coerced(expression, to: type)
        case .unknown(let text, let source, let at):
            // Electric's rule too: a varchar literal is text.
            let type = type == .varchar ? .text : type
            let value = text.flatMap { Scalar(parsing: $0, as: type) }
            if let text, value == nil, source != .claim {
                throw error(at, "invalid syntax for type \(type.readable): \(text)")
            }
            let constant = Constant(type: type, value: value)
            if case .parameter(let number) = source { resolvedParameters[number] = constant }
            return .constant(constant)
        }
    }

    static func coerced(_ expression: Expression, to type: SQLType) -> Expression {
        let source = expression.type
        // varchar is text already.
        if source == type || (source.isText && type.isText) || !source.becomes(type) { return expression }
        return .cast(expression, from: source, to: type)
    }

    mutating func compare(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, _ at: Int
    ) throws(ShapeError) -> Expression {
        guard let (leftType, rightType) = Comparisons.types(left.type, right.type, comparison) else {
            throw noOperator(comparison.rawValue, [left.type, right.type], at)
        }
        return .compare(
            comparison, try typed(left, as: leftType), try typed(right, as: rightType),
            Comparisons.form(leftType, rightType))
    }

    mutating func compare(
        _ comparison: Comparison, _ left: Syntax, _ right: Syntax, _ at: Int
    ) throws(ShapeError) -> Expression {
        if case .row(let lefts, _) = left, case .row(let rights, _) = right {
            return try compareRows(comparison, lefts, rights, at)
        }
        return try compare(comparison, operand(left), operand(right), at)
    }

    private mutating func compareRows(
        _ comparison: Comparison, _ left: [Syntax], _ right: [Syntax], _ at: Int
    ) throws(ShapeError) -> Expression {
        guard left.count == right.count else { throw error(at, "unequal number of entries in row expressions") }
        var pairs: [Expression] = []
        for (one, other) in zip(left, right) { pairs.append(try compare(comparison, operand(one), operand(other), at)) }
        if comparison == .equal { return .and(pairs) }
        if comparison == .notEqual { return .or(pairs) }
        var (lefts, rights, forms): ([Expression], [Expression], [ComparisonForm]) = ([], [], [])
        for case .compare(_, let one, let other, let form) in pairs {
            lefts.append(one)
            rights.append(other)
            forms.append(form)
        }
        return .compareRows(comparison, lefts, rights, forms)
    }

    mutating func distinct(
        _ left: Syntax, _ right: Syntax, isNegated: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        if case .row(let lefts, _) = left, case .row(let rights, _) = right {
            guard lefts.count == rights.count else { throw error(at, "unequal number of entries in row expressions") }
            var pairs: [Expression] = []
            for (one, other) in zip(lefts, rights) {
                pairs.append(try distinct(one, other, isNegated: isNegated, at))
            }
            return isNegated ? .and(pairs) : .or(pairs)
        }
        let (one, other) = (try operand(left), try operand(right))
        guard case .compare(_, let left, let right, let form) = try compare(.notEqual, one, other, at) else {
            throw noOperator("<>", [one.type, other.type], at)
        }
        return .distinct(left, right, form, isNegated: isNegated)
    }

    mutating func between(
        _ value: Syntax, _ low: Syntax, _ high: Syntax, isSymmetric: Bool, isNegated: Bool, _ at: Int
    ) throws(ShapeError) -> Expression {
        func bounded(_ low: Syntax, _ high: Syntax, _ checker: inout Checker) throws(ShapeError) -> Expression {
            let terms = [
                try checker.compare(isNegated ? .less : .greaterOrEqual, value, low, at),
                try checker.compare(isNegated ? .greater : .lessOrEqual, value, high, at),
            ]
            return isNegated ? .or(terms) : .and(terms)
        }
        let straight = try bounded(low, high, &self)
        guard isSymmetric else { return straight }
        let crossed = try bounded(high, low, &self)
        return isNegated ? .and([straight, crossed]) : .or([straight, crossed])
    }

    mutating func test(_ term: Syntax, _ test: BooleanTest, _ at: Int) throws(ShapeError) -> Expression {
        let expression = try typed(operand(term), as: .bool)
        guard expression.type == .bool else {
            throw error(at, "argument of \(test.rawValue) must be bool, not \(expression.type.readable)")
        }
        return .test(expression, test)
    }

    mutating func isNull(_ term: Syntax, isNegated: Bool) throws(ShapeError) -> Expression {
        guard case .row(let items, _) = term else { return .isNull(try known(operand(term)), isNegated: isNegated) }
        // True of a row when it is true of all its fields.
        var terms: [Expression] = []
        for item in items { terms.append(.isNull(try known(operand(item)), isNegated: isNegated)) }
        return .and(terms)
    }

    mutating func prefix(_ symbol: String, _ term: Syntax, _ at: Int) throws(ShapeError) -> Expression {
        guard let functions = Catalogue.prefix[symbol] else {
            throw error(at, "unknown unary operator \(symbol)")
        }
        let operand = try operand(term)
        // PostgreSQL takes an unknown literal for float8 where it can.
        let candidates = functions.map(\.arguments)
        guard let place = Overloads.select(candidates, [operand.type]) else {
            throw noOperator(symbol, [operand.type], candidates: candidates, at)
        }
        return try call(functions[place], [operand], at)
    }

    mutating func binary(_ symbol: String, _ left: Operand, _ right: Operand, _ at: Int) throws(ShapeError)
        -> Expression
    {
        if let function = try polymorphic(symbol, left, right, at) { return function }
        let functions = Catalogue.infix[symbol] ?? []
        let candidates = functions.map(\.arguments)
        guard let place = Overloads.selectOperator(candidates, left.type, right.type) else {
            throw noOperator(symbol, [left.type, right.type], candidates: candidates, at)
        }
        return try call(functions[place], [left, right], at)
    }

    /// Operators of arrays, and `||` that takes anything beside text.
    private mutating func polymorphic(
        _ symbol: String, _ left: Operand, _ right: Operand, _ at: Int
    ) throws(ShapeError) -> Expression? {
        if left.type?.element != nil || right.type?.element != nil {
            let isOther = !["@>", "<@", "&&", "||"].contains(symbol)
            if isOther || left.type == .jsonb || left.type == .json { return nil }
            guard let function = try Arrays.infix(symbol, left, right, &self, at) else {
                throw noOperator(symbol, [left.type, right.type], at)
            }
            return function
        }
        guard symbol == "||" else { return nil }
        let types = [left.type, right.type]
        if types.contains(where: { $0?.isString == true }) {
            return try call(Texts.infix[0], [try textual(left), try textual(right)], at)
        }
        // A literal beside something that is no text: text, unless the other is joined with its like.
        let known = types.compactMap { $0 }
        if known.count == 1, let type = known.first, type != .jsonb, type != .bytea {
            return try call(Texts.infix[0], [try textual(left), try textual(right)], at)
        }
        return nil
    }

    /// As text, by an explicit cast where it is anything else.
    mutating func textual(_ operand: Operand) throws(ShapeError) -> Operand {
        guard case .typed(let expression, let at) = operand, !expression.type.isText else { return operand }
        return .typed(.cast(expression, from: expression.type, to: .text), at: at)
    }

    mutating func call(_ function: Function, _ operands: [Operand], _ at: Int) throws(ShapeError) -> Expression {
        if let refusal = function.refusal {
            throw error(at, "\(refusal) is not supported", .notSupported)
        }
        var arguments: [Expression] = []
        for (place, operand) in operands.enumerated() {
            let type = function.arguments[min(place, function.arguments.count - 1)]
            arguments.append(try typed(operand, as: type))
        }
        return .call(function, arguments)
    }
}
