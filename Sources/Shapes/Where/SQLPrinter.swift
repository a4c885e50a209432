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
struct SQLPrinter {
    let table: TableSchema
    /// `n` of the first `$n`.
    let firstParameter: Int
    private var values: [Text?] = []

    init(table: TableSchema, firstParameter: Int) {
        self.table = table
        self.firstParameter = firstParameter
    }

    static func print(_ expression: Expression, table: TableSchema, firstParameter: Int) -> SQLFragment {
        var printer = SQLPrinter(table: table, firstParameter: firstParameter)
        let text = printer.sql(expression)
        return SQLFragment(text: text, values: printer.values)
    }

    private mutating func sql(_ expression: Expression) -> String {
        switch expression {
        case .constant(let constant): return place(constant.value, constant.type)
        case .column(let index, let type):
            let name = Self.quoted(table.columns[index].name)
            return type.isOpaque ? "\(name)::text" : name
        case .columnText(let index): return "\(Self.quoted(table.columns[index].name))::text"
        case .and(let terms): return "(" + terms.map { sql($0) }.joined(separator: " AND ") + ")"
        case .or(let terms): return "(" + terms.map { sql($0) }.joined(separator: " OR ") + ")"
        case .not(let term): return "(NOT \(sql(term)))"
        case .compare(let comparison, let left, let right, _):
            return "(\(sql(left)) \(comparison.rawValue) \(sql(right))\(collation(left)))"
        case .distinct(let left, let right, _, let isNegated):
            return "(\(sql(left)) IS \(isNegated ? "NOT " : "")DISTINCT FROM \(sql(right)))"
        case .oneOf(let value, let list): return oneOf(value, list)
        case .like(let value, let pattern, let ignoresCase):
            return "(\(sql(value)) \(ignoresCase ? "ILIKE" : "LIKE") \(sql(pattern)))"
        case .isNull(let value, let isNegated): return "(\(sql(value)) IS \(isNegated ? "NOT " : "")NULL)"
        case .test(let value, let test): return "(\(sql(value)) \(test.rawValue))"
        case .negate(let operand, _): return "(- \(sql(operand)))"
        case .cast(let operand, _, let target): return "\(sql(operand))::\(Self.castName(target))"
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
        values.append(value?.text(as: type))
        let name = "$\(firstParameter + values.count - 1)"
        // An enum's schema is not known here: PostgreSQL finds the type by what the value meets.
        if case .enumeration = type { return name }
        return "\(name)::\(type.isOpaque ? "text" : type.name)"
    }

    /// Text sorts by bytes, whatever the database's collation.
    private func collation(_ left: Expression) -> String {
        left.type.isText || left.type == .bpchar ? " COLLATE \"C\"" : ""
    }

    private static func castName(_ type: SQLType) -> String {
        if case .enumeration(let name, _) = type { return quoted(name) }
        return type.name
    }

    static func quoted(_ name: String) -> String {
        "\"" + name.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}
