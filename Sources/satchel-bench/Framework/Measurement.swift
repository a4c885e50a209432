import JSONText

/// What one measure gave: one line of the output.
struct Measurement: Hashable {
    /// What the same machine does of the same work without Satchel.
    struct Limit: Hashable {
        let name: String
        /// In the measure's unit.
        let value: Double
    }

    let name: String
    let unit: String
    let value: Double
    /// Of the single figures, where the measure has them.
    var p50: Double?
    var p99: Double?
    var limit: Limit
    /// Megabytes (2^20 bytes) of the measured program, at its end.
    var rssMB: Double?
    let rows: Int
    let seed: UInt64

    var ratio: Double { value / limit.value }

    var json: JSON {
        [
            "name": .string(name), "unit": .string(unit), "value": Self.number(value), "p50": Self.number(p50),
            "p99": Self.number(p99), "limit": ["name": .string(limit.name), "value": Self.number(limit.value)],
            "ratio": Self.number(ratio), "rss_mb": Self.number(rssMB), "rows": .int(Int64(rows)),
            "seed": .int(Int64(clamping: seed)),
        ]
    }

    /// Three decimals: more would be noise.
    private static func number(_ value: Double?) -> JSON {
        guard let value, value.isFinite else { return .null }
        return .double((value * 1000).rounded() / 1000)
    }
}
