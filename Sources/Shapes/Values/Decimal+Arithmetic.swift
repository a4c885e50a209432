/// Arithmetic with the results, and the scales, of PostgreSQL's `numeric.c`.
extension Decimal {
    static func + (left: Decimal, right: Decimal) -> Decimal {
        if let special = specialSum(left, right) { return special }
        let scale = max(left.scale, right.scale)
        if left.isNegative == right.isNegative { return sum(left, right, isNegative: left.isNegative, scale: scale) }
        if isLess(left, right) { return difference(right, left, isNegative: right.isNegative, scale: scale) }
        return difference(left, right, isNegative: left.isNegative, scale: scale)
    }

    static func - (left: Decimal, right: Decimal) -> Decimal { left + right.negated }

    private static func specialSum(_ left: Decimal, _ right: Decimal) -> Decimal? {
        if left.kind == .nan || right.kind == .nan { return Decimal(.nan) }
        if !left.isFinite, !right.isFinite { return left.kind == right.kind ? left : Decimal(.nan) }
        if !left.isFinite { return left }
        return right.isFinite ? nil : right
    }

    /// The limb of a weight.
    private func limb(at weight: Int) -> Int32 {
        let index = self.weight - weight
        return limbs.indices.contains(index) ? limbs[index] : 0
    }

    private var lowestWeight: Int { weight - limbs.count + 1 }

    private static func sum(_ left: Decimal, _ right: Decimal, isNegative: Bool, scale: Int) -> Decimal {
        guard !left.limbs.isEmpty else { return right.with(scale: scale) }
        guard !right.limbs.isEmpty else { return left.with(scale: scale) }
        let top = max(left.weight, right.weight) + 1
        var limbs: [Int32] = []
        var carry: Int32 = 0
        for weight in min(left.lowestWeight, right.lowestWeight)...top {
            let value = left.limb(at: weight) + right.limb(at: weight) + carry
            carry = value >= base ? 1 : 0
            limbs.append(value - carry * base)
        }
        return Decimal(isNegative: isNegative, weight: top, limbs: limbs.reversed(), scale: scale)
    }

    /// |left| MUST NOT be less than |right|.
    private static func difference(_ left: Decimal, _ right: Decimal, isNegative: Bool, scale: Int) -> Decimal {
        guard !left.limbs.isEmpty else { return Decimal(isNegative: false, weight: 0, limbs: [], scale: scale) }
        guard !right.limbs.isEmpty else {
            return Decimal(isNegative: isNegative, weight: left.weight, limbs: left.limbs, scale: scale)
        }
        var limbs: [Int32] = []
        var borrow: Int32 = 0
        for weight in min(left.lowestWeight, right.lowestWeight)...left.weight {
            let value = left.limb(at: weight) - right.limb(at: weight) - borrow
            borrow = value < 0 ? 1 : 0
            limbs.append(value + borrow * base)
        }
        return Decimal(isNegative: isNegative, weight: left.weight, limbs: limbs.reversed(), scale: scale)
    }

    private var sign: Int {
        switch kind {
        case .nan: 0
        case .negativeInfinity: -1
        case .positiveInfinity: 1
        case .finite: limbs.isEmpty ? 0 : isNegative ? -1 : 1
        }
    }

