import JSONText
import SyncModel

extension ShapeDefinition {
    /// Reads the object form of `Protocol/shapes.md`. Members that are not known are refused by name.
    ///
    /// - Parameter children: for `include_all`, which is refused without them.
    package init(json: JSON, children: ChildTables? = nil) throws(ShapeError) {
        guard let object = json.object else {
            throw ShapeError(.badDefinition, "a shape is an object with at least `root_table`")
        }
        var rootMembers: [(String, JSON)] = []
        var table: JSON?
        var values: JSON?
        for (key, value) in object.members {
            switch key {
            case "root_table": table = value
            case "params", "parameters":
                guard values == nil else {
                    throw ShapeError(.badDefinition, "give `params` or `parameters`, not both", field: key)
                }
                values = value
            default: rootMembers.append((key, value))
            }
        }
        guard object["name"] == nil else {
            throw ShapeError(
                .notSupported, "names of shapes are known to the daemon alone: send the whole definition",
                field: "name")
        }
        guard let name = table?.string else {
            throw ShapeError(
                .badDefinition, "`root_table` is missing: name the table, as `table` or `schema.table`",
                field: "root_table")
        }
        var reader = DefinitionReader(parameters: try DefinitionReader.parameters(values), children: children)
        let rootTable = TableName(name)
        let root = try reader.node(JSONObject(rootMembers), of: rootTable, depth: 1)
        try self.init(rootTable: rootTable, root: root, parameters: reader.parameters)
    }

    /// The definition in the form that `init(json:)` reads, with everything that has a default left out, the
    /// schema written out and equalities turned into a condition.
    package var json: JSON {
        var object = JSONObject()
        object["root_table"] = .string(rootTable.description)
        for (key, value) in root.members { object[key] = value }
        if !parameters.isEmpty { object["params"] = .array(parameters.map { .string($0.string) }) }
        return .object(object)
    }

    /// Compact JSON: the identity of the definition.
    package var canonical: String { json.text }
}

extension ShapeDefinition.Node {
    fileprivate var members: [(key: String, value: JSON)] {
        var members: [(key: String, value: JSON)] = []
        if let condition { members.append(("where", .string(condition.string))) }
        if let select { members.append(("select", .array(select.map { .string($0.string) }))) }
        if !orderBy.isEmpty { members.append(("order_by", .string(OrderSyntax.text(of: orderBy)))) }
        if let limit { members.append(("limit", .int(Int64(limit)))) }
        if !include.isEmpty {
            members.append(("include", .object(JSONObject(include.map { ($0.name.string, $0.json) }))))
        }
        return members
    }
}

extension ShapeDefinition.Include {
    fileprivate var json: JSON {
        var members = node.members.map { ($0.key, $0.value) }
        if let on { members.insert(("on", .string(on.string)), at: 0) }
        return members.isEmpty ? .bool(true) : .object(JSONObject(members))
    }
}
