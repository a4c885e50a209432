import SyncModel

extension Evaluator {
    func form(_ expression: Expression) throws(Stop) -> Scalar? {
        switch expression {
        case .compareRows(let comparison, let left, let right, let forms):
            return try rows(comparison, left, right, forms)
        case .quantified(let quantifier, let value, let array): return try quantified(quantifier, value, array)
        case .choice(let parts, _): return try choice(parts)
        case .coalesce(let terms, _):
            for term in terms { if let value = try scalar(term) { return value } }
            return nil
        case .nullIf(let left, let right, let form):
            let value = try scalar(left)
            let other = try scalar(right)
            guard let value, let other else { return value }
            return value.compares(.equal, other, form) ? nil : value
        case .extreme(let terms, let type, let isGreatest): return try extreme(terms, type, isGreatest)
        case .array(let items, _, let isNested): return try array(items, isNested: isNested)
        case .constant, .column, .outer, .now, .subselect, .permitted, .and, .or, .not, .compare, .distinct, .oneOf,
            .matches,
            .isNull, .test, .call, .cast:
            return try scalar(expression)
        }
    }

    private func rows(
        _ comparison: Comparison, _ left: [Expression], _ right: [Expression], _ forms: [ComparisonForm]
    ) throws(Stop) -> Scalar? {
        for (index, form) in forms.enumerated() {
            let one = try scalar(left[index])
            let other = try scalar(right[index])
            guard let one, let other else { return nil }
            if one.compares(.equal, other, form) { continue }
            let isLess = one.compares(.less, other, form)
            return .bool(isLess == (comparison == .less || comparison == .lessOrEqual))
        }
        return .bool(comparison == .lessOrEqual || comparison == .greaterOrEqual)
    }

    private func quantified(
        _ quantifier: Quantifier, _ left: Expression, _ right: Expression
    ) throws(Stop) -> Scalar? {
        let value = try scalar(left)
        guard case .array(let array)? = try scalar(right) else { return nil }
        if array.elements.isEmpty { return .bool(quantifier.isAll) }
        guard let value else { return nil }
        var hasNull = false
        for element in array.elements {
            guard let element, let isTrue = try holds(quantifier.operator, value, element) else {
                hasNull = true
                continue
            }
            if isTrue != quantifier.isAll { return .bool(isTrue) }
        }
        return hasNull ? nil : .bool(quantifier.isAll)
    }

    private func holds(_ symbol: Quantifier.Operator, _ left: Scalar, _ right: Scalar) throws(Stop) -> Bool? {
        switch symbol {
        case .compare(let comparison, let form): return left.compares(comparison, right, form)
        case .call(let function):
            let result = try failing { () throws(EvaluationError) in try function.body([left, right]) }
            return result?.boolean
        }
    }

    private func choice(_ parts: [Expression]) throws(Stop) -> Scalar? {
        var place = 0
        while place + 1 < parts.count {
            if case .bool(true)? = try scalar(parts[place]) { return try scalar(parts[place + 1]) }
            place += 2
        }
        return try scalar(parts[place])
    }

    private func extreme(_ terms: [Expression], _ type: SQLType, _ isGreatest: Bool) throws(Stop) -> Scalar? {
        let form = Comparisons.form(type, type)
        var best: Scalar?
        for term in terms {
            guard let value = try scalar(term) else { continue }
            guard let current = best else {
                best = value
                continue
            }
            if value.compares(isGreatest ? .greater : .less, current, form) { best = value }
        }
        return best
    }

    private func array(_ items: [Expression], isNested: Bool) throws(Stop) -> Scalar? {
        var values: [Scalar?] = []
        for item in items { values.append(try scalar(item)) }
        guard isNested else { return .array(ArrayValue(values)) }
        let mismatch = Stop.failed(
            EvaluationError("multidimensional arrays must have array expressions with matching dimensions"))
        var result = ArrayValue([])
        var count = 0
        var hasEmpty = false
        for value in values {
            guard case .array(let inner)? = value, !inner.lengths.isEmpty else {
                hasEmpty = true
                continue
            }
            if count == 0 {
                result.lengths = inner.lengths
                result.lowerBounds = inner.lowerBounds
            }
            guard result.lengths == inner.lengths, result.lowerBounds == inner.lowerBounds else { throw mismatch }
            result.elements += inner.elements
            count += 1
        }
        // Empty arrays go together with empty ones only.
        if hasEmpty, count > 0 { throw mismatch }
        guard count > 0 else { return .array(ArrayValue([])) }
        guard result.lengths.count < ArrayValue.maxDimensions else {
            throw .failed(
                EvaluationError("number of array dimensions exceeds the maximum allowed (\(ArrayValue.maxDimensions))"))
        }
        result.lengths.insert(count, at: 0)
        result.lowerBounds.insert(1, at: 0)
        return .array(result)
    }
}
