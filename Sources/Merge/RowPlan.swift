import SyncModel

/// A value for one column.
package struct ColumnWrite: Hashable, Sendable {
    package let column: String
    package let value: Value

    package init(_ column: String, _ value: Value) {
        self.column = column
        self.value = value
    }
}

/// What is to become of a row under one operation, and what to answer.
package struct RowPlan: Hashable, Sendable {
    package enum Effect: Hashable, Sendable {
        case nothing
        /// Key included, in column order. The columns left out get their defaults.
        case insert([ColumnWrite])
        /// Never empty, sorted by name.
        case update([ColumnWrite])
        case delete
        /// Bring the row back: `row` is the whole of it, `written` names the columns that the operation wrote,
        /// the others keep their clocks. Then bring back what the same delete's cascade took.
        case resurrect(row: [ColumnWrite], written: [String], Tombstone)
        case refuse(Verdict.Outcome, Reason)
    }

    package let effect: Effect
    /// The clock to stamp with: never less than any that the writer had seen in this row.
    package let clock: HybridTimestamp
    package let lost: [LostWrite]

    package init(_ effect: Effect, clock: HybridTimestamp, lost: [LostWrite] = []) {
        self.effect = effect
        self.clock = clock
        self.lost = lost
    }

    package var outcome: Verdict.Outcome {
        if case .refuse(let outcome, _) = effect { return outcome }
        return lost.isEmpty ? .applied : .merged
    }

    package var reason: Reason? {
        if case .refuse(_, let reason) = effect { reason } else { nil }
    }
}
