import SyncModel

/// How things are written for people.
extension SQLPrinter {
    /// Without quotes where PostgreSQL needs none.
    static func plain(_ name: String) -> String {
        let bytes = Array(name.utf8)
        let isPlain = bytes.enumerated().allSatisfy { place, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): place > 0
            default: false
            }
        }
        let isWord = Keywords.reserved.contains(name) || Keywords.valueFunctions.contains(name)
        return isPlain && !bytes.isEmpty && !isWord ? name : quoted(name)
    }

    static func plain(_ table: TableName) -> String {
        table.schema == "public" ? plain(table.name) : "\(plain(table.schema)).\(plain(table.name))"
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
        let literal = "'\(text.replacing("'", with: "''"))'"
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
