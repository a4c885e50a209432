import SyncModel

/// Gives a parsed condition its types, by PostgreSQL's rules and with Electric's messages.
struct Checker {
    /// The table of the condition, then those around it: of a sub-select's select, or the parent of an include.
    let scopes: [Scope]
    let schema: DatabaseSchema
    let parameters: [Text]
    var authority: Authority
    var usedParameters: Set<Int> = []
    /// A parameter keeps the type of its first use.
    var resolvedParameters: [Int: Constant] = [:]
    /// The first cast of a constant that cannot be done.
    var failedCast: ShapeError?
    /// Those met so far, in order; expressions name them by their places.
    var subselects: [Subselect] = []

    init(
        scopes: [Scope], schema: DatabaseSchema, parameters: [Text], authority: Authority = Authority()
    ) {
        self.scopes = scopes
        self.schema = schema
        self.parameters = parameters
        self.authority = authority
    }

    /// A table whose columns a condition can name.
    struct Scope {
        let table: TableSchema
        /// Hides the table's own name.
        let alias: String?

        init(_ table: TableSchema, alias: String? = nil) {
            self.table = table
            self.alias = alias
        }

        func isNamed(_ qualifiers: [Text]) -> Bool {
            if let alias { return qualifiers == [Text(alias)] }
            let own = [Text(table.name.schema), Text(table.name.name)]
            return qualifiers.count <= 2 && own.suffix(qualifiers.count).elementsEqual(qualifiers)
        }
    }

    /// Something with a type, or a literal that still takes the type of what it meets.
    enum Operand {
        case typed(Expression, at: Int)
        case unknown(Text?, from: Source, at: Int)

        /// Where a literal without a type comes from.
        enum Source: Equatable {
            case text
            case parameter(Int)
            /// NULL where it does not fit.
            case claim
        }

        var location: Int {
            switch self {
            case .typed(_, let location), .unknown(_, _, let location): location
            }
        }

        /// nil while unknown.
        var type: SQLType? {
            if case .typed(let expression, _) = self { expression.type } else { nil }
        }
    }

    mutating func condition(_ syntax: Syntax) throws(ShapeError) -> Expression {
        let operand = try operand(syntax)
        guard case .typed(let expression, _) = operand, expression.type == .bool else {
            throw ShapeError(.badCondition, "WHERE clause must return a boolean", field: "where")
        }
        return try simplified(expression)
    }

    func simplified(_ expression: Expression) throws(ShapeError) -> Expression {
        if authority.isUndecided { return expression }
        do throws(EvaluationError) {
            return try expression.simplified()
        } catch {
            throw failedCast ?? ShapeError(.badCondition, at: nil, error.message)
        }
    }

    func error(
        _ location: Int, _ message: String, _ code: ShapeError.Code = .badCondition, in table: TableName? = nil
    ) -> ShapeError {
        ShapeError(code, at: location, message, table: table)
    }

    mutating func operand(_ syntax: Syntax) throws(ShapeError) -> Operand {
        switch syntax {
        case .column(let path, let at):
            if let claim = try claim(path, at) { return claim }
            return .typed(try column(path, at), at: at)
        case .string(let text, let at): return .unknown(text, from: .text, at: at)
        case .null(let at): return .unknown(nil, from: .text, at: at)
        case .number(let text, let at): return .typed(.constant(try number(text, at)), at: at)
        case .boolean(let value, let at): return .typed(.constant(Constant(type: .bool, value: .bool(value))), at: at)
        case .parameter(let number, let at): return try parameter(number, at)
        case .and(let terms): return .typed(.and(try booleans(terms)), at: 0)
        case .or(let terms): return .typed(.or(try booleans(terms)), at: 0)
        case .not(let term, let at): return .typed(.not(try boolean(term)), at: at)
        case .compare(let comparison, let left, let right, let at):
            return .typed(try compare(comparison, left, right, at), at: at)
        case .distinct(let left, let right, let isNegated, let at):
            return .typed(try distinct(left, right, isNegated: isNegated, at), at: at)
        case .binary(let symbol, let left, let right, let at):
            return .typed(try binary(symbol, operand(left), operand(right), at), at: at)
        case .prefix(let symbol, let term, let at): return .typed(try prefix(symbol, term, at), at: at)
        case .oneOf(let left, let items, let isNegated, let at):
            return .typed(try oneOf(left, items, isNegated: isNegated, at), at: at)
        case .between(let value, let low, let high, let isNegated, let isSymmetric, let at):
            let between = try between(value, low, high, isSymmetric: isSymmetric, isNegated: isNegated, at)
            return .typed(between, at: at)
        case .isNull(let term, let isNegated, let at):
            return .typed(try isNull(term, isNegated: isNegated), at: at)
        case .test(let term, let test, let at): return .typed(try self.test(term, test, at), at: at)
        case .cast(let term, let type, _): return try cast(operand(term), type)
        case .function, .row, .choice, .array, .subscripts, .quantified, .inSelect, .exists:
            return try form(syntax)
        }
    }

