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
        case .column(_, let type), .negate(_, let type): type
        case .columnText: .text
        case .cast(_, _, let type): type
        case .and, .or, .not, .compare, .distinct, .oneOf, .like, .isNull, .test: .bool
        }
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
