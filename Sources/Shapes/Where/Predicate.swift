import SyncModel

/// A condition on the rows of one table, parsed and type-checked.
///
/// Two predicates are equal when they have the same meaning to the checker: white space, spelling of
/// constants and parameter numbers do not count.
package final class Predicate: Sendable {
    let expression: Expression
    let table: TableSchema
    /// The table of the row around, where the condition may name its columns.
    let outer: TableSchema?
    /// The columns that decide, ascending. Those of sub-selects are theirs.
    package let columnsUsed: [Int]
    /// The columns of the row around that decide, ascending.
    package let outerColumnsUsed: [Int]
    /// The sub-selects of the condition itself; those inside them are in their own conditions.
    package let subselects: [Subselect]
    /// Time alone may change what it says of a row.
    package let usesNow: Bool

    /// Every parameter MUST be used. Errors are of field `where` or `params`, in Electric's words.
    ///
    /// - Parameters:
    ///   - outer: a table whose columns the condition may name as well, behind its own: an include's parent.
    ///   - schema: where sub-selects find their tables.
    package convenience init(
        parsing text: String, parameters: [Text] = [], table: TableSchema, outer: TableSchema? = nil,
        schema: DatabaseSchema = DatabaseSchema(tables: [])
    ) throws(ShapeError) {
        let (parsed, used) = try Predicate.parse(
            text, parameters: parameters, table: table, outer: outer, schema: schema)
        if let unused = parameters.indices.first(where: { !used.contains($0 + 1) }) {
            throw .unusedParameter(unused + 1)
        }
        self.init(expression: parsed.expression, table: table, outer: outer, subselects: parsed.subselects)
    }

    init(expression: Expression, table: TableSchema, outer: TableSchema?, subselects: [Subselect]) {
        self.expression = expression
        self.table = table
        self.outer = outer
        self.subselects = subselects
        var columns: Set<Int> = []
        var outerColumns: Set<Int> = []
        expression.collectColumns(into: &columns, outer: &outerColumns)
        columnsUsed = columns.sorted()
        outerColumnsUsed = outerColumns.sorted()
        usesNow = expression.contains { $0 == .now }
    }

    /// The predicate and the numbers of the parameters that it uses.
    static func parse(
        _ text: String, parameters: [Text], table: TableSchema, outer: TableSchema? = nil, schema: DatabaseSchema
    ) throws(ShapeError) -> (Predicate, usedParameters: Set<Int>) {
        guard text.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("a condition", limit: ShapeLimits.maxConditionLength, field: "where")
        }
        return try check(Parser.parse(text), parameters: parameters, table: table, outer: outer, schema: schema)
    }

    static func check(
        _ syntax: Syntax, parameters: [Text], table: TableSchema, outer: TableSchema? = nil, schema: DatabaseSchema
    ) throws(ShapeError) -> (Predicate, usedParameters: Set<Int>) {
        let scopes = [Checker.Scope(table)] + (outer.map { [Checker.Scope($0)] } ?? [])
        var checker = Checker(scopes: scopes, schema: schema, parameters: parameters)
        let expression = try checker.condition(syntax)
        let predicate = Predicate(
            expression: expression, table: table, outer: outer, subselects: checker.subselects)
        return (predicate, checker.usedParameters)
    }

    /// A node's condition: what the person may read of the table, and of that what was asked for.
    ///
    /// - Returns: `whole` nil where every row counts; `rule` alone, where there is one.
    static func ruled(
        _ syntax: Syntax?, parameters: [Text], table: TableSchema, schema: DatabaseSchema, access: ReadAccess
    ) throws(ShapeError) -> RuledPredicate {
        var checker = Checker(
            scopes: [Checker.Scope(table)], schema: schema, parameters: parameters, authority: .user(access))
        let own = try syntax.map { syntax throws(ShapeError) in try checker.condition(syntax) }
        let rule = try checker.rule()
        let terms = [rule?.term, own].compactMap { $0 }
        let whole = terms.isEmpty ? nil : terms.count == 1 ? terms[0] : try checker.simplified(.and(terms))
        return RuledPredicate(
            whole: whole.map {
                Predicate(expression: $0, table: table, outer: nil, subselects: checker.subselects)
            }, rule: rule?.alone, usedParameters: checker.usedParameters, grant: checker.authority.grant)
    }

    /// Without a context, `NOW()`, sub-selects and columns of the row around are undecidable.
    package func evaluate(_ row: Row, in context: EvaluationContext = EvaluationContext()) -> Truth {
        Evaluator(row: row, context: context).truth(expression)
    }

    /// The condition for PostgreSQL, with constants bound from `$firstParameter` on.
    ///
    /// - Parameters:
    ///   - qualifier: stands before the columns of the table, already quoted; nil for none. A sub-select that is
    ///     correlated then names them by `schema.table`.
    ///   - outerQualifier: the same for the columns of the row around; nil for `schema.table`.
    package func sql(
        firstParameter: Int = 1, qualifier: String? = nil, outerQualifier: String? = nil
    ) -> SQLFragment {
        SQLPrinter.print(
            self, firstParameter: firstParameter, qualifier: qualifier, outerQualifier: outerQualifier)
    }

    /// What a conjunct asks of one column: that its text is one of these, each once. A row of which it is none cannot
    /// satisfy the predicate.
    package struct ValueList: Hashable, Sendable {
        package let column: Int
        package let values: [Text]
    }

    /// Conjuncts `column = constant`, `column IN (constants)`, and such of one column under OR.
    ///
    /// Only of types that PostgreSQL writes in one way (so no numeric, where 1.0 is 1, and no floats).
    package var valueLists: [ValueList] {
        var conjuncts: [Expression] = [expression]
        var found: [ValueList] = []
        var next = 0
        while next < conjuncts.count {
            if case .and(let terms) = conjuncts[next] {
                conjuncts.append(contentsOf: terms)
            } else if case .permitted(let term) = conjuncts[next] {
                conjuncts.append(term)
            } else if let list = conjuncts[next].valueList {
                found.append(list)
            }
            next += 1
        }
        return found
    }

    /// Conjuncts `column = constant`.
    package var equalities: [(column: Int, value: Text)] {
        valueLists.compactMap { $0.values.count == 1 ? (column: $0.column, value: $0.values[0]) : nil }
    }

    /// The list that leaves the fewest values; the first of equal ones. nil where no conjunct gives any.
    package var narrowestList: ValueList? { valueLists.min { $0.values.count < $1.values.count } }
}

