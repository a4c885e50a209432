import Testing

@testable import SyncService

@Suite struct OffsetGapsTests {
    @Test func anOffsetInsideIsUnknownAndTheEndsAreNot() throws {
        var gaps = OffsetGaps()
        gaps.add(after: 10, before: 20)
        gaps.add(after: 30, before: 31)
        #expect([10, 11, 19, 20, 30, 31].map { gaps.contains($0) } == [false, true, true, false, false, false])
        #expect(OffsetGaps(gaps.text) == gaps)
        #expect(OffsetGaps("") == OffsetGaps())
        #expect(OffsetGaps("nonsense") == nil)
    }

    @Test func theOldestAreJoinedSoThatTheyStayFew() {
        var gaps = OffsetGaps()
        for number in 1...(OffsetGaps.limit + 40) {
            gaps.add(after: UInt64(number) * 100, before: UInt64(number) * 100 + 50)
        }
        #expect(gaps.gaps.count == OffsetGaps.limit)
        for number in 1...(OffsetGaps.limit + 40) { #expect(gaps.contains(UInt64(number) * 100 + 1)) }
        #expect(!gaps.contains(99) && !gaps.contains(UInt64(OffsetGaps.limit + 40) * 100 + 50))
    }
}
