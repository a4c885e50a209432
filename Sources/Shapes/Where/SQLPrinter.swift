import SyncModel

/// A piece of SQL and the values to bind, always made together.
package struct SQLFragment: Hashable, Sendable {
    package var text: String
    /// In PostgreSQL's text form; nil is NULL.
    package var values: [Text?]

    package init(text: String = "", values: [Text?] = []) {
        self.text = text
        self.values = values
    }
}

/// Prints a checked condition for PostgreSQL, every constant bound. Reading it back gives the same condition.
/// Or for people: constants written out, and nothing that goes without saying.
struct SQLPrinter {
    /// `n` of the first `$n`; nil: for people.
    let firstParameter: Int?
    private var values: [Text?] = []
    private var scope: Scope
    private var aliases = 0

    /// What stands for the columns of the row, and of the row around it.
    private struct Scope {
        let table: TableSchema
        /// Before each column; empty, or with its point.
        let qualifier: String
        let subselects: [Subselect]
        /// Columns of the row around, ready to print.
        let outer: [String]
    }

    static func print(
        _ predicate: Predicate, firstParameter: Int, qualifier: String?, outerQualifier: String?
    ) -> SQLFragment {
        let outer = predicate.outer.map { Self.columns(of: $0, outerQualifier ?? Self.name(of: $0.name)) } ?? []
        let scope = Scope(
            table: predicate.table, qualifier: qualifier.map { $0 + "." } ?? "", subselects: predicate.subselects,
            outer: outer)
        var printer = SQLPrinter(firstParameter: firstParameter, scope: scope)
        let text = printer.sql(predicate.expression)
        return SQLFragment(text: text, values: printer.values)
    }

    /// For people: a part of a predicate.
    static func written(_ expression: Expression, of predicate: Predicate) -> String {
        let scope = Scope(table: predicate.table, qualifier: "", subselects: predicate.subselects, outer: [])
        var printer = SQLPrinter(firstParameter: nil, scope: scope)
        return withoutParentheses(printer.sql(expression))
    }

    private init(firstParameter: Int?, scope: Scope) {
        self.firstParameter = firstParameter
        self.scope = scope
    }

    private static func columns(of table: TableSchema, _ qualifier: String) -> [String] {
        table.columns.map { "\(qualifier).\(SQLName.quoted($0.name))" }
    }

    private static func name(of table: TableName) -> String {
        "\(SQLName.quoted(table.schema)).\(SQLName.quoted(table.name))"
    }

    private func column(_ index: Int) -> String { scope.qualifier + name(scope.table.columns[index].name) }

    private mutating func subselect(_ index: Int, _ group: [Expression], _ values: [Expression]) -> String {
        let subselect = scope.subselects[index]
        // Before the scope changes: these are of the select around.
        let left = values.map { sql($0) }
        let around = scope
        defer { scope = around }
        // Inside, a column of the select around needs its table's name before it.
        scope = Scope(
            table: around.table,
            qualifier: around.qualifier.isEmpty ? name(of: around.table.name) + "." : around.qualifier,
            subselects: around.subselects, outer: around.outer)
        let correlated = group.map { sql($0) }
        aliases += 1
        let alias = "q\(aliases)"
        scope = Scope(
            table: subselect.schema, qualifier: alias + ".", subselects: subselect.condition?.subselects ?? [],
            outer: [])
        let selected = subselect.values.map { sql($0) }
        var terms = zip(subselect.group, correlated).map { "\(sql($0)) = \($1)" }
        // What may be read is not told by the way.
        let condition = subselect.condition?.expression
        if let own = firstParameter == nil ? condition?.withoutRule : condition { terms.insert(sql(own), at: 0) }
        let tail =
            "FROM \(name(of: subselect.table)) AS \(alias)"
            + (terms.isEmpty ? "" : " WHERE " + terms.joined(separator: " AND "))
        if left.isEmpty { return "(EXISTS (SELECT 1 \(tail)))" }
        let row = left.count == 1 ? left[0] : "(" + left.joined(separator: ", ") + ")"
        return "(\(row) IN (SELECT \(selected.joined(separator: ", ")) \(tail)))"
    }

    private mutating func sql(_ expression: Expression) -> String {
        switch expression {
        case .constant(let constant): return place(constant.value, constant.type)
        case .column(let index, let type):
            return type.isOpaque ? "\(column(index))::text" : column(index)
        case .outer(let index, let type):
            return type.isOpaque ? "\(scope.outer[index])::text" : scope.outer[index]
        case .now: return "now()"
        case .subselect(let index, let group, let values, _): return subselect(index, group, values)
        case .permitted(let term): return "(\(sql(term)) IS TRUE)"
        case .and(let terms): return "(" + terms.map { sql($0) }.joined(separator: " AND ") + ")"
        case .or(let terms): return "(" + terms.map { sql($0) }.joined(separator: " OR ") + ")"
        case .not(let term): return "(NOT \(sql(term)))"
        case .compare(let comparison, let left, let right, _):
            return "(\(collated(left)) \(comparison.rawValue) \(sql(right))\(collation(left)))"
        case .compareRows(let comparison, let left, let right, _):
            let right = right.map { sql($0) + collation($0) }
            let left = left.map { collated($0) }.joined(separator: ", ")
            return "((\(left)) \(comparison.rawValue) (\(right.joined(separator: ", "))))"
        case .distinct(let left, let right, _, let isNegated):
            return "(\(sql(left)) IS \(isNegated ? "NOT " : "")DISTINCT FROM \(sql(right)))"
        case .oneOf(let value, let list): return oneOf(value, list)
        case .quantified(let quantifier, let value, let array): return quantified(quantifier, value, array)
        case .matches(let value, let pattern):
            return "(\(sql(value)) \(named(operator: pattern.symbol)) \(place(.text(pattern.text), .text)))"
        case .isNull(let value, let isNegated): return "(\(sql(value)) IS \(isNegated ? "NOT " : "")NULL)"
        case .test(let value, let test): return "(\(sql(value)) \(test.rawValue))"
        case .call(let function, let arguments): return call(function, arguments)
        case .cast(let operand, _, let target): return "(\(sql(operand)))::\(Self.castName(target))"
        case .choice(let parts, _): return choice(parts)
        case .coalesce(let terms, _): return "COALESCE(\(list(terms)))"
        case .nullIf(let left, let right, _): return "NULLIF(\(sql(left)), \(sql(right)))"
        case .extreme(let terms, let type, let isGreatest):
            let terms = terms.map { sql($0) + collation($0) }
            let text = "\(isGreatest ? "GREATEST" : "LEAST")(\(terms.joined(separator: ", ")))"
            // What is done with it follows the database again.
            return type.isString && firstParameter != nil ? "(\(text) COLLATE \"default\")" : text
        case .array(let items, let type, _): return "ARRAY[\(list(items))]::\(Self.castName(type))"
        }
    }

