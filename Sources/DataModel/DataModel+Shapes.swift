import JSONText
import Shapes
import SyncModel

/// From names to plain definitions.
extension DataModel {
    package func shape(named name: String) -> NamedShape? { shapes.first { Text($0.name) == Text(name) } }
    package func view(named name: String) -> NamedView? { views.first { Text($0.name) == Text(name) } }

    package func childTables(in schema: DatabaseSchema) -> ChildTables {
        var declared: [TableName: [TableName]] = [:]
        for table in tables { declared[table.name] = table.children?.map(\.name) }
        return ChildTables(declared: declared, schema: schema)
    }

    /// The definition says something that only the data model can tell: a name, or `include_all`.
    package static func isNeeded(for json: JSON) -> Bool {
        json["name"] != nil || hasIncludeAll(json)
    }

    /// No deeper than a JSON reader goes.
    private static func hasIncludeAll(_ node: JSON) -> Bool {
        node["include_all"]?.bool == true
            || node["include"]?.object?.members.contains { hasIncludeAll($0.value) } == true
    }

    /// A definition as a client gives it: `{"name": …, "parameters": {…}}`, or a plain one, maybe with `include_all`.
    package func definition(_ json: JSON, in schema: DatabaseSchema) throws(ShapeError) -> ShapeDefinition {
        guard let object = json.object, let name = object["name"] else {
            return try ShapeDefinition(json: json, children: childTables(in: schema))
        }
        guard let name = name.string else {
            throw ShapeError(.badDefinition, "`name` is the name of a shape", field: "name")
        }
        if let other = object.keys.first(where: { $0 != "name" && $0 != "parameters" }) {
            throw ShapeError(
                .badDefinition, "beside `name` there is only `parameters`: `\(other.prefix(64))` is the shape's own",
                field: String(other.prefix(64)))
        }
        let arguments = object["parameters"] ?? .null
        guard arguments.isNull || arguments.object != nil else {
            throw ShapeError(.badParameters, "`parameters` of a named shape is an object", field: "parameters")
        }
        return try definition(named: name, arguments: arguments.object ?? [:], in: schema)
    }

    package func definition(
        named name: String, arguments: JSONObject, in schema: DatabaseSchema
    ) throws(ShapeError) -> ShapeDefinition {
        guard let shape = shape(named: name) else {
            throw ShapeError(
                .badDefinition,
                "there is no shape `\(name.prefix(64))`; the data model has: \(Self.list(shapes.map(\.name)))",
                field: "name")
        }
        let values = try shape.parameters.values(of: arguments, for: "the shape `\(name)`", in: schema)
        return try shape.template.definition(values, children: childTables(in: schema))
    }

    /// The definitions of a view's shapes, in its order, each once.
    package func definitions(
        ofView name: String, arguments: JSONObject, in schema: DatabaseSchema
    ) throws(ShapeError) -> [(shape: String, definition: ShapeDefinition)] {
        guard let view = view(named: name) else {
            throw ShapeError(
                .badDefinition,
                "there is no view `\(name.prefix(64))`; the data model has: \(Self.list(views.map(\.name)))",
                field: "view")
        }
        let values = try view.parameters.values(of: arguments, for: "the view `\(name)`", in: schema)
        var definitions: [(shape: String, definition: ShapeDefinition)] = []
        for part in view.parts {
            let arguments = part.arguments(view.parameters, values)
            let definition = try definition(named: part.shape, arguments: arguments, in: schema)
            if !definitions.contains(where: { $0.definition == definition }) {
                definitions.append((part.shape, definition))
            }
        }
        return definitions
    }

    static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}

extension NamedView.Part {
    /// With the values of the view's parameters put in.
    fileprivate func arguments(_ parameters: [ShapeParameter], _ values: [Text]) -> JSONObject {
        var object = JSONObject()
        for argument in arguments {
            switch argument.value {
            case .given(let json): object[argument.name] = json
            case .parameter(let parameter):
                let index = parameters.firstIndex { Text($0.name) == Text(parameter) }
                object[argument.name] = index.map { .string(values[$0].string) }
            }
        }
        return object
    }
}
