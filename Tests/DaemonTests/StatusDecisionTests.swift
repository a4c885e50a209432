import DaemonProtocol
import SyncModel
import Testing

@testable import Daemon

@Suite struct StatusDecisionTests {
    private static func allFacts() -> [StatusFacts] {
        var all: [StatusFacts] = []
        for bits in 0..<128 {
            for pending in [0, 1, 12] {
                var facts = StatusFacts()
                facts.storageProblem = bits & 1 == 0 ? nil : Reason(code: "storage", message: "disk full")
                facts.refusal = bits & 2 == 0 ? nil : Reason(code: "unauthorized", message: "no token")
                facts.parked = bits & 4 == 0 ? 0 : 1
                facts.conflicts = bits & 4 == 0 ? 0 : (pending == 12 ? 2 : 0)
                facts.isPaused = bits & 8 != 0
                facts.isConnected = bits & 16 != 0
                facts.hasShapeUnderway = bits & 32 != 0
                facts.ended = bits & 64 == 0 ? 0 : pending == 12 ? 3 : 1
                facts.pending = pending
                all.append(facts)
            }
        }
        return all
    }

    /// The table of `Protocol/daemon.md`, row by row, over every combination of the facts.
    @Test func theFirstRowThatFitsDecides() {
        for facts in Self.allFacts() {
            let needs = facts.parked + facts.conflicts
            let rows: [(Bool, SyncStatus.State, String)] = [
                (facts.storageProblem != nil, .error, "Sync error · disk full"),
                (facts.refusal != nil, .error, "Sync error · no token"),
                (
                    needs > 0 && facts.isConnected && !facts.isPaused, .error,
                    needs == 1 ? "Sync error · 1 change needs you" : "Sync error · \(needs) changes need you"
                ),
                (
                    facts.isPaused || !facts.isConnected, .offline,
                    facts.pending == 0 ? "Working offline" : "Working offline · \(facts.pending) pending"
                ),
                (facts.pending > 0 || facts.hasShapeUnderway, .syncing, "Syncing…"),
                (facts.ended == 1, .synced, "All changes saved · 1 shape ended"),
                (facts.ended == 3, .synced, "All changes saved · 3 shapes ended"),
                (true, .synced, "All changes saved"),
            ]
            let expected = rows.first { $0.0 }
            let decision = StatusDecision(facts)
            #expect(decision.state == expected?.1)
            #expect(decision.text == expected?.2)
        }
    }
}
