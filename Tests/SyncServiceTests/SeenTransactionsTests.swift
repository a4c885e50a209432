import SyncModel
import SyncService
import Testing

@Suite struct SeenTransactionsTests {
    @Test func whatWasNotSeenToCommitCountsAsInFlight() {
        var seen = SeenTransactions(xmin: 100, xmax: 100)
        seen.committed(103)
        #expect(seen.text == "100:104:100,101,102")
        seen.committed(101)
        #expect(seen.text == "100:104:100,102")
        seen.committed(104)
        #expect(seen.text == "100:105:100,102")
    }

    @Test func aHeartbeatEndsWhatLiesBelow() {
        var seen = SeenTransactions(xmin: 100, xmax: 100)
        seen.committed(103)
        seen.ended(below: 102)
        #expect(seen.text == "102:104:102")
        seen.ended(below: 110)
        #expect(seen.text == "110:110:")
        // One that was overtaken, and comes late.
        seen.ended(below: 105)
        seen.committed(107)
        #expect(seen.text == "110:110:")
    }

    @Test func idsGoOnAcrossTheTurnOfTheirLowerHalf() {
        var seen = SeenTransactions(xmin: 0x1_ffff_fffe, xmax: 0x1_ffff_ffff)
        seen.committed(2)
        #expect(seen.xmax == 0x2_0000_0003)
        seen.committed(0xffff_ffff)
        #expect(seen.inFlight == [0x2_0000_0000, 0x2_0000_0001])
    }

    @Test func theListIsBounded() {
        var seen = SeenTransactions(xmin: 10, xmax: 10)
        seen.committed(5000)
        // Nothing from here on is said to be in the snapshot: a change may come twice, none is passed over.
        #expect(seen.text == "10:10:")
        seen.ended(below: 4999)
        seen.committed(5001)
        #expect(seen.text == "4999:5002:4999,5000")
    }

    @Test func readsAndWritesPostgreSQLsForm() {
        #expect(SeenTransactions("750:753:750,752")?.text == "750:753:750,752")
        #expect(SeenTransactions("750:750:")?.inFlight == [])
        for text in ["", "1:2", "2:1:", "1:2:x", "a:b:"] { #expect(SeenTransactions(text) == nil) }
    }
}