    private mutating func list(_ terms: [Expression]) -> String { terms.map { sql($0) }.joined(separator: ", ") }

    /// With a collation of its own where a part has one, or the two would be at odds.
    private mutating func collated(_ term: Expression) -> String {
        let hasOwn = term.contains { if case .extreme = $0 { true } else { false } }
        return sql(term) + (hasOwn ? collation(term) : "")
    }

    private mutating func choice(_ parts: [Expression]) -> String {
        var text = "CASE"
        var place = 0
        while place + 1 < parts.count {
            text += " WHEN \(sql(parts[place])) THEN \(sql(parts[place + 1]))"
            place += 2
        }
        return "(\(text) ELSE \(sql(parts[place])) END)"
    }

    private mutating func quantified(_ quantifier: Quantifier, _ value: Expression, _ array: Expression) -> String {
        let symbol =
            switch quantifier.operator {
            case .compare(let comparison, _): comparison.rawValue
            case .call(let function): named(operator: function.name)
            }
        return "(\(collated(value)) \(symbol) \(quantifier.isAll ? "ALL" : "ANY") (\(sql(array))\(collation(value))))"
    }

    private mutating func call(_ function: Function, _ arguments: [Expression]) -> String {
        switch function.form {
        case .infix(let symbol): return "(\(sql(arguments[0])) \(symbol) \(sql(arguments[1])))"
        case .prefix(let symbol): return "(\(symbol) \(sql(arguments[0])))"
        case .call(let name): return "\(named(function: name))(\(list(arguments)))"
        case .extract:
            guard case .constant(let field) = arguments[0], let name = field.value else { return "NULL" }
            return "EXTRACT(\(SQLName.quoted(name.string.string)) FROM \(sql(arguments[1])))"
        case .cast(let name): return "(\(sql(arguments[0])))::\(name)"
        case .subscripts(let brackets):
            var rest = arguments.dropFirst().map { sql($0) }[...]
            let text = brackets.map { bracket in
                switch bracket {
                case .index: "[\(rest.removeFirst())]"
                case .all: "[:]"
                case .from: "[\(rest.removeFirst()):]"
                case .upTo: "[:\(rest.removeFirst())]"
                case .range: "[\(rest.removeFirst()):\(rest.removeFirst())]"
                }
            }
            return "(\(sql(arguments[0])))\(text.joined())"
        }
    }

    private mutating func oneOf(_ value: Expression, _ list: ConstantList) -> String {
        var places = list.values.map { place($0, list.type) }
        if list.hasNull { places.append(place(nil, list.type)) }
        // Two places at least, because one alone would be compared by another rule.
        while places.count < 2 { places.append(places[0]) }
        return "(\(sql(value)) IN (\(places.joined(separator: ", "))))"
    }

    private mutating func place(_ value: Scalar?, _ type: SQLType) -> String {
        guard let firstParameter else { return Self.literal(value, type) }
        values.append(value?.text(as: type))
        let name = "$\(firstParameter + values.count - 1)"
        return "\(name)::\(type.isOpaque ? "text" : Self.castName(type))"
    }

    /// Text sorts by bytes, whatever the database's collation.
    private func collation(_ left: Expression) -> String {
        guard firstParameter != nil else { return "" }
        return left.type.isString || left.type.element?.isString == true ? " COLLATE \"C\"" : ""
    }

    static func castName(_ type: SQLType) -> String {
        if let element = type.element { return castName(element) + "[]" }
        return type.isEnumeration ? SQLName.quoted(type.name) : type.name
    }

    private func name(_ name: String) -> String {
        firstParameter == nil ? SQLName.quotedIfNeeded(name) : SQLName.quoted(name)
    }

    private func name(of table: TableName) -> String {
        firstParameter == nil ? Self.plain(table) : Self.name(of: table)
    }

    private func named(operator symbol: String) -> String {
        firstParameter == nil ? Self.word(for: symbol) : "OPERATOR(pg_catalog.\(symbol))"
    }

    private func named(function name: String) -> String {
        firstParameter == nil ? SQLName.quotedIfNeeded(name) : "pg_catalog.\(SQLName.quoted(name))"
    }
}
