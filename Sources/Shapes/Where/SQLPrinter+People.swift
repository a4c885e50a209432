import SyncModel

/// How things are written for people.
extension SQLPrinter {
    static func plain(_ table: TableName) -> String {
        let name = SQLName.quotedIfNeeded(table.name)
        return table.schema == "public" ? name : "\(SQLName.quotedIfNeeded(table.schema)).\(name)"
    }

    static func word(for symbol: String) -> String {
        switch symbol {
        case "~~": "LIKE"
        case "!~~": "NOT LIKE"
        case "~~*": "ILIKE"
        case "!~~*": "NOT ILIKE"
        default: symbol
        }
    }

    static func literal(_ value: Scalar?, _ type: SQLType) -> String {
        guard let text = (value.map { $0.text(as: type).string }) else { return "NULL" }
        if type == .bool { return text == "t" ? "TRUE" : "FALSE" }
        if type.isInteger || type == .numeric, text.utf8.allSatisfy(isNumeral) { return text }
        let literal = "'" + text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
        // What stands beside it gives it this type.
        return type.isString || type == .uuid || type.isOpaque || type.isEnumeration
            ? literal : "\(literal)::\(castName(type))"
    }

    private static func isNumeral(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }

    /// Those around the whole say nothing.
    static func withoutParentheses(_ sql: String) -> String {
        let bytes = Array(sql.utf8)
        guard bytes.first == UInt8(ascii: "("), bytes.last == UInt8(ascii: ")") else { return sql }
        var depth = 0
        var quote: UInt8?
        for (place, byte) in bytes.enumerated() {
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): quote = byte
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0, place < bytes.count - 1 { return sql }
            default: break
            }
        }
        return withoutParentheses(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self))
    }
}
