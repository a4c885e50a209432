/// What one run is told.
package struct SimulationOptions: Hashable, Sendable {
    package var seed: UInt64
    /// Ticks (10 ms of virtual time) of the first phase, in which there are faults.
    package var ticks: Int
    package var canary: Canary?
    /// Keeps the whole trace, not only its hash.
    package var keepsTrace = false

    package static let defaultTicks = 6_000

    package init(seed: UInt64, ticks: Int = defaultTicks, canary: Canary? = nil) {
        self.seed = seed
        self.ticks = ticks
        self.canary = canary
    }

    /// What is checked: everything, or what the canary is to be caught by.
    var promises: Set<Promise> { canary.map { [$0.promise] } ?? Set(Promise.allCases) }
}

extension SimulationOptions: CustomStringConvertible {
    /// A line of a replay file: `SEED TICKS [CANARY]`.
    package var description: String { "\(seed) \(ticks)" + (canary.map { " \($0.rawValue)" } ?? "") }

    /// Reads such a line; what follows `#` is a comment. nil where the line is none of these.
    package init?(line: String) {
        let words = line.prefix { $0 != "#" }.split(separator: " ")
        guard (1...3).contains(words.count), let seed = UInt64(words[0]) else { return nil }
        self.init(seed: seed)
        if words.count > 1 {
            guard let ticks = Int(words[1]), ticks > 0 else { return nil }
            self.ticks = ticks
        }
        if words.count > 2 {
            guard let canary = Canary(rawValue: String(words[2])) else { return nil }
            self.canary = canary
        }
    }
}
