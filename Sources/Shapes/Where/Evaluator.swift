import SyncModel

/// What a condition says of a row.
package enum Truth: Hashable, Sendable {
    case `true`
    case `false`
    /// SQL's NULL: not true.
    case unknown
    /// Evaluation failed, in PostgreSQL's words: the row is outside the shape.
    case error(String)
    /// A column that decides is `.absent` in the row, or the context does not know what decides.
    case undecidable

    package init(_ value: Bool) { self = value ? .true : .false }

    package var isTrue: Bool { self == .true }

    var negated: Truth {
        switch self {
        case .true: .false
        case .false: .true
        case .unknown, .error, .undecidable: self
        }
    }
}

/// Evaluates a checked condition on one row.
struct Evaluator {
    let row: Row
    var context = EvaluationContext()

    /// Why a scalar has no value. `absent`: the row does not hold the column.
    enum Stop: Error {
        case absent
        case failed(EvaluationError)

        var truth: Truth {
            switch self {
            case .absent: .undecidable
            case .failed(let error): .error(error.message)
            }
        }
    }

    func truth(_ expression: Expression) -> Truth {
        switch expression {
        case .and(let terms): return conjunction(terms, of: .false)
        case .or(let terms): return conjunction(terms, of: .true)
        case .not(let term): return truth(term).negated
        case .test(let term, let test): return Self.result(of: test, on: truth(term))
        case .subselect(let index, let group, let values, let forms):
            do throws(Stop) {
                return context.subselects.truth(of: index, try probe(group: group, values: values, forms))
            } catch {
                return error.truth
            }
        case .constant, .column, .outer, .now, .columnText, .compare, .distinct, .oneOf, .like, .isNull, .negate, .cast:
            do throws(Stop) {
                return try leaf(expression)
            } catch {
                return error.truth
            }
        }
    }

    /// AND (`deciding` false) and OR (`deciding` true), left to right as PostgreSQL does: what decides ends it,
    /// and so does an error. A value that is not held may still be outvoted.
    private func conjunction(_ terms: [Expression], of deciding: Truth) -> Truth {
        var result = deciding.negated
        for term in terms {
            let value = truth(term)
            switch value {
            case deciding: return value
            case .undecidable: result = .undecidable
            case .unknown where result != .undecidable: result = .unknown
            case .error: return result == .undecidable ? .undecidable : value
            case .true, .false, .unknown: break
            }
        }
        return result
    }

    private static func result(of test: BooleanTest, on truth: Truth) -> Truth {
        switch truth {
        case .error, .undecidable: return truth
        case .true, .false, .unknown: break
        }
        switch test {
        case .isTrue: return Truth(truth == .true)
        case .isNotTrue: return Truth(truth != .true)
        case .isFalse: return Truth(truth == .false)
        case .isNotFalse: return Truth(truth != .false)
        case .isUnknown: return Truth(truth == .unknown)
        case .isNotUnknown: return Truth(truth != .unknown)
        }
    }

    private func leaf(_ expression: Expression) throws(Stop) -> Truth {
        switch expression {
        case .compare(let comparison, let left, let right, let form):
            // Both first: PostgreSQL evaluates the arguments of an operator before looking for NULL.
            let left = try scalar(left)
            let right = try scalar(right)
            guard let left, let right else { return .unknown }
            return Truth(try failing { () throws(EvaluationError) in try left.compares(comparison, right, form) })
        case .distinct(let left, let right, let form, let isNegated):
            let left = try scalar(left)
            let right = try scalar(right)
            guard let left, let right else { return Truth(((left == nil) == (right == nil)) == isNegated) }
            return Truth(
                try failing { () throws(EvaluationError) in
                    try left.compares(isNegated ? .equal : .notEqual, right, form)
                })
        case .oneOf(let value, let list):
            guard let value = try scalar(value) else { return .unknown }
            if list.keys.contains(try failing { () throws(EvaluationError) in try value.key(list.form) }) {
                return .true
            }
            return list.hasNull ? .unknown : .false
        case .like(let value, let pattern, let ignoresCase):
            let value = try scalar(value)
            let pattern = try scalar(pattern)
            guard case .text(let text)? = value, case .text(let like)? = pattern else { return .unknown }
            return Truth(
                try failing { () throws(EvaluationError) in
                    try LikePattern.matches(text, like, ignoresCase: ignoresCase)
                })
        case .isNull(let value, let isNegated):
            return Truth((try scalar(value) == nil) != isNegated)
        case .constant, .column, .outer, .now, .columnText, .negate, .cast:
            guard case .bool(let value)? = try scalar(expression) else { return .unknown }
            return Truth(value)
        case .and, .or, .not, .test, .subselect: return truth(expression)
        }
    }

    /// nil is NULL.
    func scalar(_ expression: Expression) throws(Stop) -> Scalar? {
        switch expression {
        case .constant(let constant): return constant.value
        case .column(let index, let type): return try Self.value(of: row[index], type)
        case .outer(let index, let type):
            guard let outer = context.outer else { throw .absent }
            return try Self.value(of: outer[index], type)
        case .now:
            guard let now = context.now else { throw .absent }
            return .timestamp(now)
        case .columnText(let index): return try Self.text(of: row[index]).map { .text($0) }
        case .negate(let operand, let type):
            guard let value = try scalar(operand) else { return nil }
            return try failing { () throws(EvaluationError) in try value.negated(as: type) }
        case .cast(let operand, let source, let target):
            guard let value = try scalar(operand) else { return nil }
            return try failing { () throws(EvaluationError) in try value.converted(from: source, to: target) }
        case .and, .or, .not, .compare, .distinct, .oneOf, .like, .isNull, .test, .subselect:
            switch truth(expression) {
            case .true: return .bool(true)
            case .false: return .bool(false)
            case .unknown: return nil
            case .undecidable: throw .absent
            case .error(let message): throw .failed(EvaluationError(message: message))
            }
        }
    }

    /// - Parameter forms: those of the group, then those of the values.
    func probe(
        group: [Expression], values: [Expression], _ forms: [ComparisonForm]
    ) throws(Stop) -> SubselectProbe {
        var keys: [Scalar?] = []
        for (expression, form) in zip(group + values, forms) {
            let value = try scalar(expression)
            keys.append(try failing { () throws(EvaluationError) in try value?.key(form) })
        }
        return SubselectProbe(group: Array(keys.prefix(group.count)), values: Array(keys.dropFirst(group.count)))
    }

    private static func value(of value: Value, _ type: SQLType) throws(Stop) -> Scalar? {
        guard let text = try text(of: value) else { return nil }
        guard let scalar = Scalar(parsing: text, as: type) else {
            throw .failed(EvaluationError(message: "\"\(text)\" is no value of type \(type.readable)"))
        }
        return scalar
    }

    private static func text(of value: Value) throws(Stop) -> Text? {
        switch value {
        case .absent: throw .absent
        case .null: return nil
        case .text(let text): return text
        }
    }

    private func failing<Value>(_ work: () throws(EvaluationError) -> Value) throws(Stop) -> Value {
        do throws(EvaluationError) {
            return try work()
        } catch {
            throw .failed(error)
        }
    }
}
