/// A table of PostgreSQL, schema and name, as stored in the catalogue (already folded, never quoted).
package struct TableName: Hashable, Comparable, Sendable {
    package let schema: String
    package let name: String

    package init(schema: String = "public", name: String) {
        self.schema = schema
        self.name = name
    }

    /// Reads `steps` (schema public) or `public.steps`. The catalogue's own spelling: nothing is folded or unquoted.
    package init(_ text: String) {
        if let dot = text.firstIndex(of: ".") {
            self.init(schema: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
        } else {
            self.init(name: text)
        }
    }

    package static func < (left: TableName, right: TableName) -> Bool {
        (Text(left.schema), Text(left.name)) < (Text(right.schema), Text(right.name))
    }
}

extension TableName: CustomStringConvertible {
    /// `public.steps`
    package var description: String { "\(schema).\(name)" }
}
