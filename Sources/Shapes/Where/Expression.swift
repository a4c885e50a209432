import SyncModel

/// How two operands of types that go together are brought to one form before they are compared.
enum ComparisonForm: Hashable, Sendable {
    /// Both compare as they are.
    case same
    /// A date with a timestamp.
    case timestamp
    /// bpchar: trailing spaces do not count.
    case padded
}

/// A constant with its type; `value` nil is NULL.
///
/// Equal when PostgreSQL writes the same text: `1.0` and `1.00` are equal values, and yet two constants.
struct Constant: Hashable, Sendable {
    let type: SQLType
    let value: Scalar?

    private var text: Text? { value?.text(as: type) }

    static func == (left: Constant, right: Constant) -> Bool {
        left.type == right.type && left.value == right.value && left.text == right.text
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(value)
    }
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
    /// A read rule: true where the condition is, and false otherwise, errors included, so that nothing is told of rows
    /// that it keeps back.
    case permitted(Expression)
    case and([Expression])
    case or([Expression])
    case not(Expression)
    case compare(Comparison, Expression, Expression, ComparisonForm)
    /// Rows, from the left, up to the first pair that differs: `(a, b) < (c, d)`.
    case compareRows(Comparison, [Expression], [Expression], [ComparisonForm])
    case distinct(Expression, Expression, ComparisonForm, isNegated: Bool)
    case oneOf(Expression, ConstantList)
    case quantified(Quantifier, Expression, Expression)
    case matches(Expression, Pattern)
    case isNull(Expression, isNegated: Bool)
    case test(Expression, BooleanTest)
    case call(Function, [Expression])
    case cast(Expression, from: SQLType, to: SQLType)
    /// Conditions and results by turns, then what stands after ELSE.
    case choice([Expression], SQLType)
    case coalesce([Expression], SQLType)
    case nullIf(Expression, Expression, ComparisonForm)
    case extreme([Expression], SQLType, isGreatest: Bool)
    /// `ARRAY[…]`; of arrays where nested.
    case array([Expression], SQLType, isNested: Bool)

    var type: SQLType {
        switch self {
        case .constant(let constant): constant.type
        case .column(_, let type), .outer(_, let type): type
        case .now: .timestamptz
        case .cast(_, _, let type): type
        case .call(let function, _): function.result
        case .choice(_, let type), .coalesce(_, let type), .extreme(_, let type, _), .array(_, let type, _): type
        case .nullIf(let value, _, _): value.type
        case .subselect, .permitted, .and, .or, .not, .compare, .compareRows, .distinct, .oneOf, .quantified, .matches,
            .isNull,
            .test:
            .bool
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

/// `left operator ANY (array)`, or ALL.
struct Quantifier: Hashable, Sendable {
    enum Operator: Hashable, Sendable {
        case compare(Comparison, ComparisonForm)
        /// Of type bool.
        case call(Function)
    }

    let `operator`: Operator
    let isAll: Bool
    /// What the array's elements are cast to first.
    let element: SQLType
}
