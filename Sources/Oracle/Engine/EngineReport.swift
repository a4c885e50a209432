import ShapeEngine

/// What a run of the engine's layer did.
package struct EngineReport: Sendable {
    package let seed: UInt64
    package var worlds = 0
    package var shapes = 0
    package var transactions = 0
    /// Shapes compared with PostgreSQL after a transaction.
    package var comparisons = 0
    /// Rows that were compared.
    package var rows = 0
    package var mismatches: [String] = []
    package var mismatchCount = 0
    package var failedWorlds: [UInt64] = []

    package var inserts = 0
    package var updates = 0
    package var deletes = 0
    package var clocks = 0
    package var keyChanges = 0
    package var movedInByOthers = 0
    package var movedOutByOthers = 0
    package var movedByTime = 0
    package var failures = 0
    package var rowsOnTwoPaths = 0
    package var late = 0
    package var relations: [EngineRelation: Int] = [:]
    /// Shapes that had rows and changes.
    package var features: [EngineFeature: Int] = [:]
    package var pairs: Set<EngineFeature.Pair> = []
    /// At one node.
    package var nodePairs: Set<EngineFeature.Pair> = []

    init(seed: UInt64) {
        self.seed = seed
    }

    mutating func note(_ mismatch: String) {
        mismatchCount += 1
        if mismatches.count < 20 { mismatches.append(mismatch) }
    }

    mutating func reach(_ plan: EnginePlan) {
        for feature in plan.features { features[feature, default: 0] += 1 }
        pairs.formUnion(EngineFeature.pairs(in: plan.features))
        nodePairs.formUnion(plan.nodePairs)
    }

    /// One line for each pair that no shape, or no node, had.
    package var unreached: [String] {
        EngineFeature.pairs.filter { !pairs.contains($0) }.map { "in a shape: \($0.one) and \($0.other)" }
            + EngineFeature.nodePairs.filter { !nodePairs.contains($0) }.map { "at a node: \($0.one) and \($0.other)" }
    }

    private var counts: [(String, Int)] {
        [
            ("inserts", inserts), ("updates", updates), ("deletes", deletes), ("clocks", clocks),
            ("key changes", keyChanges), ("moved in by others", movedInByOthers),
            ("moved out by others", movedOutByOthers), ("moved by time", movedByTime),
            ("failed conditions", failures), ("rows on two paths", rowsOnTwoPaths), ("late", late),
        ] + EngineRelation.allCases.map { ($0.rawValue, relations[$0] ?? 0) }
            + EngineFeature.allCases.map { ($0.rawValue, features[$0] ?? 0) }
    }

    /// Counts that never moved.
    package var zeros: [String] { counts.filter { $0.1 == 0 }.map(\.0) }

    package var summary: String {
        """
        seed \(seed): \(worlds) worlds, \(shapes) shapes, \(transactions) transactions, \(comparisons) comparisons \
        of \(rows) rows; \(counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")); \
        pairs in a shape \(pairs.count) of \(EngineFeature.pairs.count), at a node \(nodePairs.count) of \
        \(EngineFeature.nodePairs.count); mismatches \(mismatchCount)
        """
    }

    package var hasFailed: Bool { mismatchCount > 0 || !zeros.isEmpty || !unreached.isEmpty }
}
