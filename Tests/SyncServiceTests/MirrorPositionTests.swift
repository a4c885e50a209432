import SyncModel
import Testing

@testable import SyncService

/// Where a mirror stands after its tables were read anew.
@Suite struct MirrorPositionTests {
    /// A mirror at this LSN of the first timeline, before any shift.
    private static func first(_ lsn: UInt64) -> MirrorPosition {
        MirrorPosition(
            epoch: epoch(1), position: lsn, resume: LSN(lsn), shift: 0, seen: SeenTransactions(xmin: 1, xmax: 1),
            committedAt: 0)
    }

    private static func epoch(_ timeline: Int, system: String = "7301") -> Epoch {
        Epoch(systemIdentifier: system, timeline: timeline)
    }

    private static func moved(_ before: MirrorPosition, to epoch: Epoch, at lsn: UInt64) -> MirrorPosition {
        MirrorCopy.position(
            after: before, told: before.position, epoch: epoch, consistentPoint: LSN(lsn), seen: before.seen, time: 0)
    }

    @Test func anOlderCopyThatMissedATimelineComesToTheSameOffsets() {
        let second = Self.moved(Self.first(5_000), to: Self.epoch(2), at: 5_100)
        let third = Self.moved(second, to: Self.epoch(3), at: 9_000)
        let older = Self.moved(Self.first(2_000), to: Self.epoch(3), at: 9_500)
        #expect(older.shift == third.shift)
        #expect(older.position == third.position + 500)
        // Whoever was told of the second timeline begins anew.
        #expect(older.gaps.contains(second.position) && older.gaps.contains(second.position + 1_000_000))
        #expect(!third.gaps.contains(second.position))
    }

    @Test func anOlderCopyComesToTheSameOffsetsInAnotherCluster() {
        for lsn: UInt64 in [100, 3_000, 700_000] {
            let other = Self.epoch(1, system: "8402")
            let newer = Self.moved(Self.first(5_000), to: other, at: lsn)
            let older = Self.moved(Self.first(2_000), to: other, at: lsn)
            #expect(older.shift == newer.shift)
            #expect(older.position > 1 << 38)
        }
    }

    @Test func withinAnEpochOffsetsStayAsTheyAreUnlessTheyWouldGoBack() {
        #expect(Self.moved(Self.first(5_000), to: Self.epoch(1), at: 5_100).shift == 0)
        let back = Self.moved(Self.first(5_000), to: Self.epoch(1), at: 4_000)
        #expect(back.position == 5_001)
    }

    @Test func aTimelineWithoutEndLeavesRoomForOffsets() {
        let last = Self.moved(Self.first(5_000), to: Self.epoch(.max), at: 5_100)
        #expect(last.position < UInt64(Int64.max) / 2)
        // Not a later one of the same history.
        #expect(Self.moved(last, to: Self.epoch(2), at: 5_200).position > last.position)
    }
}
