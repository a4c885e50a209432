/// A floating-point number that compares as in PostgreSQL: NaN equals itself and is greater than everything,
/// and the two zeros are equal.
struct FloatValue: Hashable, Comparable, Sendable {
    let double: Double

    init(_ double: Double) {
        self.double = double.isNaN ? .nan : double
    }

    static func == (left: FloatValue, right: FloatValue) -> Bool {
        left.double == right.double || (left.double.isNaN && right.double.isNaN)
    }

    func hash(into hasher: inout Hasher) {
        // -0 and 0 hash alike in Swift, NaN always as the same pattern.
        hasher.combine(double)
    }

    static func < (left: FloatValue, right: FloatValue) -> Bool {
        if left.double.isNaN { return false }
        return right.double.isNaN || left.double < right.double
    }
}
