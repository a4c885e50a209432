import SyncModel

/// What a scalar of YAML means.
///
/// The rules are YAML 1.1's for booleans, null and numbers with `0x`, `0o`, `0b` or `_` (what most readers
/// do), except that dates and `12:30` are text, as in YAML 1.2: nobody means the number 750.
enum YAMLScalar {
    /// nil: JSON and jsonb have no such value (infinity, NaN).
    static func value(plain text: String) -> DataTree? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        case ".nan", ".NaN", ".NAN": return nil
        default: break
        }
        guard startsLikeNumber(text) else { return .text(Text(text)) }
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        guard text.utf8.count - unsigned.utf8.count <= 1 else { return .text(Text(text)) }
        if [".inf", ".Inf", ".INF"].contains(unsigned) { return nil }
        return number(unsigned, isNegative: text.hasPrefix("-")) ?? .text(Text(text))
    }

    private static func startsLikeNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        return (48...57).contains(first) || [0x2b, 0x2d, 0x2e].contains(first)
    }

    private static func number(_ text: Substring, isNegative: Bool) -> DataTree? {
        guard text.utf8.contains(where: { (48...57).contains($0) }) else { return nil }
        let digits = text.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            return DataNumber(digits: digits.dropFirst(2), radix: radix, isNegative: isNegative)
                .map(DataTree.number)
        }
        guard digits.first != "+", digits.first != "-" else { return nil }
        if digits.utf8.count > 1, digits.first == "0", digits.utf8.allSatisfy({ (48...57).contains($0) }) {
            // 017 is octal; 08 is a number to nobody.
            return DataNumber(digits: digits.dropFirst(), radix: 8, isNegative: isNegative).map(
                DataTree.number)
        }
        return DataNumber(decimal: (isNegative ? "-" : "") + digits).map(DataTree.number)
    }

    /// Whether every reader, of YAML 1.1 or 1.2, takes this for text without quotes.
    static func isPlainSafe(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.last != UInt8(ascii: " "),
            text.utf8.allSatisfy({ isLetter($0) || (48...57).contains($0) || "_-./ ()".utf8.contains($0) })
        else { return false }
        let reserved = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        return !reserved.contains(text.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte)
    }
}