extension Predicate: Hashable {
    /// All else follows from these.
    package static func == (left: Predicate, right: Predicate) -> Bool {
        if left === right { return true }
        return left.expression == right.expression && left.table == right.table && left.outer == right.outer
            && left.subselects == right.subselects
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(table.name)
        hasher.combine(expression)
        hasher.combine(subselects)
    }
}

/// See `Predicate.ruled`.
struct RuledPredicate {
    let whole: Predicate?
    let rule: Predicate?
    let usedParameters: Set<Int>
    let grant: ReadGrant
}

extension Expression {
    fileprivate var valueList: Predicate.ValueList? {
        switch self {
        case .column(let index, .bool): return Predicate.ValueList(column: index, values: ["t"])
        case .not(.column(let index, .bool)): return Predicate.ValueList(column: index, values: ["f"])
        case .compare(.equal, .column(let index, let type), .constant(let constant), let form),
            .compare(.equal, .constant(let constant), .column(let index, let type), let form):
            guard let value = constant.value, Self.isFound(by: constant.type, type, form) else { return nil }
            return Predicate.ValueList(column: index, values: [value.text(as: type)])
        case .oneOf(.column(let index, let type), let list):
            // NULL in the list makes no row a member.
            guard !list.values.isEmpty, Self.isFound(by: list.type, type, list.form) else { return nil }
            return Predicate.ValueList(column: index, values: list.values.map { $0.text(as: type) })
        case .or(let terms): return Self.union(of: terms)
        case .constant, .column, .outer, .now, .subselect, .and, .not, .compare, .compareRows, .distinct, .oneOf,
            .permitted, .quantified, .matches, .isNull, .test, .call, .cast, .choice, .coalesce, .nullIf, .extreme,
            .array:
            return nil
        }
    }

    /// Whether a value of the constant's type is equal to a column's exactly when it has the column's text.
    private static func isFound(by constant: SQLType, _ column: SQLType, _ form: ComparisonForm) -> Bool {
        guard column.hasOneText, form == .same else { return false }
        return column == constant || column.isText || column.isInteger
    }

    private static func union(of terms: [Expression]) -> Predicate.ValueList? {
        var column: Int?
        var values: [Text] = []
        var seen: Set<Text> = []
        for term in terms {
            guard let list = term.valueList, list.column == column ?? list.column else { return nil }
            column = list.column
            values += list.values.filter { seen.insert($0).inserted }
        }
        return column.map { Predicate.ValueList(column: $0, values: values) }
    }

    func collectColumns(into columns: inout Set<Int>, outer: inout Set<Int>) {
        if case .column(let index, _) = self { columns.insert(index) }
        if case .outer(let index, _) = self { outer.insert(index) }
        for child in children { child.collectColumns(into: &columns, outer: &outer) }
    }
}

extension ShapeError {
    static func unusedParameter(_ number: Int) -> ShapeError {
        ShapeError(.badParameters, at: nil, "parameter value for $\(number) was not used")
    }
}
