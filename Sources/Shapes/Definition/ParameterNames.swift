import JSONText
import SyncModel

/// Turns `$name` in the conditions of a template into what stands there in a definition, and notes what was used.
struct ParameterNames {
    enum Form {
        /// `($1::uuid)`: the value comes with the definition.
        case values
        /// `(NULL::uuid)`: types can be checked without a value.
        case nulls
    }

    let parameters: [ShapeParameter]
    let form: Form
    private(set) var used: Set<Int> = []

    init(_ parameters: [ShapeParameter], as form: Form) {
        self.parameters = parameters
        self.form = form
    }

    mutating func numbered(_ condition: String) throws(ShapeError) -> String {
        guard condition.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("a condition", limit: ShapeLimits.maxConditionLength, field: "where")
        }
        let bytes = Array(condition.utf8)
        var text: [UInt8] = []
        var end = 0
        for reference in try Lexer.references(in: condition) {
            text += bytes[end..<reference.range.lowerBound]
            text += Array(try term(reference.name).utf8)
            end = reference.range.upperBound
        }
        return String(decoding: text + bytes[end...], as: UTF8.self)
    }

    /// The term for `$name` as the value of an equality; nil for any other text. `$$name` is the text `$name`.
    mutating func place(of text: String) throws(ShapeError) -> String? {
        guard text.hasPrefix("$"), !text.hasPrefix("$$") else { return nil }
        return try term(String(text.dropFirst()))
    }

    func unescaped(_ json: JSON) -> JSON {
        guard let text = json.string, text.hasPrefix("$$") else { return json }
        return .string(String(text.dropFirst()))
    }

    private mutating func term(_ name: String) throws(ShapeError) -> String {
        guard let index = parameters.firstIndex(where: { Text($0.name) == Text(name) }) else {
            throw ShapeError(
                .badParameters,
                "there is no parameter `\(name.prefix(64))`; declared under `parameters`: \(parameters.list)",
                field: "where")
        }
        used.insert(index)
        switch form {
        case .values: return parameters[index].type.cast("$\(index + 1)")
        case .nulls: return parameters[index].type.cast("NULL")
        }
    }
}
