/// How often each feature was evaluated, and with what: the matrix of operator × type × NULL.
package struct Coverage: Sendable {
    struct Counts: Sendable {
        var cases = 0
        var nullArguments = 0
        var values = 0
        var nulls = 0
        var errors = 0
    }

    private var byLabel: [String: Counts] = [:]
    private let labels: [String]

    init() {
        var seen: Set<String> = []
        labels = Feature.all.map(\.label).filter { seen.insert($0).inserted }
    }

    mutating func count(_ feature: Feature, hasNull: Bool, _ outcome: Outcome) {
        var counts = byLabel[feature.label] ?? Counts()
        counts.cases += 1
        if hasNull { counts.nullArguments += 1 }
        switch outcome {
        case .null: counts.nulls += 1
        case .text: counts.values += 1
        case .error: counts.errors += 1
        }
        byLabel[feature.label] = counts
    }

    package var features: Int { labels.count }

    /// What was never evaluated at all.
    package var unreached: [String] { labels.filter { byLabel[$0] == nil } }

    /// The labels that `zeros` complains of.
    var gaps: Set<String> {
        Set(
            labels.filter { label in
                guard let counts = byLabel[label] else { return true }
                return counts.values == 0 || counts.nullArguments == 0
            })
    }

    /// What was never evaluated, never gave a value, or never had a NULL argument.
    package var zeros: [String] {
        labels.compactMap { label in
            let counts = byLabel[label] ?? Counts()
            if counts.cases == 0 { return "\(label): never evaluated" }
            if counts.values == 0 { return "\(label): never a value" }
            // A literal of a type has no arguments that could be NULL.
            return counts.nullArguments == 0 ? "\(label): never a NULL argument" : nil
        }
    }

    /// One line for each feature.
    package var matrix: String {
        let head = Self.line("operator (types)", "cases", "NULL arg", "value", "NULL", "error")
        let lines = labels.sorted().map { label in
            let counts = byLabel[label] ?? Counts()
            let figures = [counts.cases, counts.nullArguments, counts.values, counts.nulls, counts.errors].map(
                String.init)
            return Self.line(label, figures[0], figures[1], figures[2], figures[3], figures[4])
        }
        return ([head] + lines).joined(separator: "\n")
    }

    private static func line(_ label: String, _ figures: String...) -> String {
        let padded = label + String(repeating: " ", count: max(1, 44 - label.count))
        return padded + figures.map { String(repeating: " ", count: max(1, 9 - $0.count)) + $0 }.joined()
    }
}

/// What PostgreSQL, or we, say of an expression on a row.
enum Outcome: Hashable, Sendable {
    case null
    case text(String)
    case error(String)

    var isError: Bool {
        if case .error = self { true } else { false }
    }

    /// Equal, whatever the words of an error.
    func agrees(with other: Outcome) -> Bool {
        switch (self, other) {
        case (.error, .error), (.null, .null): true
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.error, _), (.null, _), (.text, _): false
        }
    }
}
