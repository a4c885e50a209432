import JSONText
import Shapes
import SyncModel

extension ValueSyntax {
    /// `box` alone has another delimiter.
    private static func isDelimitedByCommas(_ type: ColumnType) -> Bool { type.name != "box" }

    static func arrayProblem(_ text: Text, _ type: ColumnType) -> String? {
        let malformed = "is an array: write it as PostgreSQL does, {a,\"b c\"}, or as a JSON array, [\"a\", \"b c\"]"
        guard isDelimitedByCommas(type) else {
            let first = text.string.utf8.first
            return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? nil : malformed
        }
        guard let array = array(text) else { return malformed }
        let element = ColumnType(type.name, modifier: type.modifier, labels: type.labels)
        for (index, text) in array.elements.enumerated() {
            if let problem = text.flatMap({ problem($0, element) }) { return "element \(index + 1) \(problem)" }
        }
        return nil
    }

    /// As PostgreSQL writes it, so that it stays as it is when it comes back.
    static func normalisedArray(_ text: Text, _ type: ColumnType) -> Text {
        guard isDelimitedByCommas(type) else { return text }
        return array(text)?.text ?? text
    }

    private static func array(_ text: Text) -> ArrayText? {
        // `[0:1]={a,b}` is PostgreSQL's, and no JSON.
        if text.string.utf8.first == UInt8(ascii: "["), let json = try? JSON(parsing: text.string) {
            return ArrayText(Text(literal(json)))
        }
        return ArrayText(text)
    }

    private static func literal(_ json: JSON) -> String {
        switch json {
        case .null: "NULL"
        case .bool(let bool): bool ? "t" : "f"
        case .int, .double: json.text
        case .string(let string): quoted(element: string)
        case .object: quoted(element: json.text)
        case .array(let elements): "{" + elements.map(literal).joined(separator: ",") + "}"
        }
    }

    /// Every one: then none can be taken for NULL or hold a delimiter.
    private static func quoted(element: String) -> String {
        var output = "\""
        for scalar in element.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { output += "\\" }
            output.unicodeScalars.append(scalar)
        }
        return output + "\""
    }
}
