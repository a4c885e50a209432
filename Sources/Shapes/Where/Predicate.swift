import SyncModel

/// A condition on the rows of one table, parsed and type-checked.
///
/// Two predicates are equal when they have the same meaning to the checker: white space, spelling of
/// constants and parameter numbers do not count.
package struct Predicate: Hashable, Sendable {
    let expression: Expression
    private let table: TableSchema
    /// The columns that decide, ascending.
    package let columnsUsed: [Int]

    /// Every parameter MUST be used. Errors are of field `where` or `params`, in Electric's words.
    package init(parsing text: String, parameters: [Text] = [], table: TableSchema) throws(ShapeError) {
        let used: Set<Int>
        (self, used) = try Predicate.parse(text, parameters: parameters, table: table)
        if let unused = parameters.indices.first(where: { !used.contains($0 + 1) }) {
            throw .unusedParameter(unused + 1)
        }
    }

    private init(expression: Expression, table: TableSchema) {
        self.expression = expression
        self.table = table
        var columns: Set<Int> = []
        expression.collectColumns(into: &columns)
        columnsUsed = columns.sorted()
    }

    /// The predicate and the numbers of the parameters that it uses.
    static func parse(
        _ text: String, parameters: [Text], table: TableSchema
    ) throws(ShapeError) -> (Predicate, usedParameters: Set<Int>) {
        guard text.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("a condition", limit: ShapeLimits.maxConditionLength, field: "where")
        }
        let syntax = try Parser.parse(text)
        var checker = Checker(table: table, parameters: parameters)
        let expression = try checker.condition(syntax)
        return (Predicate(expression: expression, table: table), checker.usedParameters)
    }

    package func evaluate(_ row: Row) -> Truth {
        Evaluator(row: row).truth(expression)
    }

    /// The condition for PostgreSQL, with constants bound from `$firstParameter` on. Columns are not qualified.
    package func sql(firstParameter: Int = 1) -> SQLFragment {
        SQLPrinter.print(expression, table: table, firstParameter: firstParameter)
    }

    /// Conjuncts `column = constant`: a row whose column's text is not `value` cannot satisfy the predicate.
    ///
    /// Only of types that PostgreSQL writes in one way (so no numeric, where 1.0 is 1, and no floats).
    package var equalities: [(column: Int, value: Text)] {
        var conjuncts: [Expression] = [expression]
        var found: [(column: Int, value: Text)] = []
        var next = 0
        while next < conjuncts.count {
            if case .and(let terms) = conjuncts[next] {
                conjuncts.append(contentsOf: terms)
            } else if let equality = conjuncts[next].equality {
                found.append(equality)
            }
            next += 1
        }
        return found
    }
}

extension Expression {
    fileprivate var equality: (column: Int, value: Text)? {
        switch self {
        case .column(let index, .bool): return (index, "t")
        case .not(.column(let index, .bool)): return (index, "f")
        case .compare(.equal, .column(let index, let type), .constant(let constant), let form),
            .compare(.equal, .constant(let constant), .column(let index, let type), let form):
            guard let value = constant.value, type.hasOneText else { return nil }
            guard form == .same && (type == constant.type || type.isText) || form == .integer else { return nil }
            return (index, value.text(as: type))
        case .constant, .column, .columnText, .and, .or, .not, .compare, .distinct, .oneOf, .like, .isNull, .test,
            .negate, .cast:
            return nil
        }
    }

    fileprivate func collectColumns(into columns: inout Set<Int>) {
        switch self {
        case .constant: break
        case .column(let index, _), .columnText(let index): columns.insert(index)
        case .and(let terms), .or(let terms): for term in terms { term.collectColumns(into: &columns) }
        case .compare(_, let left, let right, _), .distinct(let left, let right, _, _), .like(let left, let right, _):
            left.collectColumns(into: &columns)
            right.collectColumns(into: &columns)
        case .not(let term), .oneOf(let term, _), .isNull(let term, _), .test(let term, _), .negate(let term, _),
            .cast(let term, _, _):
            term.collectColumns(into: &columns)
        }
    }
}

extension SQLType {
    /// Equal values have equal text in PostgreSQL's output.
    fileprivate var hasOneText: Bool {
        switch self {
        case .bool, .int2, .int4, .int8, .text, .varchar, .uuid, .date, .timestamp, .timestamptz, .enumeration, .opaque:
            true
        case .float4, .float8, .numeric, .bpchar: false
        }
    }
}

extension ShapeError {
    static func unusedParameter(_ number: Int) -> ShapeError {
        ShapeError(
            .badParameters, "At location 0: parameter value for $\(number) was not used", field: "where")
    }
}
