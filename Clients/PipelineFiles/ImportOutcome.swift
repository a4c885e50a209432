/// What an import made of one file.
package enum ImportOutcome: Hashable, Sendable {
    /// The pipeline was not there.
    case imported
    case updated(operations: Int)
    /// The rows were as the file says.
    case unchanged

    package init(current: CurrentPipeline, operations: [ImportOperation]) {
        if current.pipeline == nil {
            self = .imported
        } else {
            self = operations.isEmpty ? .unchanged : .updated(operations: operations.count)
        }
    }

    /// For scripts.
    package var name: String {
        switch self {
        case .imported: "imported"
        case .updated: "updated"
        case .unchanged: "unchanged"
        }
    }

    /// `imported`, `updated (3 operations)` or `unchanged`.
    package var description: String {
        switch self {
        case .imported, .unchanged: name
        case .updated(let operations): "\(name) (\(operations) \(operations == 1 ? "operation" : "operations"))"
        }
    }
}

/// How many files came to which outcome.
package struct ImportTally: Hashable, Sendable {
    private var counts: [String: Int] = [:]
    private var reported = 0

    package init() {}

    package mutating func count(_ outcome: ImportOutcome) { counts[outcome.name, default: 0] += 1 }

    /// A file that is no pipeline, or that was refused.
    package mutating func countReported() { reported += 1 }

    /// `2 imported, 1 updated, 0 unchanged, 0 reported`; where some of the files did not go, it says so.
    package var summary: String {
        let outcomes: [ImportOutcome] = [.imported, .updated(operations: 0), .unchanged]
        let parts = outcomes.map { "\(counts[$0.name] ?? 0) \($0.name)" }
        let all = (parts + ["\(reported) reported"]).joined(separator: ", ")
        let total = counts.values.reduce(reported, +)
        guard reported > 0, total > reported else { return all }
        return all + "; \(reported) of \(total) files \(reported == 1 ? "was" : "were") not imported, as said above"
    }
}
