/// One measure: what is measured, beside what, and how.
protocol Measure: Sendable {
    static var name: String { get }
    /// A sentence or two: what is measured, and what the limit is.
    static var explanation: String { get }
    static var unit: String { get }
    static var reach: Reach { get }
    static func run(_ bench: Bench) throws -> Measurement
}

extension Measure {
    /// `rows` are those that the measure was taken with.
    static func measurement(
        _ bench: Bench, value: Double, samples: Samples? = nil, limit: (String, Double), rssMB: Double? = nil, rows: Int
    ) -> Measurement {
        Measurement(
            name: name, unit: unit, value: value, p50: samples?.p50, p99: samples?.p99,
            limit: Measurement.Limit(name: limit.0, value: limit.1), rssMB: rssMB, rows: rows, seed: bench.options.seed)
    }

    /// Of single figures: the value is their median.
    static func measurement(
        _ bench: Bench, _ samples: Samples, limit: (String, Double), rssMB: Double? = nil, rows: Int
    ) -> Measurement {
        measurement(bench, value: samples.p50 ?? .nan, samples: samples, limit: limit, rssMB: rssMB, rows: rows)
    }
}
