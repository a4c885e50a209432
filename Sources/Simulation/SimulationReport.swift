import JSONText

/// What a run did, and what it found.
package struct SimulationReport: Sendable {
    package let options: SimulationOptions
    /// Ticks of both phases.
    package var ticks = 0
    package var counts: [String: Int] = [:]
    package var violations: [Violation] = []
    /// FNV-1a over the trace: equal seeds give equal hashes.
    package var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
    package var trace: [String] = []

    package init(options: SimulationOptions) {
        self.options = options
    }

    /// What every run of the usual length is at least: one that is smaller has tested less than it says.
    package static let least = ["devices": 3, "events": 2000, "faults": 20]

    /// What every run does.
    package static let required = [
        "operations submitted", "operations confirmed", "sql transactions", "answers", "batches applied",
        "fault: device kill", "fault: service kill", "log comparisons", "view comparisons", "own writes watched",
        "final comparisons",
    ]

    /// What some run of so many does, whatever their seeds.
    package static let requiredOverall: [(runs: Int, names: [String])] = [(12, common), (30, rare)]

    private static let common =
        [
            "verdict applied", "verdict merged", "verdict conflict", "verdict rejected", "duplicate verdicts",
            "fault: request lost", "fault: answer lost", "fault: request duplicated", "fault: request overtaken",
            "fault: answer cut off", "fault: partition", "fault: commit unknown", "fault: database call failed",
            "fault: batch refused", "fault: repeated batch refused", "fault: slow disk", "given up",
            "done before it was given up", "paused", "resumed", "shapes held", "shapes forgotten", "retried",
            "dismissed", "queue full", "groups", "resets", "barriers", "requests held", "rows told under a rule",
            "rows shown under a rule", "permissions lost", "heartbeats for time", "fault: slot lost",
            "fault: column added", "tables compared", "schemas adopted", "schemas adopted with their rows",
            "mirror copies", "condition failures told", "condition failures at the end", "rows explained",
            "rows explained that may not be read",
        ] + (SimulatedShape.flat + SimulatedShape.others).map { "rows in shape: \($0.name)" }

    /// About one for each run at most, or many in few of them.
    private static let rare = [
        "fault: slow disk of the service", "fault: device power cut", "fault: service power cut",
        "operations lost before their answer", "rows resurrected", "rows brought back", "fault: new epoch",
        "epochs noticed", "fault: mirror restored", "fault: column dropped", "fault: column renamed",
        "fault: table truncated", "tables described otherwise", "shapes ended: schema_changed",
        "retries that wait for another", "fault: commits lost", "verdicts lost", "confirmed operations lost",
    ]

    /// What did not happen often enough, in words.
    package var missing: [String] {
        let least = options.ticks < SimulationOptions.defaultTicks ? [:] : Self.least
        let few = least.sorted { $0.key < $1.key }.filter { counts[$0.key, default: 0] < $0.value }
        return few.map { "\($0.key): \(counts[$0.key, default: 0]) of at least \($0.value)" }
            + Self.required.filter { counts[$0, default: 0] == 0 }
    }

    package var hasFailed: Bool { !violations.isEmpty || (options.canary == nil && !missing.isEmpty) }

    package var text: String {
        var lines = ["seed \(options.seed), \(ticks) ticks, trace \(String(traceHash, radix: 16))"]
        for name in counts.keys.sorted() { lines.append("  \(name): \(counts[name, default: 0])") }
        for name in missing where options.canary == nil { lines.append("  TOO LITTLE HAPPENED: \(name)") }
        for violation in violations { lines.append("  VIOLATION: \(violation)") }
        return lines.joined(separator: "\n")
    }

    package var json: String {
        let counts = JSONObject(counts.keys.sorted().map { ($0, JSON.int(Int64(self.counts[$0, default: 0]))) })
        let object: JSON = [
            "seed": .string("\(options.seed)"), "ticks": .int(Int64(ticks)),
            "canary": options.canary.map { .string($0.rawValue) } ?? .null,
            "trace": .string(String(traceHash, radix: 16)), "counts": .object(counts),
            "missing": .array(missing.map { .string($0) }),
            "violations": .array(violations.map { .string($0.description) }), "failed": .bool(hasFailed),
        ]
        return object.text
    }
}
