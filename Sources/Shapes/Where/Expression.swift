import SyncModel

/// How two operands are brought together before they are compared.
enum ComparisonForm: Hashable, Sendable {
    /// Both are of one type that compares as it is.
    case same
    /// Integers of any width.
    case integer
    /// Integers and numerics.
    case numeric
    /// Anything with a float4 or float8 in it, except float4 with float4, which is `.same`.
    case float
    /// A date with a timestamp.
    case timestamp
    /// bpchar with varchar: trailing spaces of both do not count.
    case padded
}

/// A constant with its type; `value` nil is NULL.
struct Constant: Hashable, Sendable {
    let type: SQLType
    let value: Scalar?
}

/// A type-checked condition. Made only by the checker; it holds no locations, so that equal conditions are
/// equal values.
indirect enum Expression: Hashable, Sendable {
    case constant(Constant)
    case column(Int, SQLType)
    /// A column of the row around: of the select that a sub-select stands in, or of an include's parent.
    case outer(Int, SQLType)
    /// The time that the evaluation context gives.
    case now
    /// The truth of the predicate's sub-select of this place, for what correlates it and for the values before
    /// its IN.
    case subselect(Int, group: [Expression], values: [Expression], forms: [ComparisonForm])
    /// A column's text as PostgreSQL writes it, for casts to text.
    case columnText(Int)
    case and([Expression])
    case or([Expression])
    case not(Expression)
    case compare(Comparison, Expression, Expression, ComparisonForm)
    case distinct(Expression, Expression, ComparisonForm, isNegated: Bool)
    case oneOf(Expression, ConstantList)
    case like(Expression, Expression, ignoresCase: Bool)
    case isNull(Expression, isNegated: Bool)
    case test(Expression, BooleanTest)
    case negate(Expression, SQLType)
    case cast(Expression, from: SQLType, to: SQLType)

    var type: SQLType {
        switch self {
        case .constant(let constant): constant.type
        case .column(_, let type), .outer(_, let type), .negate(_, let type): type
        case .columnText: .text
        case .now: .timestamptz
        case .cast(_, _, let type): type
        case .and, .or, .not, .compare, .distinct, .oneOf, .like, .isNull, .test, .subselect: .bool
        }
    }
}

extension Expression {
    /// The parts that it is worked out from, in the order of evaluation.
    var children: [Expression] {
        switch self {
        case .constant, .column, .outer, .now, .columnText: []
        case .and(let terms), .or(let terms): terms
        case .not(let term), .oneOf(let term, _), .isNull(let term, _), .test(let term, _), .negate(let term, _),
            .cast(let term, _, _):
            [term]
        case .compare(_, let left, let right, _), .distinct(let left, let right, _, _), .like(let left, let right, _):
            [left, right]
        case .subselect(_, let group, let values, _): group + values
        }
    }

    /// The same of other parts. MUST be as many as `children`.
    func with(_ parts: [Expression]) -> Expression {
        switch self {
        case .constant, .column, .outer, .now, .columnText: self
        case .and: .and(parts)
        case .or: .or(parts)
        case .not: .not(parts[0])
        case .oneOf(_, let list): .oneOf(parts[0], list)
        case .isNull(_, let isNegated): .isNull(parts[0], isNegated: isNegated)
        case .test(_, let test): .test(parts[0], test)
        case .negate(_, let type): .negate(parts[0], type)
        case .cast(_, let source, let target): .cast(parts[0], from: source, to: target)
        case .compare(let comparison, _, _, let form): .compare(comparison, parts[0], parts[1], form)
        case .distinct(_, _, let form, let isNegated): .distinct(parts[0], parts[1], form, isNegated: isNegated)
        case .like(_, _, let ignoresCase): .like(parts[0], parts[1], ignoresCase: ignoresCase)
        case .subselect(let index, let group, _, let forms):
            .subselect(
                index, group: Array(parts.prefix(group.count)), values: Array(parts.dropFirst(group.count)),
                forms: forms)
        }
    }

    /// Columns of the row around become columns of the row itself.
    var movedOut: Expression {
        if case .outer(let index, let type) = self { return .column(index, type) }
        return with(children.map(\.movedOut))
    }

    /// Itself and all below.
    func contains(where matches: (Expression) -> Bool) -> Bool {
        matches(self) || children.contains { $0.contains(where: matches) }
    }
}

/// The constants of an `IN`, at least two, all of one type.
struct ConstantList: Hashable, Sendable {
    let type: SQLType
    let form: ComparisonForm
    /// As given, without NULLs and duplicates.
    let values: [Scalar]
    let hasNull: Bool
    /// `values` as they compare.
    let keys: Set<Scalar>
}
