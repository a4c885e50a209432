/// Floats as PostgreSQL writes them under `extra_float_digits 1`: the shortest digits that read back.
enum FloatFormat {
    static func text(_ value: Double, isSingle: Bool) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0" }
        let (digits, exponent) = shortest(value.magnitude, isSingle: isSingle)
        // The power of ten of the first digit.
        let power = exponent - 1
        guard power >= -4, power < (isSingle ? 6 : 15) else {
            let rest = digits.dropFirst()
            let padded = abs(power) < 10 ? "0\(abs(power))" : "\(abs(power))"
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : "." + rest)e\(power < 0 ? "-" : "+")\(padded)"
        }
        if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
        if exponent >= digits.count { return sign + digits + String(repeating: "0", count: exponent - digits.count) }
        return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
    }

    /// The value is 0.d1d2… × 10^exponent.
    ///
    /// Swift's own description has the shortest digits too, but also takes those that are exactly half-way to the
    /// next float and read back by rounding to even; PostgreSQL wants some nearer ones then.
    private static func shortest(_ value: Double, isSingle: Bool) -> (digits: String, exponent: Int) {
        let own = parts(isSingle ? Float(value).description : value.description)
        // Only of whole numbers can the middle be so short.
        guard value >= (isSingle ? 0x1p22 : 0x1p51), isHalfWay(own, value, isSingle) else { return own }
        for count in own.digits.count + 1...17 {
            let decimal = Decimal(value, significantDigits: count)
            let whole = decimal.rounded(to: 0).text
            var digits = whole
            while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
            let candidate = (digits: digits, exponent: whole.utf8.count)
            let back = NumberSyntax.float8(whole)
            let isSame = isSingle ? NumberSyntax.float4(whole).map { Double($0) } == value : back == value
            if isSame, !isHalfWay(candidate, value, isSingle) { return candidate }
        }
        return own
    }

    private static func isHalfWay(_ parts: (digits: String, exponent: Int), _ value: Double, _ isSingle: Bool) -> Bool {
        let digits = Array(parts.digits.utf8).map { $0 - 48 }
        let decimal = Decimal(isNegative: false, digits: digits, exponent: parts.exponent, scale: 0)
        let twice = decimal + decimal
        func exact(_ value: Double) -> Decimal { Decimal(value, significantDigits: 400) }
        let above = isSingle ? Double(Float(value).nextUp) : value.nextUp
        let below = isSingle ? Double(Float(value).nextDown) : value.nextDown
        guard above.isFinite else { return false }
        return twice == exact(value) + exact(above) || twice == exact(value) + exact(below)
    }

    private static func parts(_ description: String) -> (digits: String, exponent: Int) {
        let parts = description.split(separator: "e", maxSplits: 1)
        let mantissa = parts[0].split(separator: ".", maxSplits: 1)
        var digits = mantissa.joined()
        var exponent = mantissa[0].count + (parts.count == 2 ? Int(parts[1]) ?? 0 : 0)
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }
}
