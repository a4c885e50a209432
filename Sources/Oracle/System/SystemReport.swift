/// What is done to a running system while it is written to.
package enum SystemFault: String, CaseIterable, Hashable, Sendable {
    case serviceKilled = "service killed"
    case daemonKilled = "daemon killed"
    case slotDropped = "slot dropped"
    case columnAdded = "column added"
    case columnDropped = "column dropped"
    case columnRenamed = "column renamed"
    case tableTruncated = "table truncated"
    case postgresRestarted = "PostgreSQL restarted"
}

extension SystemFault {
    /// Whether this is why a shape ended.
    static func isNewName(_ message: String) -> Bool { message.contains(" was renamed to ") }
}

/// What a run of the system's layer did.
package struct SystemReport: Sendable {
    package let seed: UInt64
    package var worlds = 0
    package var shapes = 0
    package var rounds = 0
    package var transactions = 0
    package var operations = 0
    /// Of the operations; their persons let go of them.
    package var refused = 0
    /// Looks at an operation that was taken, and is confirmed after a round.
    package var confirmed = 0
    package var faults: [SystemFault: Int] = [:]
    /// A shape of a daemon, or of the reader, after a round.
    package var comparisons = 0
    package var rows = 0
    /// Looks at shapes that ask for the time.
    package var timed = 0
    /// At which time alone could change a shape, between looks.
    package var moments = 0
    package var readerResets = 0
    /// Shapes that a renamed column ended, and that were begun anew.
    package var renewed = 0
    /// Rows of whole tables that somebody may not read, after a round.
    package var keptBack = 0
    package var mismatches: [String] = []
    package var mismatchCount = 0

    init(seed: UInt64) {
        self.seed = seed
    }

    mutating func note(_ mismatch: String) {
        mismatchCount += 1
        if mismatches.count < 20 { mismatches.append(mismatch) }
    }

    private var counts: [(String, Int)] {
        [
            ("rounds", rounds), ("shapes", shapes), ("transactions", transactions), ("operations", operations),
            ("operations found confirmed", confirmed), ("comparisons", comparisons), ("rows", rows),
            ("looks at shapes on NOW()", timed), ("moments passed", moments),
            ("rows kept back by rules", keptBack), ("shapes ended by a new name", renewed),
        ] + SystemFault.allCases.map { ($0.rawValue, faults[$0] ?? 0) }
    }

    /// Counts that never moved.
    package var zeros: [String] { counts.filter { $0.1 == 0 }.map(\.0) }

    package var summary: String {
        "seed \(seed): \(worlds) worlds, \(counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")), operations refused "
            + "\(refused), shapes that the reader began anew \(readerResets); mismatches \(mismatchCount)"
    }

    package var hasFailed: Bool { mismatchCount > 0 || !zeros.isEmpty }
}
