/// A number by its digits: an integer, or a decimal fraction that stays one.
///
/// jsonb keeps `1.0` apart from `1` but writes `1e3` as `1000`, so exponents are written out. Equal numbers
/// of one kind have one spelling: no leading zeros, no trailing ones after the first decimal, no negative
/// zero.
package struct DataNumber: Hashable, Sendable {
    /// As JSON and YAML both read it.
    package let literal: String

    package init(_ value: Int) {
        literal = String(value)
    }

    package var isInteger: Bool { !literal.utf8.contains(UInt8(ascii: ".")) }

    /// Reads `[+-]digits[.digits][e[+-]digits]`; a point or an exponent makes a fraction. nil for anything
    /// else, and for what lies outside the range of a double.
    package init?(decimal text: some StringProtocol) {
        guard text.utf8.count <= Self.maxLength else { return nil }
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        var exponent = 0
        var isFraction = false
        if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let value = Int(rest[rest.index(after: mark)...]) else { return nil }
            exponent = value
            isFraction = true
            rest = rest[..<mark]
        }
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts[0]
        let fraction = parts.count == 2 ? parts[1] : ""
        guard !whole.isEmpty || !fraction.isEmpty, whole.utf8.allSatisfy(Self.isDigit),
            fraction.utf8.allSatisfy(Self.isDigit)
        else { return nil }
        if parts.count == 2 { isFraction = true }
        if isFraction {
            guard let plain = Self.plain(whole: whole, fraction: fraction, exponent: exponent) else {
                return nil
            }
            literal = (isNegative && plain != "0.0" ? "-" : "") + plain
        } else {
            let digits = Self.withoutLeadingZeros(whole)
            literal = (isNegative && digits != "0" ? "-" : "") + digits
        }
    }

    /// Reads digits of another base, of any length.
    package init?(digits: some StringProtocol, radix: Int, isNegative: Bool) {
        guard !digits.isEmpty, digits.utf8.count <= Self.maxLength else { return nil }
        // Least significant first.
        var decimal: [Int] = [0]
        for character in digits {
            guard let digit = character.hexDigitValue, digit < radix else { return nil }
            var carry = digit
            for index in decimal.indices {
                let value = decimal[index] * radix + carry
                decimal[index] = value % 10
                carry = value / 10
            }
            while carry > 0 {
                decimal.append(carry % 10)
                carry /= 10
            }
        }
        let text = Self.withoutLeadingZeros(Substring(decimal.reversed().map(String.init).joined()))
        literal = (isNegative && text != "0" ? "-" : "") + text
    }

    /// The characters of one number; far beyond what anybody means, far below what would cost time.
    private static let maxLength = 1000

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func withoutLeadingZeros(_ digits: Substring) -> String {
        let significant = digits.drop { $0 == "0" }
        return significant.isEmpty ? "0" : String(significant)
    }

    /// Moves the point by `exponent`. nil beyond the range of a double; what is too small for one is 0.0.
    private static func plain(whole: Substring, fraction: Substring, exponent: Int) -> String? {
        let digits = Array((whole + fraction).utf8)
        guard let first = digits.firstIndex(where: { $0 != UInt8(ascii: "0") }) else { return "0.0" }
        let (point, overflow) = whole.utf8.count.addingReportingOverflow(exponent)
        guard !overflow, point - first <= 308 else { return exponent < 0 ? "0.0" : nil }
        guard point - first >= -340 else { return "0.0" }
        var integer: [UInt8] = []
        var decimals: [UInt8] = []
        for place in min(0, point)..<max(point, digits.count) {
            let digit = digits.indices.contains(place) ? digits[place] : UInt8(ascii: "0")
            if place < point { integer.append(digit) } else { decimals.append(digit) }
        }
        while decimals.count > 1, decimals.last == UInt8(ascii: "0") { decimals.removeLast() }
        let start = withoutLeadingZeros(Substring(decoding: integer, as: UTF8.self))
        return start + "." + (decimals.isEmpty ? "0" : String(decoding: decimals, as: UTF8.self))
    }
}
