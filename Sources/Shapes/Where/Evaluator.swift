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
        case .permitted(let term):
            switch truth(term) {
            case .true: return .true
            case .undecidable: return .undecidable
            case .false, .unknown, .error: return .false
            }
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
        case .constant, .column, .outer, .now, .compare, .compareRows, .distinct, .oneOf, .quantified, .matches,
            .isNull, .call, .cast, .choice, .coalesce, .nullIf, .extreme, .array:
            do throws(Stop) {
                guard case .bool(let value)? = try scalar(expression) else { return .unknown }
                return Truth(value)
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
        case .permitted, .and, .or, .not, .test, .subselect: return try Self.scalar(of: truth(expression))
        case .compare(let comparison, let left, let right, let form):
            // Both first: PostgreSQL evaluates the arguments of an operator before looking for NULL.
            let left = try scalar(left)
            let right = try scalar(right)
            guard let left, let right else { return nil }
            return .bool(left.compares(comparison, right, form))
        case .distinct(let left, let right, let form, let isNegated):
            let left = try scalar(left)
            let right = try scalar(right)
            guard let left, let right else { return .bool(((left == nil) == (right == nil)) == isNegated) }
            return .bool(left.compares(isNegated ? .equal : .notEqual, right, form))
        case .oneOf(let value, let list):
            guard let value = try scalar(value) else { return nil }
            if list.keys.contains(value.key(list.form)) { return .bool(true) }
            return list.hasNull ? nil : .bool(false)
        case .matches(let value, let pattern):
            guard case .text(let text)? = try scalar(value) else { return nil }
            return .bool(try failing { () throws(EvaluationError) in try pattern.matches(text) })
        case .isNull(let value, let isNegated): return .bool((try scalar(value) == nil) != isNegated)
        case .call(let function, let arguments): return try call(function, arguments)
        case .cast(let operand, let source, let target):
            guard let value = try scalar(operand) else { return nil }
            return try failing { () throws(EvaluationError) in try value.converted(from: source, to: target) }
        case .compareRows, .quantified, .choice, .coalesce, .nullIf, .extreme, .array: return try form(expression)
        }
    }

    private static func scalar(of truth: Truth) throws(Stop) -> Scalar? {
        switch truth {
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .unknown: return nil
        case .undecidable: throw .absent
        case .error(let message): throw .failed(EvaluationError(message))
        }
    }

    private func call(_ function: Function, _ arguments: [Expression]) throws(Stop) -> Scalar? {
        var values: [Scalar?] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments {
            values.append(try scalar(argument))
            // Of no array PostgreSQL does not even work out the subscripts.
            if case .subscripts = function.form, values[0] == nil { return nil }
        }
        if function.isStrict, values.contains(where: { $0 == nil }) { return nil }
        return try failing { () throws(EvaluationError) in try function.body(values) }
    }

    /// - Parameter forms: those of the group, then those of the values.
    func probe(
        group: [Expression], values: [Expression], _ forms: [ComparisonForm]
    ) throws(Stop) -> SubselectProbe {
        var keys: [Scalar?] = []
        for (expression, form) in zip(group + values, forms) {
            let value = try scalar(expression)
            keys.append(value?.key(form))
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

    func failing<Value>(_ work: () throws(EvaluationError) -> Value) throws(Stop) -> Value {
        do throws(EvaluationError) {
            return try work()
        } catch {
            throw .failed(error)
        }
    }
}
