/// PostgreSQL's `numeric`: exact, of any length, with NaN and the infinities.
///
/// As in PostgreSQL's `numeric.c` a finite value is Σ limbs[i] × 10000^(weight − i), and has a display scale that
/// does not count when values are compared (`1.0` is `1`). Limbs have no zeros at either end.
struct Decimal: Sendable {
    enum Kind: Int, Hashable, Sendable { case negativeInfinity, finite, positiveInfinity, nan }

    let kind: Kind
    let isNegative: Bool
    /// Of the first limb.
    let weight: Int
    /// 0…9999, without zeros at either end; empty for zero.
    let limbs: [Int32]
    /// Digits shown after the point.
    let scale: Int

    static let base: Int32 = 10_000
    /// PostgreSQL holds up to 131 072 digits before the point and 16 383 after it.
    static let maxWeight = 32_767
    static let maxScale = 16_383

    init(_ kind: Kind) {
        self.init(kind: kind, isNegative: false, weight: 0, limbs: [], scale: 0)
    }

    private init(kind: Kind, isNegative: Bool, weight: Int, limbs: [Int32], scale: Int) {
        self.kind = kind
        self.isNegative = isNegative
        self.weight = weight
        self.limbs = limbs
        self.scale = scale
    }

    /// Takes limbs with zeros at the ends.
    init(isNegative: Bool, weight: Int, limbs: [Int32], scale: Int) {
        guard let first = limbs.firstIndex(where: { $0 != 0 }), let last = limbs.lastIndex(where: { $0 != 0 })
        else {
            self.init(kind: .finite, isNegative: false, weight: 0, limbs: [], scale: scale)
            return
        }
        self.init(
            kind: .finite, isNegative: isNegative, weight: weight - first, limbs: Array(limbs[first...last]),
            scale: scale)
    }

    init(_ integer: Int64) {
        self.init(isNegative: integer < 0, magnitude: UInt128(integer.magnitude))
    }

    init(_ integer: Int128) {
        self.init(isNegative: integer < 0, magnitude: integer.magnitude)
    }

    private init(isNegative: Bool, magnitude: UInt128) {
        var limbs: [Int32] = []
        var rest = magnitude
        while rest > 0 {
            limbs.append(Int32(rest % 10_000))
            rest /= 10_000
        }
        self.init(isNegative: isNegative, weight: limbs.count - 1, limbs: limbs.reversed(), scale: 0)
    }

    /// `digits` are 0…9; the value is 0.d1d2d3… × 10^exponent.
    init(isNegative: Bool, digits: [UInt8], exponent: Int, scale: Int) {
        // The first limb ends where the distance to the point is a multiple of four.
        let weight = (exponent > 0 ? exponent + 3 : exponent) / 4 - 1
        let lead = (weight + 1) * 4 - exponent
        var limbs = [Int32](repeating: 0, count: (lead + digits.count + 3) / 4)
        let powers: [Int32] = [1000, 100, 10, 1]
        for (index, digit) in digits.enumerated() {
            let place = lead + index
            limbs[place / 4] += Int32(digit) * powers[place % 4]
        }
        self.init(isNegative: isNegative, weight: weight, limbs: limbs, scale: scale)
    }

    static let zero = Decimal(.finite)

    var isZero: Bool { kind == .finite && limbs.isEmpty }
    var isFinite: Bool { kind == .finite }

    var negated: Decimal {
        switch kind {
        case .nan: self
        case .negativeInfinity: Decimal(.positiveInfinity)
        case .positiveInfinity: Decimal(.negativeInfinity)
        case .finite: Decimal(isNegative: !isNegative, weight: weight, limbs: limbs, scale: scale)
        }
    }

    var magnitude: Decimal { self < .zero ? negated : self }

    func with(scale: Int) -> Decimal {
        Decimal(kind: kind, isNegative: isNegative, weight: weight, limbs: limbs, scale: scale)
    }

    /// With as few places behind the point as show the value.
    var withoutTrailingZeros: Decimal {
        guard kind == .finite, let last = limbs.last else { return with(scale: 0) }
        let zeros = last % 1000 == 0 ? 3 : last % 100 == 0 ? 2 : last % 10 == 0 ? 1 : 0
        return with(scale: max(0, (limbs.count - 1 - weight) * 4 - zeros))
    }

    /// As PostgreSQL would have to store it: nil where it says that the value overflows.
    var fitting: Decimal? {
        guard kind == .finite else { return self }
        return weight > Self.maxWeight || scale > Self.maxScale ? nil : self
    }
}

extension Decimal: Comparable, Hashable {
    static func == (left: Decimal, right: Decimal) -> Bool {
        left.kind == right.kind && left.isNegative == right.isNegative && left.weight == right.weight
            && left.limbs == right.limbs
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(isNegative)
        hasher.combine(weight)
        hasher.combine(limbs)
    }

    /// NaN is equal to itself and greater than everything, as in PostgreSQL.
    static func < (left: Decimal, right: Decimal) -> Bool {
        if left.kind != .finite || right.kind != .finite { return left.kind.rawValue < right.kind.rawValue }
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? isLess(right, left) : isLess(left, right)
    }

    static func isLess(_ left: Decimal, _ right: Decimal) -> Bool {
        if left.limbs.isEmpty || right.limbs.isEmpty { return left.limbs.isEmpty && !right.limbs.isEmpty }
        if left.weight != right.weight { return left.weight < right.weight }
        return left.limbs.lexicographicallyPrecedes(right.limbs)
    }
}

extension Decimal {
    /// nil where PostgreSQL says that the value is out of range of double precision.
    var double: Double? {
        switch kind {
        case .nan: .nan
        case .negativeInfinity: -.infinity
        case .positiveInfinity: .infinity
        case .finite: NumberSyntax.float8(text)
        }
    }

    /// Rounded half away from zero; nil when it does not fit, or is no finite number.
    var integer: Int64? {
        guard kind == .finite else { return nil }
        let whole = rounded(to: 0)
        guard whole.weight <= 5 else { return nil }
        var value: Int128 = 0
        for place in 0...max(0, whole.weight) {
            value = value * 10_000 + Int128(place < whole.limbs.count && whole.weight >= 0 ? whole.limbs[place] : 0)
        }
        return Int64(exactly: whole.isNegative ? -value : value)
    }
}
