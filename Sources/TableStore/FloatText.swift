/// PostgreSQL's text of a float (`extra_float_digits` ≥ 1): the shortest digits that read back the same,
/// plain between 1e-4 and 1e15 (float8) or 1e6 (float4), else with an exponent of at least two digits.
enum FloatText {
    static func float8(_ number: Double) -> String {
        text(number.description, special: special(number.isNaN, number.isInfinite, number < 0), plainBelow: 15)
    }

    static func float4(_ number: Float) -> String {
        text(number.description, special: special(number.isNaN, number.isInfinite, number < 0), plainBelow: 6)
    }

    private static func special(_ isNaN: Bool, _ isInfinite: Bool, _ isNegative: Bool) -> String? {
        if isNaN { return "NaN" }
        if isInfinite { return isNegative ? "-Infinity" : "Infinity" }
        return nil
    }

    /// Swift prints the same shortest digits, only laid out otherwise.
    private static func text(_ description: String, special: String?, plainBelow limit: Int) -> String {
        if let special { return special }
        var rest = Substring(description)
        let sign = rest.first == "-" ? "-" : ""
        if !sign.isEmpty { rest.removeFirst() }
        var exponent = 0
        if let mark = rest.firstIndex(of: "e") {
            exponent = Int(rest[rest.index(after: mark)...]) ?? 0
            rest = rest[..<mark]
        }
        let halves = rest.split(separator: ".", omittingEmptySubsequences: false)
        var digits = Array((halves[0] + (halves.count > 1 ? halves[1] : "")).utf8)
        var point = halves[0].utf8.count + exponent
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits == [UInt8(ascii: "0")] { return sign + "0" }
        return sign + layOut(digits, point: point, plainBelow: limit)
    }

    /// `point`: how many digits stand before the decimal point.
    private static func layOut(_ digits: [UInt8], point: Int, plainBelow limit: Int) -> String {
        let text = String(decoding: digits, as: UTF8.self)
        let exponent = point - 1
        if exponent < -4 || exponent >= limit {
            let magnitude = String(abs(exponent))
            let padded = magnitude.utf8.count < 2 ? "0" + magnitude : magnitude
            let fraction = digits.count > 1 ? "." + text.dropFirst() : ""
            return "\(text.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(padded)"
        }
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + text }
        if point >= digits.count { return text + String(repeating: "0", count: point - digits.count) }
        return "\(text.prefix(point)).\(text.dropFirst(point))"
    }
}
