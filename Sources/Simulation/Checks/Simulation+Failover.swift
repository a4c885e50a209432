import Replica
import SyncModel

/// A standby takes over that lacks the newest transactions: what was done in them was not done, as far as the checks
/// count, and has to be done again.
extension Simulation {
    func loseCommits(_ most: Int) {
        checkCommits()
        let lost = database.loseCommits(most)
        guard !lost.isEmpty else { return }
        count("fault: commits lost", lost.count)
        trace("the last \(lost.count) commits are lost, from \(lost[0].transaction.position)")
        for stored in lost.reversed().flatMap({ $0.verdicts.reversed() }) {
            let id = stored.verdict.id
            count("verdicts lost")
            if ledger[id]?.state == .confirmed { count("confirmed operations lost") }
            if let outcome = committedVerdicts[id]?.popLast() { lostVerdicts[id, default: []].insert(outcome) }
            commitNumbers[id] = nil
        }
        let effects = lost.flatMap(\.effects)
        for effect in effects { effectCounts[effect.operation, default: 0] -= 1 }
        forgetOrder(of: Set(effects.map(Self.row)))
        checkedCommits = database.commits.count
        history.forget(commitsFrom: checkedCommits)
    }

    /// Whose operation on which row.
    static func row(of effect: ModelEffect) -> String { "\(effect.replica) \(effect.table) \(effect.key)" }

    private func forgetOrder(of rows: Set<String>) {
        for row in rows { lastOrder[row] = nil }
        for effect in database.commits.flatMap(\.effects) where rows.contains(Self.row(of: effect)) {
            guard let entry = ledger[effect.operation], !entry.isRetried else { continue }
            lastOrder[Self.row(of: effect), default: 0] = max(lastOrder[Self.row(of: effect)] ?? 0, entry.order)
        }
    }
}
