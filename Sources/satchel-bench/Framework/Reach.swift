/// The figure that a measure is to reach.
enum Reach: Hashable {
    case valueAtMost(Double)
    case valueAtLeast(Double)
    case ratioAtMost(Double)
    case ratioAtLeast(Double)
    /// Of the single figures.
    case percentilesAtMost(p50: Double, p99: Double)

    func isReached(by measurement: Measurement) -> Bool {
        switch self {
        case .valueAtMost(let figure): measurement.value <= figure
        case .valueAtLeast(let figure): measurement.value >= figure
        case .ratioAtMost(let figure): measurement.ratio <= figure
        case .ratioAtLeast(let figure): measurement.ratio >= figure
        case .percentilesAtMost(let p50, let p99):
            (measurement.p50 ?? .infinity) <= p50 && (measurement.p99 ?? .infinity) <= p99
        }
    }

    func text(unit: String) -> String {
        switch self {
        case .valueAtMost(let figure): "≤ \(Figure.text(figure)) \(unit)"
        case .valueAtLeast(let figure): "≥ \(Figure.text(figure)) \(unit)"
        case .ratioAtMost(let figure): "≤ \(Figure.text(figure)) × limit"
        case .ratioAtLeast(let figure): "≥ \(Figure.text(figure)) × limit"
        case .percentilesAtMost(let p50, let p99): "p50 ≤ \(Figure.text(p50)), p99 ≤ \(Figure.text(p99)) \(unit)"
        }
    }
}
