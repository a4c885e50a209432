import SyncModel

/// PostgreSQL's text form of a one-dimensional `text[]`: `{plain,"with, comma",NULL}`.
package enum TextArray {
    /// As PostgreSQL writes it (`array_out`), so that what is stored compares equal: an element is quoted
    /// only where it could be taken for NULL, for nothing, or for more than one.
    package static func literal(_ elements: [Text]) -> Text {
        Text("{" + elements.map { written($0.string) }.joined(separator: ",") + "}")
    }

    private static func written(_ element: String) -> String {
        let scalars = element.unicodeScalars
        let isPlain = !scalars.isEmpty && !scalars.contains(where: quoted.contains)
        guard !isPlain || element.lowercased() == "null" else { return element }
        var output = "\""
        for scalar in scalars {
            if scalar == "\"" || scalar == "\\" { output += "\\" }
            output.unicodeScalars.append(scalar)
        }
        return output + "\""
    }

    /// Delimiters, and PostgreSQL's white space.
    private static let quoted = Set("{}\"\\, \t\n\r\u{b}\u{c}".unicodeScalars)

    /// nil for what is no such array, or has a NULL in it.
    package static func elements(_ literal: Text) -> [Text]? {
        var rest = Substring(literal.string).unicodeScalars
        guard rest.popFirst() == "{", rest.popLast() == "}" else { return nil }
        if rest.isEmpty { return [] }
        var elements: [Text] = []
        repeat {
            guard let element = element(&rest) else { return nil }
            elements.append(element)
        } while rest.popFirst() == ","
        return rest.isEmpty ? elements : nil
    }

    private static func element(_ rest: inout Substring.UnicodeScalarView) -> Text? {
        var output = String.UnicodeScalarView()
        guard rest.first == "\"" else {
            while let scalar = rest.first, scalar != "," {
                if "{}\"\\".unicodeScalars.contains(scalar) { return nil }
                output.append(scalar)
                rest.removeFirst()
            }
            return output.isEmpty || String(output).uppercased() == "NULL" ? nil : Text(String(output))
        }
        rest.removeFirst()
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return rest.isEmpty || rest.first == "," ? Text(String(output)) : nil }
            guard let kept = scalar == "\\" ? rest.popFirst() : scalar else { return nil }
            output.append(kept)
        }
        return nil
    }
}
