import SyncModel

/// Gives a parsed condition its types, by PostgreSQL's rules and with Electric's messages.
struct Checker {
    let table: TableSchema
    let parameters: [Text]
    private(set) var usedParameters: Set<Int> = []
    /// A parameter keeps the type of its first use.
    var resolvedParameters: [Int: Constant] = [:]

    init(table: TableSchema, parameters: [Text]) {
        self.table = table
        self.parameters = parameters
    }

    /// Something with a type, or a literal that still takes the type of what it meets.
    enum Operand {
        case typed(Expression, at: Int)
        case unknown(Text?, parameter: Int?, at: Int)

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
        do throws(EvaluationError) {
            return try expression.simplified()
        } catch {
            throw self.error(0, error.message)
        }
    }

    func error(_ location: Int, _ message: String, _ code: ShapeError.Code = .badCondition) -> ShapeError {
        ShapeError(code, "At location \(location): \(message)", field: "where")
    }

    mutating func operand(_ syntax: Syntax) throws(ShapeError) -> Operand {
        switch syntax {
        case .column(let path, let at): return .typed(try column(path, at), at: at)
        case .string(let text, let at): return .unknown(text, parameter: nil, at: at)
        case .null(let at): return .unknown(nil, parameter: nil, at: at)
        case .number(let text, let at): return .typed(.constant(try number(text, at)), at: at)
        case .boolean(let value, let at): return .typed(.constant(Constant(type: .bool, value: .bool(value))), at: at)
        case .parameter(let number, let at): return try parameter(number, at)
        case .and(let terms): return .typed(.and(try booleans(terms)), at: 0)
        case .or(let terms): return .typed(.or(try booleans(terms)), at: 0)
        case .not(let term, let at): return .typed(.not(try boolean(term)), at: at)
        case .compare(let comparison, let left, let right, let at):
            return .typed(try compare(comparison, operand(left), operand(right), at), at: at)
        case .distinct(let left, let right, let isNegated, let at):
            return .typed(try distinct(left, right, isNegated: isNegated, at), at: at)
        case .like(let left, let right, let ignoresCase, let isNegated, let at):
            let like = try like(left, right, ignoresCase: ignoresCase, at)
            return .typed(isNegated ? .not(like) : like, at: at)
        case .oneOf(let left, let items, let isNegated, let at):
            let oneOf = try oneOf(left, items, at)
            return .typed(isNegated ? .not(oneOf) : oneOf, at: at)
        case .between(let value, let low, let high, let isNegated, let isSymmetric, let at):
            let between = try between(value, low, high, isSymmetric: isSymmetric, at)
            return .typed(isNegated ? .not(between) : between, at: at)
        case .isNull(let term, let isNegated, let at):
            return .typed(.isNull(try known(operand(term)), isNegated: isNegated), at: at)
        case .test(let term, let test, let at): return .typed(try self.test(term, test, at), at: at)
        case .negate(let term, let at): return .typed(try negate(term, at), at: at)
        case .cast(let term, let type, _): return try cast(operand(term), type)
        }
    }

    private func column(_ path: [String], _ at: Int) throws(ShapeError) -> Expression {
        let qualifiers = path.dropLast().map { Text($0) }
        let own = [Text(table.name.schema), Text(table.name.name)]
        let isOwn = qualifiers.count <= 2 && own.suffix(qualifiers.count).elementsEqual(qualifiers)
        guard isOwn, let name = path.last, let index = table.index(ofBytes: name) else {
            throw error(at, "unknown reference \(Self.identifier(path))")
        }
        return .column(index, SQLType(table.columns[index].type))
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
        return .unknown(parameters[number - 1], parameter: number, at: at)
    }

    private mutating func booleans(_ terms: [Syntax]) throws(ShapeError) -> [Expression] {
        var expressions: [Expression] = []
        expressions.reserveCapacity(terms.count)
        for term in terms { expressions.append(try boolean(term)) }
        return expressions
    }

    private mutating func boolean(_ term: Syntax) throws(ShapeError) -> Expression {
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
