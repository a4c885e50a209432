/// PostgreSQL's input syntax of booleans: unique prefixes, any case, spaces around.
enum BooleanSyntax {
    static func parse(_ text: String) -> Bool? {
        // The two forms that rows have.
        if text == "t" { return true }
        if text == "f" { return false }
        let word = Array(NumberSyntax.trimmed(text)).map { $0 | ($0 >= 65 && $0 <= 90 ? 32 : 0) }
        guard !word.isEmpty else { return nil }
        func isPrefix(of whole: String, atLeast length: Int) -> Bool {
            word.count >= length && word.count <= whole.utf8.count && whole.utf8.starts(with: word)
        }
        if isPrefix(of: "true", atLeast: 1) || isPrefix(of: "yes", atLeast: 1) { return true }
        if isPrefix(of: "on", atLeast: 2) || isPrefix(of: "1", atLeast: 1) { return true }
        if isPrefix(of: "false", atLeast: 1) || isPrefix(of: "no", atLeast: 1) { return false }
        if isPrefix(of: "off", atLeast: 2) || isPrefix(of: "0", atLeast: 1) { return false }
        return nil
    }
}

/// PostgreSQL's input syntax of the integer and floating-point types.
enum NumberSyntax {
    /// C's `isspace`, which PostgreSQL skips around numbers.
    static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    static func trimmed(_ text: String) -> Substring.UTF8View.SubSequence {
        var bytes = Substring(text).utf8
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return bytes
    }

    static func integer(_ text: String) -> Int64? {
        var bytes = trimmed(text)
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        guard !bytes.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard isDigit(byte) else { return nil }
            let digit = Int64(byte - 48)
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            // Downwards, because the least integer has no positive counterpart.
            let (next, carry) = shifted.subtractingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = next
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    static func float8(_ text: String) -> Double? {
        guard let literal = floatLiteral(text) else { return nil }
        if let special = literal.special { return special }
        guard let value = Double(literal.digits), value.isFinite else { return nil }
        // PostgreSQL: out of range.
        return value == 0 && !literal.isZero ? nil : value
    }

    static func float4(_ text: String) -> Float? {
        guard let literal = floatLiteral(text) else { return nil }
        if let special = literal.special { return Float(special) }
        guard let value = Float(literal.digits), value.isFinite else { return nil }
        return value == 0 && !literal.isZero ? nil : value
    }

    private struct FloatLiteral {
        var digits = ""
        var special: Double?
        var isZero = true
    }

    /// Decimal forms only: C's hexadecimal floats are not taken.
    private static func floatLiteral(_ text: String) -> FloatLiteral? {
        var bytes = trimmed(text)
        let whole = bytes
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        var literal = FloatLiteral()
        switch String(Substring(bytes)).lowercased() {
        case "nan": literal.special = .nan
        case "inf", "infinity": literal.special = isNegative ? -Double.infinity : .infinity
        default:
            guard let isZero = decimalShape(bytes) else { return nil }
            literal.isZero = isZero
            literal.digits = String(Substring(whole))
        }
        return literal
    }

    /// Digits with at most one point, and an exponent; nil when it is not that, else whether all is zero.
    private static func decimalShape(_ bytes: Substring.UTF8View.SubSequence) -> Bool? {
        var digits = 0
        var isZero = true
        var hasPoint = false
        var rest = bytes
        while let byte = rest.first {
            if isDigit(byte) {
                digits += 1
                if byte != 48 { isZero = false }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            rest.removeFirst()
        }
        guard digits > 0 else { return nil }
        guard let mark = rest.first else { return isZero }
        guard mark | 32 == UInt8(ascii: "e") else { return nil }
        rest.removeFirst()
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return nil }
        return isZero
    }
}

/// PostgreSQL's input syntax of uuid: 32 hexadecimal digits, a hyphen after any group of four, braces around.
enum UUIDSyntax {
    static func parse(_ text: String) -> (high: UInt64, low: UInt64)? {
        var bytes = Substring(text).utf8
        if bytes.first == UInt8(ascii: "{") {
            guard bytes.last == UInt8(ascii: "}") else { return nil }
            bytes = bytes.dropFirst().dropLast()
        }
        var words: [UInt64] = [0, 0]
        var count = 0
        var mayHyphen = false
        for byte in bytes {
            if byte == UInt8(ascii: "-") {
                guard mayHyphen else { return nil }
                mayHyphen = false
                continue
            }
            guard let digit = hexadecimal(byte), count < 32 else { return nil }
            words[count / 16] = words[count / 16] << 4 | digit
            count += 1
            mayHyphen = count % 4 == 0 && count < 32
        }
        guard count == 32 else { return nil }
        return (words[0], words[1])
    }

    static func hexadecimal(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 48...57: UInt64(byte - 48)
        case 65...70: UInt64(byte - 55)
        case 97...102: UInt64(byte - 87)
        default: nil
        }
    }
}
