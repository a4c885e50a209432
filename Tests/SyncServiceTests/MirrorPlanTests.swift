import SyncModel
import Testing

import SyncService

@Suite struct MirrorPlanTests {
    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    static let mirror = MirrorPosition(
        epoch: epoch, position: 99, resume: LSN(100), shift: 0, seen: SeenTransactions(xmin: 2, xmax: 2),
        committedAt: 0)
    static let slot = MirrorPlan.Slot(confirmed: LSN(100), isLost: false)

    private func decide(
        mirror: MirrorPosition? = mirror, server: Epoch = epoch, slot: MirrorPlan.Slot? = slot, isSame: Bool = true
    ) -> String {
        switch MirrorPlan.decide(mirror: mirror, server: server, slot: slot, catalogueIsSame: isSame) {
        case .resume(let lsn): "resume \(lsn.rawValue)"
        case .copy(let reason): reason
        }
    }

    @Test func resumesWhereMirrorServerAndSlotFit() {
        #expect(decide() == "resume 100")
        #expect(decide(slot: MirrorPlan.Slot(confirmed: LSN(50), isLost: false)) == "resume 100")
    }

    @Test func copiesWhereStreamingWouldMissSomething() {
        #expect(decide(mirror: nil).contains("no mirror"))
        #expect(decide(server: Epoch(systemIdentifier: "8", timeline: 1)).contains("another database"))
        #expect(decide(server: Epoch(systemIdentifier: "7", timeline: 2)).contains("timeline 2"))
        #expect(decide(slot: nil).contains("slot is gone"))
        #expect(decide(slot: MirrorPlan.Slot(confirmed: LSN(100), isLost: true)).contains("lost"))
        #expect(decide(slot: MirrorPlan.Slot(confirmed: LSN(101), isLost: false)).contains("beyond"))
        #expect(decide(isSame: false).contains("columns changed"))
    }
}
