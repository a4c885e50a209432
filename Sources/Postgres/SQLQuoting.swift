extension PostgresConnection {
    /// `name` → `"name"`, quotes doubled. For the few places that cannot bind a value.
    package static func quoteIdentifier(_ name: String) -> String { quoted(name, by: "\"") }

    /// `it's` → `'it''s'`; with backslashes, the `E''` form, right under any `standard_conforming_strings`.
    package static func quoteLiteral(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return quoted(text, by: "'") }
        var doubled = ""
        for character in text.unicodeScalars {
            if character == "\\" { doubled.unicodeScalars.append(character) }
            doubled.unicodeScalars.append(character)
        }
        return "E" + quoted(doubled, by: "'")
    }

    // By scalars: a quote that a combining mark follows is one Character with it, and still ends the string.
    private static func quoted(_ text: String, by quote: Unicode.Scalar) -> String {
        var result = String(quote)
        for character in text.unicodeScalars {
            if character == quote { result.unicodeScalars.append(character) }
            result.unicodeScalars.append(character)
        }
        result.unicodeScalars.append(quote)
        return result
    }
}
