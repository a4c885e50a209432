import JSONText
import SyncModel

extension [ShapeParameter] {
    /// The values that a request gives, in the order of the parameters.
    ///
    /// - Parameter owner: whose they are, for messages: "the shape `dashboard`".
    package func values(
        of arguments: JSONObject, for owner: String, in schema: DatabaseSchema
    ) throws(ShapeError) -> [Text] {
        if let unknown = arguments.keys.first(where: { named($0) == nil }) {
            throw ShapeError(
                .badParameters, "\(owner) has no parameter `\(unknown.prefix(64))`; its parameters: \(list)",
                field: "parameters")
        }
        var values: [Text] = []
        for parameter in self {
            guard let json = arguments[parameter.name], !json.isNull else {
                throw ShapeError(
                    .badParameters, "\(owner) needs the parameter `\(parameter.name)` (\(parameter.type.text))",
                    field: "parameters")
            }
            values.append(try parameter.value(of: json, in: schema))
        }
        return values
    }
}

extension ShapeParameter {
    /// In PostgreSQL's text form.
    package func value(of json: JSON, in schema: DatabaseSchema) throws(ShapeError) -> Text {
        guard let text = DefinitionReader.text(json) ?? list(json) else {
            throw ShapeError(
                .badParameters,
                "the parameter `\(name)` is \(type.text), given as text, a number or a boolean"
                    + (type.isArray ? ", or as a list of them" : ""), field: "parameters.\(name)")
        }
        guard text.string.utf8.count <= ShapeLimits.maxParameterLength else {
            throw .tooLong("a parameter", limit: ShapeLimits.maxParameterLength, field: "parameters.\(name)")
        }
        guard type.takes(text, in: schema) else {
            throw ShapeError(
                .badParameters,
                "the parameter `\(name)` is \(type.text), and `\(text.string.prefix(64))` is no value of that type",
                field: "parameters.\(name)")
        }
        return text
    }

    /// A list as PostgreSQL writes an array; nil for anything else.
    private func list(_ json: JSON) -> Text? {
        guard type.isArray, let elements = json.array else { return nil }
        var items: [String] = []
        for element in elements {
            guard let text = DefinitionReader.text(element) else { return nil }
            let escaped = text.string.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
            items.append("\"\(escaped.joined())\"")
        }
        return Text("{\(items.joined(separator: ","))}")
    }
}