    private mutating func form(_ syntax: Syntax) throws(ShapeError) -> Operand {
        switch syntax {
        case .function(["extract"], let arguments, let at) where arguments.count == 2:
            return .typed(try extract(arguments, at), at: at)
        case .function(let path, let arguments, let at): return .typed(try function(path, arguments, at), at: at)
        case .row(_, let at):
            throw error(at, "a row of values can only be compared, with a row or IN (SELECT …)", .notSupported)
        case .choice(let value, let branches, let otherwise, let at):
            return .typed(try choice(value, branches, otherwise, at), at: at)
        case .array(let items, let at): return .typed(try array(items, at), at: at)
        case .subscripts(let term, let parts, let at): return .typed(try subscripts(term, parts, at), at: at)
        case .quantified(let symbol, let left, let right, let isAll, let at):
            return .typed(try quantified(symbol, left, right, isAll: isAll, at), at: at)
        case .inSelect(let values, let select, let isNegated, let at):
            let subselect = try subselect(select, values: values, at)
            return .typed(isNegated ? .not(subselect) : subselect, at: at)
        case .exists(let select, let at): return .typed(try subselect(select, values: nil, at), at: at)
        case .column, .string, .number, .boolean, .null, .parameter, .and, .or, .not, .compare, .distinct, .binary,
            .prefix, .oneOf, .between, .isNull, .test, .cast:
            return try operand(syntax)
        }
    }

    private func column(_ path: [String], _ at: Int) throws(ShapeError) -> Expression {
        let qualifiers = path.dropLast().map { Text($0) }
        // The innermost table that has it, as in SQL.
        for (level, scope) in scopes.enumerated() where qualifiers.isEmpty || scope.isNamed(qualifiers) {
            guard let name = path.last, let index = scope.table.index(ofBytes: name) else { continue }
            let type = SQLType(scope.table.columns[index].type)
            switch level {
            case 0: return .column(index, type)
            case 1: return .outer(index, type)
            default:
                throw error(
                    at, "\(Self.identifier(path)) is a column of a table more than one select further out",
                    .notSupported)
            }
        }
        throw error(at, "unknown reference \(Self.identifier(path))", in: scopes.first?.table.name)
    }

    private mutating func extract(_ arguments: [Syntax], _ at: Int) throws(ShapeError) -> Expression {
        let operands = try operands(arguments)
        let functions = Times.named.filter { $0.form == .extract }
        let candidates = functions.map(\.arguments)
        guard let place = Overloads.select(candidates, [.text, operands[1].type]) else {
            throw noFunction("extract", [.text, operands[1].type], candidates: candidates, at)
        }
        return try call(functions[place], operands, at)
    }

    private func number(_ text: String, _ at: Int) throws(ShapeError) -> Constant {
        if let value = NumberSyntax.integer(text) {
            return Constant(type: Int32(exactly: value) == nil ? .int8 : .int4, value: .integer(value))
        }
        guard let value = Decimal(text) else { throw error(at, "value \(text) is out of range for type numeric") }
        return Constant(type: .numeric, value: .numeric(value))
    }

    private mutating func parameter(_ number: Int, _ at: Int) throws(ShapeError) -> Operand {
        guard number <= parameters.count else {
            throw error(at, "parameter $\(number) was not provided", .badParameters)
        }
        usedParameters.insert(number)
        if let constant = resolvedParameters[number] { return .typed(.constant(constant), at: at) }
        return .unknown(parameters[number - 1], from: .parameter(number), at: at)
    }

    private mutating func booleans(_ terms: [Syntax]) throws(ShapeError) -> [Expression] {
        var expressions: [Expression] = []
        expressions.reserveCapacity(terms.count)
        for term in terms { expressions.append(try boolean(term)) }
        return expressions
    }

    mutating func boolean(_ term: Syntax) throws(ShapeError) -> Expression {
        let operand = try operand(term)
        guard case .typed(let expression, let at) = operand else { return try typed(operand, as: .bool) }
        guard expression.type == .bool else {
            let what =
                if case .column(let path, _) = term { "reference \(Self.identifier(path))" } else { "an expression" }
            throw error(at, "\(what) of type \(expression.type.readable) is not castable to bool")
        }
        return expression
    }

    /// As PostgreSQL would have to quote it.
    private static func identifier(_ path: [String]) -> String {
        path.map { name in
            let isPlain =
                name.unicodeScalars.first.map { $0 == "_" || $0.properties.isLowercase } == true
                && name.unicodeScalars.allSatisfy {
                    $0 == "_" || $0.properties.isLowercase || $0.properties.numericType == .decimal
                }
            return isPlain
                ? name
                : "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }.joined(separator: ".")
    }
}

extension TableSchema {
    /// `index(of:)` by UTF-8 bytes: two spellings of "é" are two columns.
    func index(ofBytes name: String) -> Int? {
        guard let index = index(of: name) else { return nil }
        if Text(columns[index].name) == Text(name) { return index }
        return columns.firstIndex { Text($0.name) == Text(name) }
    }
}