    static func * (left: Decimal, right: Decimal) -> Decimal {
        if left.kind == .nan || right.kind == .nan { return Decimal(.nan) }
        guard left.isFinite, right.isFinite else {
            let sign = left.sign * right.sign
            return sign == 0 ? Decimal(.nan) : Decimal(sign < 0 ? .negativeInfinity : .positiveInfinity)
        }
        let scale = left.scale + right.scale
        guard !left.limbs.isEmpty, !right.limbs.isEmpty else {
            return Decimal(isNegative: false, weight: 0, limbs: [], scale: min(scale, maxScale))
        }
        var product = [Int64](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (row, digit) in left.limbs.enumerated().reversed() {
            var carry: Int64 = 0
            for (column, other) in right.limbs.enumerated().reversed() {
                let value = product[row + column + 1] + Int64(digit) * Int64(other) + carry
                carry = value / Int64(base)
                product[row + column + 1] = value % Int64(base)
            }
            product[row] += carry
        }
        let value = Decimal(
            isNegative: left.isNegative != right.isNegative, weight: left.weight + right.weight + 1,
            limbs: product.map { Int32($0) }, scale: scale)
        return scale > maxScale ? value.rounded(to: maxScale) : value
    }

    /// Half away from zero. The scale may be negative: tens, hundreds.
    func rounded(to scale: Int) -> Decimal { cut(to: scale, isRounding: true) }

    func truncated(to scale: Int) -> Decimal { cut(to: scale, isRounding: false) }

    private func cut(to scale: Int, isRounding: Bool) -> Decimal {
        guard kind == .finite else { return self }
        let shown = max(0, scale)
        guard !limbs.isEmpty else { return with(scale: shown) }
        // Decimal digits that stay.
        let digits = (weight + 1) * 4 + scale
        guard digits >= 0 else { return Decimal(isNegative: false, weight: 0, limbs: [], scale: shown) }
        let whole = digits / 4
        let rest = digits % 4
        guard whole < limbs.count else { return with(scale: shown) }
        var kept = Array(limbs[..<whole])
        let unit: Int32 = [Self.base, 1000, 100, 10][rest]
        let last = limbs[whole]
        let roundsUp = isRounding && last % unit >= unit / 2
        kept.append(last - last % unit + (roundsUp ? unit : 0))
        var place = kept.count - 1
        var result = kept
        while place > 0, result[place] >= Self.base {
            result[place] -= Self.base
            result[place - 1] += 1
            place -= 1
        }
        var top = weight
        if result[0] >= Self.base {
            result[0] -= Self.base
            result.insert(1, at: 0)
            top += 1
        }
        return Decimal(isNegative: isNegative, weight: top, limbs: result, scale: shown)
    }

    var floor: Decimal {
        let whole = truncated(to: 0)
        return self < whole ? whole - Decimal(Int64(1)) : whole
    }

    var ceiling: Decimal { negated.floor.negated }
}

/// Division.
extension Decimal {
    struct DivisionByZero: Error {}

    static func / (left: Decimal, right: Decimal) throws(DivisionByZero) -> Decimal {
        if left.kind == .nan || right.kind == .nan { return Decimal(.nan) }
        guard left.isFinite else {
            if !right.isFinite { return Decimal(.nan) }
            if right.isZero { throw DivisionByZero() }
            return left.sign * right.sign < 0 ? Decimal(.negativeInfinity) : Decimal(.positiveInfinity)
        }
        guard right.isFinite else { return .zero }
        if right.isZero { throw DivisionByZero() }
        let scale = quotientScale(left, right)
        return quotient(left, right, scale: scale + 4).rounded(to: scale)
    }

    /// At least 16 significant digits, and no fewer places than either side has.
    private static func quotientScale(_ left: Decimal, _ right: Decimal) -> Int {
        var weight = (left.limbs.isEmpty ? 0 : left.weight) - right.weight
        if left.limbs.first ?? 0 <= right.limbs.first ?? 0 { weight -= 1 }
        return min(1000, max(16 - weight * 4, left.scale, right.scale, 0))
    }

    /// Truncated, with at least `scale` places worked out. `right` MUST NOT be zero.
    private static func quotient(_ left: Decimal, _ right: Decimal, scale: Int) -> Decimal {
        guard !left.limbs.isEmpty else { return left.with(scale: scale) }
        let top = left.weight - right.weight
        let count = top + 1 + (scale + 3) / 4
        guard count > 0 else { return Decimal(isNegative: false, weight: 0, limbs: [], scale: scale) }
        let divisor = right.limbs.map { Int64($0) }
        // The remainder has one limb more than the divisor.
        var remainder: [Int64] = [0] + divisor.indices.map { $0 < left.limbs.count ? Int64(left.limbs[$0]) : 0 }
        var limbs: [Int32] = []
        for place in 0..<count {
            limbs.append(Int32(divide(&remainder, by: divisor)))
            let next = place + divisor.count
            remainder.removeFirst()
            remainder.append(next < left.limbs.count ? Int64(left.limbs[next]) : 0)
        }
        return Decimal(
            isNegative: left.isNegative != right.isNegative, weight: top, limbs: limbs, scale: scale)
    }

