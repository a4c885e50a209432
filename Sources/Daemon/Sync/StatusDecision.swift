import DaemonProtocol
import SyncModel

/// What the status depends on. The table in `Protocol/daemon.md`, "Sync", decides from it.
package struct StatusFacts: Hashable, Sendable {
    /// The replica cannot be opened, read or written.
    package var storageProblem: Reason?
    /// The service refuses us.
    package var refusal: Reason?
    package var pending = 0
    package var parked = 0
    package var conflicts = 0
    package var isPaused = false
    package var isConnected = false
    /// A shape that the service serves is not live. Those that it does not serve say so themselves.
    package var hasShapeUnderway = false
    /// Shapes that somebody saw rows of, and that the service does not serve any more.
    package var ended = 0
    /// The database has another history, and it is not known yet what of this replica's operations it lost.
    package var isQueueInDoubt = false

    package init() {}
}

package struct StatusDecision: Hashable, Sendable {
    package let state: SyncStatus.State
    /// For people.
    package let text: String

    /// The first row that fits.
    package init(_ facts: StatusFacts) {
        let needs = facts.parked + facts.conflicts
        if let problem = facts.storageProblem ?? facts.refusal {
            (state, text) = (.error, "Sync error · \(problem.message)")
        } else if needs > 0, facts.isConnected, !facts.isPaused {
            (state, text) = (.error, "Sync error · \(needs == 1 ? "1 change needs" : "\(needs) changes need") you")
        } else if facts.isPaused || !facts.isConnected {
            (state, text) = (.offline, "Working offline" + (facts.pending > 0 ? " · \(facts.pending) pending" : ""))
        } else if facts.pending > 0 || facts.hasShapeUnderway || facts.isQueueInDoubt {
            (state, text) = (.syncing, "Syncing…")
        } else {
            let ended = facts.ended == 0 ? "" : " · \(facts.ended == 1 ? "1 shape" : "\(facts.ended) shapes") ended"
            (state, text) = (.synced, "All changes saved" + ended)
        }
    }
}
