import JSONText
import SyncModel

/// Reads the nodes of a definition. Equalities given as an object become conditions whose values are
/// appended to the parameters, so that values never become part of a condition's text.
struct DefinitionReader {
    var parameters: [Text]
    /// Of a template, whose parameters have names.
    var names: ParameterNames?
    /// For `include_all`; nil where the data model is not at hand.
    let children: ChildTables?

    init(parameters: [Text], names: ParameterNames? = nil, children: ChildTables? = nil) {
        self.parameters = parameters
        self.names = names
        self.children = children
    }

    /// - Parameter table: of the node; nil where it is not known, and `include_all` is only looked at.
    mutating func node(
        _ object: JSONObject, of table: TableName?, depth: Int
    ) throws(ShapeError) -> ShapeDefinition.Node {
        guard depth <= ShapeLimits.maxDepth else {
            throw ShapeError(
                .tooLarge, "includes are nested at most \(ShapeLimits.maxDepth) deep", field: "include")
        }
        var node = ShapeDefinition.Node()
        var includesAll = false
        for (key, value) in object.members {
            switch key {
            case "where": node.condition = try condition(value)
            case "select": node.select = try Self.select(value)
            case "order_by": node.orderBy = try Self.order(value)
            case "limit": node.limit = try Self.limit(value)
            case "include": node.include = try includes(value, of: table, depth: depth)
            case "include_all": includesAll = try Self.includesAll(value)
            default: throw Self.refusal(of: key)
            }
        }
        if includesAll { node.include += try allIncludes(beside: object["include"] ?? nil, of: table) }
        return node
    }

    private static func refusal(of key: String) -> ShapeError {
        if key == "offset" {
            return ShapeError(
                .notSupported, "`offset` is not supported yet: leave it out to receive all rows", field: key)
        }
        return ShapeError(
            .badDefinition,
            "`\(key)` is not a member of a shape: use `where`, `select`, `order_by`, `limit`, `include`, `include_all`, and `root_table` and `params` at the top",
            field: key)
    }

    private mutating func includes(
        _ json: JSON, of table: TableName?, depth: Int
    ) throws(ShapeError) -> [ShapeDefinition.Include] {
        guard let object = json.object else {
            throw ShapeError(
                .badDefinition, "`include` is an object: a name, and `true`, `false` or a tree", field: "include")
        }
        var includes: [ShapeDefinition.Include] = []
        for (name, value) in object.members {
            do throws(ShapeError) {
                if let include = try include(name, value, of: table, depth: depth) { includes.append(include) }
            } catch {
                throw error.inside("include.\(name)")
            }
        }
        return includes
    }

    /// nil for `false`.
    private mutating func include(
        _ name: String, _ json: JSON, of table: TableName?, depth: Int
    ) throws(ShapeError) -> ShapeDefinition.Include? {
        switch json {
        case .bool(true): return ShapeDefinition.Include(Text(name))
        case .bool(false): return nil
        case .object(var object):
            let on = object["on"]
            object["on"] = nil
            guard on == nil || on?.string != nil else {
                throw ShapeError(.badDefinition, "`on` is the name of a foreign key column", field: "on")
            }
            var include = ShapeDefinition.Include(Text(name), on: (on?.string).map { Text($0) })
            let child = table.flatMap { children?.table(of: include, in: $0) }
            include.node = try node(object, of: child, depth: depth + 1)
            return include
        case .null, .int, .double, .string, .array:
            throw ShapeError(.badDefinition, "an include is `true`, `false` or a tree")
        }
    }

    /// Text, `a DESC, b`, or a list of such texts.
    private static func order(_ json: JSON) throws(ShapeError) -> [ShapeDefinition.Order] {
        if json.isNull { return [] }
        if let text = json.string { return try OrderSyntax.parse(text) }
        guard let array = json.array else {
            throw ShapeError(
                .badDefinition, "`order_by` is text like `updated_at DESC, id`, or a list of such texts",
                field: "order_by")
        }
        var order: [ShapeDefinition.Order] = []
        for element in array {
            guard let text = element.string else {
                throw ShapeError(.badDefinition, "`order_by` is a list of texts", field: "order_by")
            }
            order += try OrderSyntax.parse(text)
        }
        return order
    }

