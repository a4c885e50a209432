import JSONText

/// Many runs together.
package struct SimulationSummary: Sendable {
    package struct Failure: Sendable {
        package let options: SimulationOptions
        /// Each in a sentence.
        package let reasons: [String]

        package var replay: String { "satchel-simulator --seed \(options.seed) --ticks \(options.ticks)" }
    }

    package private(set) var runs = 0
    package private(set) var counts: [String: Int] = [:]
    package private(set) var failures: [Failure] = []
    /// The smallest run's, of what every run has at least.
    package private(set) var fewest: [String: Int] = [:]

    package init() {}

    /// Of a batch, with its plan.
    package init(of plan: [SimulationOptions], _ outcomes: [SimulationBatch.Outcome]) {
        for (options, outcome) in zip(plan, outcomes) {
            switch outcome {
            case .success(let report): add(report)
            case .failure(let error): add(options, endedBy: error)
            }
        }
    }

    package mutating func add(_ report: SimulationReport) {
        runs += 1
        for (name, count) in report.counts {
            counts[name] = name.hasPrefix("most ") ? max(counts[name] ?? 0, count) : (counts[name] ?? 0) + count
        }
        for name in SimulationReport.least.keys {
            fewest[name] = min(fewest[name] ?? .max, report.counts[name, default: 0])
        }
        guard report.hasFailed else { return }
        let reasons = report.violations.map(\.description) + report.missing.map { "too little happened: \($0)" }
        failures.append(Failure(options: report.options, reasons: reasons))
    }

    /// A run that ended with an error of the code under it.
    package mutating func add(_ options: SimulationOptions, endedBy error: any Error) {
        runs += 1
        failures.append(Failure(options: options, reasons: ["it ended with an error: \(error)"]))
    }

    /// What happens in some run of so many, and never did.
    package var missing: [String] { zeros.filter { $0.runs <= runs }.map(\.name) }

    /// What never did, with the number of runs from which on it is required.
    private var zeros: [(runs: Int, name: String)] {
        SimulationReport.requiredOverall.flatMap { least, names in
            names.filter { counts[$0, default: 0] == 0 }.map { (least, $0) }
        }
    }

    package var hasFailed: Bool { !failures.isEmpty || !missing.isEmpty }

    package var text: String {
        var lines = counts.keys.sorted().map { "  \($0): \(counts[$0, default: 0])" }
        lines += fewest.keys.sorted().map { "  \($0) of the smallest run: \(fewest[$0, default: 0])" }
        lines += missing.map { "  NEVER HAPPENED IN ANY RUN: \($0)" }
        for zero in zeros where zero.runs > runs {
            lines.append("  never happened, required of \(zero.runs) runs or more: \(zero.name)")
        }
        for failure in failures {
            lines.append("  FAILED: seed \(failure.options.seed), again with: \(failure.replay)")
            lines += failure.reasons.map { "    \($0)" }
        }
        return (["\(runs) runs, \(failures.count) failed"] + lines).joined(separator: "\n")
    }

    package var json: String {
        func object(_ numbers: [String: Int]) -> JSON {
            .object(JSONObject(numbers.keys.sorted().map { ($0, JSON.int(Int64(numbers[$0, default: 0]))) }))
        }
        let failures: [JSON] = failures.map { failure in
            [
                "seed": .string("\(failure.options.seed)"), "ticks": .int(Int64(failure.options.ticks)),
                "replay": .string(failure.replay), "reasons": .array(failure.reasons.map { .string($0) }),
            ]
        }
        let summary: JSON = [
            "runs": .int(Int64(runs)), "failed": .bool(hasFailed), "failures": .array(failures),
            "missing": .array(missing.map { .string($0) }), "fewest": object(fewest), "counts": object(counts),
        ]
        return summary.text
    }
}
