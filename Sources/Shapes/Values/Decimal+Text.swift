extension Decimal {
    /// Reads PostgreSQL's input syntax; nil where PostgreSQL reports an error.
    init?(_ text: String) {
        var bytes = NumberSyntax.trimmed(text)
        var isNegative = false
        var isSigned = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            isSigned = true
            bytes.removeFirst()
        }
        if let first = bytes.first, !NumberSyntax.isDigit(first), first != UInt8(ascii: ".") {
            self.init(special: String(Substring(bytes)).lowercased(), isNegative: isNegative, isSigned: isSigned)
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
        let value = Decimal(
            isNegative: isNegative, digits: digits, exponent: digits.count - scale + shift,
            scale: max(0, scale - shift))
        guard let fitting = value.fitting else { return nil }
        self = fitting
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

    /// As PostgreSQL writes it.
    var text: String {
        switch kind {
        case .nan: return "NaN"
        case .negativeInfinity: return "-Infinity"
        case .positiveInfinity: return "Infinity"
        case .finite: break
        }
        var bytes: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        if weight < 0 || limbs.isEmpty {
            bytes.append(48)
        } else {
            for place in 0...weight { append(limb(place), to: &bytes, isFirst: place == 0) }
        }
        guard scale > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(UInt8(ascii: "."))
        let end = bytes.count + scale
        var place = weight + 1
        if limbs.isEmpty { place = 0 }
        // Limbs between the point and the first one are zeros.
        var before = limbs.isEmpty ? 0 : max(0, -weight - 1)
        while bytes.count < end {
            if before > 0 {
                before -= 1
                append(0, to: &bytes, isFirst: false)
            } else {
                append(limb(max(place, 0)), to: &bytes, isFirst: false)
                place = max(place, 0) + 1
            }
        }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private func limb(_ index: Int) -> Int32 { index < limbs.count ? limbs[index] : 0 }

    private func append(_ limb: Int32, to bytes: inout [UInt8], isFirst: Bool) {
        var divisor: Int32 = 1000
        var isLeading = isFirst
        while divisor > 0 {
            let digit = UInt8(limb / divisor % 10)
            if digit != 0 || divisor == 1 { isLeading = false }
            if !isLeading { bytes.append(48 + digit) }
            divisor /= 10
        }
    }
}
