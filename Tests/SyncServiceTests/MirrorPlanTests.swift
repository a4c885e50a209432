import SyncModel
import Testing

@testable import SyncService

@Suite struct MirrorPlanTests {
    static let epoch = Epoch(systemIdentifier: "7", timeline: 1)
    static let mirror = MirrorPosition(
        epoch: epoch, position: 99, resume: LSN(100), shift: 0, seen: SeenTransactions(xmin: 2, xmax: 2),
        committedAt: 0)
    static let slot = MirrorPlan.Slot(confirmed: LSN(100), isLost: false)

    private func decide(
        mirror: MirrorPosition? = mirror, server: Epoch = epoch, slot: MirrorPlan.Slot? = slot,
        doubt: MirrorPlan.Doubt = MirrorPlan.Doubt()
    ) -> String {
        switch MirrorPlan.decide(mirror: mirror, server: server, slot: slot, doubt: doubt) {
        case .resume(let lsn): "resume \(lsn.rawValue)"
        case .copy(let reason): "copy: \(reason)"
        case .compareAll(let reason): "all: \(reason)"
        case .compare(let tables, let reason): "\(tables): \(reason)"
        }
    }

    @Test func resumesWhereMirrorServerAndSlotFit() {
        #expect(decide() == "resume 100")
        #expect(decide(slot: MirrorPlan.Slot(confirmed: LSN(50), isLost: false)) == "resume 100")
    }

    @Test func readsEverythingAnewWhereStreamingWouldMissSomething() {
        #expect(decide(mirror: nil).hasPrefix("copy: there is no mirror"))
        #expect(decide(server: Epoch(systemIdentifier: "8", timeline: 1)).hasPrefix("all: another database"))
        #expect(decide(server: Epoch(systemIdentifier: "7", timeline: 2)).contains("timeline 2"))
        #expect(decide(slot: nil).hasPrefix("all: the replication slot is gone"))
        let lost = MirrorPlan.Slot(confirmed: LSN(100), isLost: true)
        #expect(decide(slot: lost).hasPrefix("all: the replication slot lost"))
        #expect(decide(slot: MirrorPlan.Slot(confirmed: LSN(101), isLost: false)).contains("beyond"))
    }

    @Test func comparesOnlyTheTablesThatChanged() {
        let items = TableName("items")
        let changed = MirrorPlan.Doubt(tables: [items], isCatalogueSame: false)
        #expect(decide(doubt: changed).hasPrefix("[public.items]: "))
        #expect(decide(doubt: MirrorPlan.Doubt(isCatalogueSame: false)).hasPrefix("[]: keys"))
        // A slot that is gone says more.
        #expect(decide(slot: nil, doubt: changed).hasPrefix("all: "))
        var begun = Self.mirror
        begun.unsettled = MirrorPosition.Unsettled(tables: [TableName("old")], frontier: 99)
        #expect(decide(mirror: begun, doubt: changed).hasPrefix("[public.items, public.old]: "))
        #expect(decide(mirror: begun).hasPrefix("[public.old]: "))
    }
}