    private static func limit(_ json: JSON) throws(ShapeError) -> Int? {
        if json.isNull { return nil }
        guard let limit = json.int, limit > 0, limit <= ShapeLimits.maxWindow else {
            throw ShapeError(
                .badDefinition, "`limit` is a whole number from 1 to \(ShapeLimits.maxWindow)", field: "limit")
        }
        return Int(limit)
    }

    private static func select(_ json: JSON) throws(ShapeError) -> [Text]? {
        if json.isNull { return nil }
        guard let array = json.array else {
            throw ShapeError(.badDefinition, "`select` is a list of column names", field: "select")
        }
        var columns: [Text] = []
        for element in array {
            guard let name = element.string else {
                throw ShapeError(.badDefinition, "`select` is a list of column names", field: "select")
            }
            columns.append(Text(name))
        }
        return columns
    }
}

extension DefinitionReader {
    private mutating func condition(_ json: JSON) throws(ShapeError) -> Text? {
        switch json {
        case .null: return nil
        case .string(let text): return Text(try names?.numbered(text) ?? text)
        case .object(let object):
            var terms: [String] = []
            for (column, value) in object.members { terms.append(try equality(column, value)) }
            return terms.isEmpty ? nil : Text(terms.joined(separator: " AND "))
        case .bool, .int, .double, .array:
            throw ShapeError(
                .badDefinition, "`where` is a condition, or an object of column and value", field: "where")
        }
    }

    private mutating func equality(_ column: String, _ json: JSON) throws(ShapeError) -> String {
        let quoted = SQLName.quoted(column)
        switch json {
        case .null: return "\(quoted) IS NULL"
        case .array(let elements):
            guard !elements.isEmpty else {
                throw ShapeError(.badDefinition, "the list of values for `\(column)` is empty", field: "where")
            }
            var places: [String] = []
            for element in elements { places.append(try place(element, column: column)) }
            return "\(quoted) IN (\(places.joined(separator: ", ")))"
        case .bool, .int, .double, .string, .object:
            return "\(quoted) = \(try place(json, column: column))"
        }
    }

    private mutating func place(_ json: JSON, column: String) throws(ShapeError) -> String {
        if let place = try json.string.flatMap({ text throws(ShapeError) in try names?.place(of: text) }) {
            return place
        }
        guard let text = Self.text(names?.unescaped(json) ?? json) else {
            throw ShapeError(
                .badDefinition, "the value of `\(column)` is text, a number or a boolean", field: "where")
        }
        parameters.append(text)
        return "$\(parameters.count)"
    }

    /// Scalars in PostgreSQL's text form; nil for NULL and containers.
    static func text(_ json: JSON) -> Text? {
        switch json {
        case .string(let value): Text(value)
        case .bool(let value): value ? "true" : "false"
        case .int(let value): Text(String(value))
        case .double: Text(json.text)
        case .null, .array, .object: nil
        }
    }

    /// A list, or an object whose names are the numbers `1`, `2`, … in any order.
    static func parameters(_ json: JSON?) throws(ShapeError) -> [Text] {
        switch json {
        case nil, .null: return []
        case .array(let elements): return try elements.map { element throws(ShapeError) in try parameter(element) }
        case .object(let object):
            // Electric's words.
            let sequence = ShapeError(
                .badParameters, "Parameters must be numbered sequentially, starting from 1", field: "params")
            var values = [Text?](repeating: nil, count: object.count)
            for (key, value) in object.members {
                guard let number = Int(key), String(number) == key, values.indices.contains(number - 1) else {
                    throw sequence
                }
                values[number - 1] = try parameter(value)
            }
            return try values.map { value throws(ShapeError) in
                guard let value else { throw sequence }
                return value
            }
        case .bool, .int, .double, .string:
            throw ShapeError(.badParameters, "is invalid", field: "params")
        }
    }

    private static func parameter(_ json: JSON) throws(ShapeError) -> Text {
        guard let text = text(json) else {
            throw ShapeError(
                .badParameters, "a parameter is text, a number or a boolean; for NULL write IS NULL in the condition",
                field: "params")
        }
        return text
    }
}