    /// One limb of the quotient: estimated from the leading limbs, then put right.
    private static func divide(_ remainder: inout [Int64], by divisor: [Int64]) -> Int64 {
        let base = Int64(Self.base)
        let lead = (remainder[0] * base + remainder[1]) * base + (remainder.count > 2 ? remainder[2] : 0)
        let under = divisor[0] * base + (divisor.count > 1 ? divisor[1] : 0)
        var digit = lead / under
        if digit == 0 { return 0 }
        var borrow: Int64 = 0
        for index in divisor.indices.reversed() {
            var value = remainder[index + 1] - digit * divisor[index] - borrow
            borrow = 0
            if value < 0 {
                borrow = (-value + base - 1) / base
                value += borrow * base
            }
            remainder[index + 1] = value
        }
        remainder[0] -= borrow
        while remainder[0] < 0 {
            digit -= 1
            var carry: Int64 = 0
            for index in divisor.indices.reversed() {
                let value = remainder[index + 1] + divisor[index] + carry
                carry = value / base
                remainder[index + 1] = value % base
            }
            remainder[0] += carry
        }
        return digit
    }

    static func % (left: Decimal, right: Decimal) throws(DivisionByZero) -> Decimal {
        if left.kind == .nan || right.kind == .nan { return Decimal(.nan) }
        guard left.isFinite else {
            if right.isZero { throw DivisionByZero() }
            return Decimal(.nan)
        }
        guard right.isFinite else { return left }
        if right.isZero { throw DivisionByZero() }
        let scale = max(left.scale, right.scale)
        let whole = quotient(left, right, scale: 4).truncated(to: 0)
        return (left - whole * right).with(scale: scale)
    }
}

extension Decimal {
    /// A binary fraction in so many significant digits, as C's `%.*g` rounds it. MUST be finite.
    init(_ value: Double, significantDigits: Int) {
        guard value != 0 else {
            self = .zero
            return
        }
        var mantissa = Decimal(Int64(bitPattern: value.significandBitPattern | (value.isNormal ? 1 << 52 : 0)))
        let exponent = Int(value.isNormal ? value.exponent : -1022) - 52
        // m × 2^e, or m × 5^-e / 10^-e.
        let factor = Decimal(Int64(exponent < 0 ? 625 : 16))
        let small = Decimal(Int64(exponent < 0 ? 5 : 2))
        for _ in 0..<abs(exponent) / 4 { mantissa = mantissa * factor }
        for _ in 0..<abs(exponent) % 4 { mantissa = mantissa * small }
        var digits = Array(mantissa.text.utf8).map { $0 - 48 }
        var point = digits.count + (exponent < 0 ? exponent : 0)
        if digits.count > significantDigits {
            let tail = digits[significantDigits...]
            let isHalf = tail.first == 5 && !tail.dropFirst().contains { $0 != 0 }
            let roundsUp = isHalf ? digits[significantDigits - 1] % 2 == 1 : (tail.first ?? 0) >= 5
            digits = Array(digits[..<significantDigits])
            var place = digits.count - 1
            if roundsUp {
                while place >= 0, digits[place] == 9 {
                    digits[place] = 0
                    place -= 1
                }
                if place >= 0 {
                    digits[place] += 1
                } else {
                    digits.insert(1, at: 0)
                    point += 1
                }
            }
        }
        while let last = digits.last, last == 0, digits.count > 1 { digits.removeLast() }
        let scale = max(0, digits.count - point)
        self.init(isNegative: value < 0, digits: digits, exponent: point, scale: scale)
    }
}

extension Decimal {
    /// PostgreSQL's `div`: the quotient without its fraction.
    static func wholeQuotient(_ left: Decimal, _ right: Decimal) throws(DivisionByZero) -> Decimal {
        guard left.isFinite, right.isFinite, !right.isZero else { return try left / right }
        return quotient(left, right, scale: 4).truncated(to: 0)
    }
}
