/// PostgreSQL's `numeric`: exact, of any length, with NaN and the infinities.
///
/// Kept without zeros at either end, so that equal values are equal structures (`1.0` is `1`). The value is
/// 0.d1d2d3… × 10^exponent.
struct Decimal: Hashable, Sendable {
    enum Kind: Int, Hashable, Sendable { case negativeInfinity, finite, positiveInfinity, nan }

    let kind: Kind
    let isNegative: Bool
    let exponent: Int
    /// Values 0…9; empty for zero.
    let digits: [UInt8]

    /// PostgreSQL holds up to 131 072 digits before the point and 16 383 after it.
    private static let maxIntegerDigits = 131_072
    private static let maxScale = 16_383

    private init(_ kind: Kind, isNegative: Bool = false, exponent: Int = 0, digits: [UInt8] = []) {
        self.kind = kind
        self.isNegative = isNegative
        self.exponent = exponent
        self.digits = digits
    }

    init(_ integer: Int64) {
        let digits = Array(String(integer.magnitude).utf8).map { $0 - 48 }
        self.init(isNegative: integer < 0, digits: digits, exponent: digits.count)
    }

    private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        let start = digits.firstIndex { $0 != 0 } ?? digits.count
        let end = digits.lastIndex { $0 != 0 }.map { $0 + 1 } ?? start
        if start >= end {
            self.init(.finite)
        } else {
            self.init(
                .finite, isNegative: isNegative, exponent: exponent - start, digits: Array(digits[start..<end]))
        }
    }

    /// Reads PostgreSQL's input syntax; nil where PostgreSQL reports an error.
    init?(_ text: String) {
        var bytes = NumberSyntax.trimmed(text)
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        if let first = bytes.first, !NumberSyntax.isDigit(first), first != UInt8(ascii: ".") {
            self.init(
                special: String(Substring(bytes)).lowercased(), isNegative: isNegative,
                isSigned: bytes.count < text.utf8.count && text.utf8.contains { $0 == 43 || $0 == 45 })
            return
        }
        var digits: [UInt8] = []
        var integerDigits: Int?
        while let byte = bytes.first {
            if NumberSyntax.isDigit(byte) {
                digits.append(byte - 48)
            } else if byte == UInt8(ascii: "."), integerDigits == nil {
                integerDigits = digits.count
            } else {
                break
            }
            bytes.removeFirst()
        }
        guard !digits.isEmpty, let shift = Self.exponent(bytes) else { return nil }
        let scale = digits.count - (integerDigits ?? digits.count)
        self.init(isNegative: isNegative, digits: digits, exponent: digits.count - scale + shift)
        guard exponent <= Self.maxIntegerDigits, exponent - self.digits.count >= -Self.maxScale else { return nil }
    }

    private init?(special: String, isNegative: Bool, isSigned: Bool) {
        switch special {
        case "nan" where !isSigned: self.init(.nan)
        case "inf", "infinity": self.init(isNegative ? .negativeInfinity : .positiveInfinity)
        default: return nil
        }
    }

    /// The number after `e`, 0 for none, nil for anything else.
    private static func exponent(_ bytes: Substring.UTF8View.SubSequence) -> Int? {
        guard let mark = bytes.first else { return 0 }
        guard mark | 32 == UInt8(ascii: "e"), let value = NumberSyntax.integer(String(Substring(bytes.dropFirst()))),
            // Beyond it PostgreSQL reports an overflow.
            value.magnitude < 1_000_000, let last = bytes.dropFirst().first, !NumberSyntax.isSpace(last)
        else { return nil }
        return Int(value)
    }

    static let zero = Decimal(.finite)

    var negated: Decimal {
        switch kind {
        case .nan: self
        case .negativeInfinity: Decimal(.positiveInfinity)
        case .positiveInfinity: Decimal(.negativeInfinity)
        case .finite:
            digits.isEmpty ? self : Decimal(.finite, isNegative: !isNegative, exponent: exponent, digits: digits)
        }
    }
}

extension Decimal: Comparable {
    /// NaN is equal to itself and greater than everything, as in PostgreSQL.
    static func < (left: Decimal, right: Decimal) -> Bool {
        if left.kind != .finite || right.kind != .finite { return left.kind.rawValue < right.kind.rawValue }
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? isLess(right, left) : isLess(left, right)
    }

    private static func isLess(_ left: Decimal, _ right: Decimal) -> Bool {
        if left.digits.isEmpty || right.digits.isEmpty { return left.digits.isEmpty && !right.digits.isEmpty }
        if left.exponent != right.exponent { return left.exponent < right.exponent }
        return left.digits.lexicographicallyPrecedes(right.digits)
    }
}

extension Decimal {
    /// nil where PostgreSQL says that the value is out of range of double precision.
    var double: Double? {
        switch kind {
        case .nan: return .nan
        case .negativeInfinity: return -.infinity
        case .positiveInfinity: return .infinity
        case .finite: return NumberSyntax.float8(text)
        }
    }

    /// Rounded half away from zero; nil when it does not fit, or is no finite number.
    var integer: Int64? {
        guard kind == .finite else { return nil }
        guard exponent >= 0, !digits.isEmpty else { return 0 }
        guard exponent <= 19 else { return nil }
        var text = isNegative ? "-" : ""
        for index in 0..<exponent { text.append(String(index < digits.count ? digits[index] : 0)) }
        if exponent == 0 { text.append("0") }
        guard let truncated = NumberSyntax.integer(text) else { return nil }
        guard exponent < digits.count, digits[exponent] >= 5 else { return truncated }
        let (rounded, overflow) = truncated.addingReportingOverflow(isNegative ? -1 : 1)
        return overflow ? nil : rounded
    }

    /// A form that `init` reads: not PostgreSQL's output, which keeps trailing zeros.
    var text: String {
        switch kind {
        case .nan: return "NaN"
        case .negativeInfinity: return "-Infinity"
        case .positiveInfinity: return "Infinity"
        case .finite:
            guard !digits.isEmpty else { return "0" }
            let mantissa = String(decoding: digits.map { $0 + 48 }, as: UTF8.self)
            return "\(isNegative ? "-" : "")\(mantissa)e\(exponent - digits.count)"
        }
    }
}
