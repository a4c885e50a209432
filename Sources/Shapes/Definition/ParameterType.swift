import SyncModel

/// The type of a named parameter, as a cast would name it: `uuid`, `varchar(20)`, `integer[]`, an enum's name.
package struct ParameterType: Sendable {
    /// As written.
    package let text: String
    private let reference: TypeReference

    /// nil when the text names no type.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { Self.allowed.contains($0) || $0 >= 0x80 }
        guard isPlain, text.utf8.count <= ShapeLimits.maxNameLength,
            case .cast(.null, let reference, _)? = try? Parser.parse("NULL::\(text)")
        else { return nil }
        self.text = text
        self.reference = reference
    }

    /// Nothing that could begin a comment or end the cast that the text is put into.
    private static let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ (),[]\"".utf8)

    package var isArray: Bool { reference.isArray }

    /// nil where neither PostgreSQL's types nor the database's enums have it.
    private func type(in schema: DatabaseSchema) -> SQLType? {
        let element = SQLType(named: reference.name, orEnumOf: schema.tables.flatMap(\.columns))
        return reference.isArray ? element.map { .array($0) } : element
    }

    package func isKnown(in schema: DatabaseSchema) -> Bool { type(in: schema) != nil }

    /// Whether PostgreSQL would read the text as a value of the type.
    package func takes(_ value: Text, in schema: DatabaseSchema) -> Bool {
        type(in: schema).map { Scalar(parsing: value, as: $0) != nil } ?? false
    }

    /// The value, or NULL, as a term of the type.
    func cast(_ term: String) -> String { "(\(term)::\(text))" }
}

extension ParameterType: Hashable {
    package static func == (left: ParameterType, right: ParameterType) -> Bool {
        Text(left.reference.name) == Text(right.reference.name)
            && left.reference.modifiers == right.reference.modifiers && left.isArray == right.isArray
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(Text(reference.name))
        hasher.combine(isArray)
    }
}

/// A parameter of a named shape or view.
package struct ShapeParameter: Hashable, Sendable {
    package let name: String
    package let type: ParameterType

    package init(name: String, type: ParameterType) {
        self.name = name
        self.type = type
    }

    /// ASCII letters, digits and `_`, not a digit first: what `$name` can say in a condition.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 63, !NumberSyntax.isDigit(first) else { return false }
        return text.utf8.allSatisfy {
            (65...90).contains($0) || (97...122).contains($0) || NumberSyntax.isDigit($0) || $0 == UInt8(ascii: "_")
        }
    }
}

extension [ShapeParameter] {
    package func named(_ name: String) -> ShapeParameter? { first { Text($0.name) == Text(name) } }

    /// `pipeline_id (uuid), team_id (uuid)`, for messages.
    package var list: String {
        isEmpty ? "none" : map { "\($0.name) (\($0.type.text))" }.joined(separator: ", ")
    }
}
