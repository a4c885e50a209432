/// Single figures of one measure, all in its unit.
struct Samples {
    /// Ascending.
    private let sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    var count: Int { sorted.count }

    /// The smallest sample that at least `percent` of all are not above (nearest rank). `percent` is above 0
    /// and at most 100. nil without samples.
    func percentile(_ percent: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank), 1), sorted.count) - 1]
    }

    var p50: Double? { percentile(50) }
    var p99: Double? { percentile(99) }
}
