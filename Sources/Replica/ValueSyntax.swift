import JSONText
import SyncModel

/// Which texts a column of a type can hold, as far as a device can tell without PostgreSQL.
enum ValueSyntax {
    /// What is wrong, as the end of a sentence that begins with the column; nil when nothing is known to be.
    static func problem(_ text: Text, _ type: ColumnType) -> String? {
        let string = text.string
        if string.utf8.contains(0) { return "cannot hold the character U+0000: remove it" }
        guard type.dimensions == 0 else { return arrayProblem(text, type) }
        if !type.labels.isEmpty {
            let isLabel = type.labels.contains { Text($0) == text }
            return isLabel ? nil : "is one of \(SubmissionCheck.list(type.labels)), not \(quoted(string))"
        }
        switch type.name {
        case "uuid": return uuid(string) == nil ? "is a uuid, not \(quoted(string))" : nil
        case "int2": return integer(string, Int64(Int16.min)...Int64(Int16.max))
        case "int4": return integer(string, Int64(Int32.min)...Int64(Int32.max))
        case "int8": return integer(string, Int64.min...Int64.max)
        case "bool": return boolean(string) == nil ? "is true or false, not \(quoted(string))" : nil
        case "float4", "float8": return number(string) ? nil : "is a number, not \(quoted(string))"
        case "numeric": return number(string) ? nil : "is a number, not \(quoted(string))"
        case "json", "jsonb": return json(string, isBinary: type.name == "jsonb")
        case "varchar", "bpchar": return length(string, type)
        case "date", "timestamp", "timestamptz": return time(string)
        default: return nil
        }
    }

    /// The form in which PostgreSQL writes the value, for the types that keys are made of, and arrays.
    static func normalised(_ text: Text, _ type: ColumnType) -> Text {
        guard type.dimensions == 0 else { return normalisedArray(text, type) }
        guard type.labels.isEmpty else { return text }
        switch type.name {
        case "uuid": return uuid(text.string).map { Text($0) } ?? text
        case "int2", "int4", "int8": return parse(text.string).map { Text(String($0)) } ?? text
        case "bool": return boolean(text.string).map { $0 ? "t" : "f" } ?? text
        default: return text
        }
    }

    private static func quoted(_ string: String) -> String {
        string.unicodeScalars.count <= 40 ? "\"\(string)\"" : "\"\(string.prefix(40))…\""
    }

    private static func integer(_ string: String, _ range: ClosedRange<Int64>) -> String? {
        guard let value = parse(string) else { return "is a whole number, not \(quoted(string))" }
        return range.contains(value)
            ? nil : "is a whole number from \(range.lowerBound) to \(range.upperBound), not \(value)"
    }

    private static func parse(_ string: String) -> Int64? { Int64(string.trimmed) }

    private static func boolean(_ string: String) -> Bool? {
        switch string.trimmed.lowercased() {
        case "t", "true", "yes", "y", "on", "1": true
        case "f", "false", "no", "n", "off", "0": false
        default: nil
        }
    }

    private static func number(_ string: String) -> Bool {
        let text = string.trimmed.lowercased()
        if ["nan", "infinity", "-infinity", "+infinity", "inf", "-inf", "+inf"].contains(text) { return true }
        // Swift also reads hexadecimal and the names of NaN, PostgreSQL does not in the same spelling.
        let isPlain = text.utf8.allSatisfy { (48...57).contains($0) || "+-.e".utf8.contains($0) }
        return isPlain && Double(text) != nil
    }

    private static func json(_ string: String, isBinary: Bool) -> String? {
        do {
            _ = try JSON(parsing: string)
        } catch {
            return "is JSON: \(error.message)"
        }
        let hasNUL = isBinary && string.contains("\\u0000") && escapesNUL(string)
        return hasNUL ? "cannot hold the character \\u0000: remove it" : nil
    }

    /// `\u0000` with an odd number of backslashes before the `u`.
    private static func escapesNUL(_ string: String) -> Bool {
        var backslashes = 0
        var rest = Substring(string).utf8
        while let byte = rest.first {
            if byte == UInt8(ascii: "u"), backslashes % 2 == 1, rest.starts(with: "u0000".utf8) { return true }
            backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
            rest = rest.dropFirst()
        }
        return false
    }

    private static func length(_ string: String, _ type: ColumnType) -> String? {
        // The modifier counts characters, plus the four bytes of a header.
        guard type.modifier >= 4 else { return nil }
        let limit = Int(type.modifier) - 4
        var text = Substring(string).unicodeScalars
        // PostgreSQL cuts off spaces that are too many.
        while text.count > limit, text.last == " " { text.removeLast() }
        return text.count <= limit ? nil : "holds at most \(limit) characters"
    }

    /// PostgreSQL reads many forms; what has no digit is one of its words.
    private static func time(_ string: String) -> String? {
        let words = ["infinity", "-infinity", "epoch", "now", "today", "tomorrow", "yesterday", "allballs"]
        let isKnown = string.utf8.contains { (48...57).contains($0) } || words.contains(string.trimmed.lowercased())
        return isKnown ? nil : "is a time such as 2026-01-31 12:00:00+00, not \(quoted(string))"
    }

    /// Lower case, with hyphens after 8, 12, 16 and 20 digits.
    private static func uuid(_ string: String) -> String? {
        var text = Substring(string)
        if text.hasPrefix("{"), text.hasSuffix("}") { text = text.dropFirst().dropLast() }
        var digits: [UInt8] = []
        var mayHyphen = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "-") {
                guard mayHyphen else { return nil }
                mayHyphen = false
                continue
            }
            let lower = (65...70).contains(byte) ? byte + 32 : byte
            guard (48...57).contains(lower) || (97...102).contains(lower) else { return nil }
            digits.append(lower)
            // PostgreSQL takes a hyphen after any group of four.
            mayHyphen = digits.count % 4 == 0
        }
        guard digits.count == 32, text.utf8.last != UInt8(ascii: "-") else { return nil }
        let hex = String(decoding: digits, as: UTF8.self)
        let cuts = [0, 8, 12, 16, 20, 32].map { hex.index(hex.startIndex, offsetBy: $0) }
        return zip(cuts, cuts.dropFirst()).map { hex[$0..<$1] }.joined(separator: "-")
    }
}

extension String {
    /// Without the spaces that PostgreSQL skips around values.
    fileprivate var trimmed: String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        var bytes = Substring(self).utf8
        while let first = bytes.first, isSpace(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
        return String(Substring(bytes))
    }
}
