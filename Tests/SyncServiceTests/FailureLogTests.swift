import SyncService
import Testing

@Suite struct FailureLogTests {
    @Test func theSameFailureIsSaidAtGrowingIntervals() {
        var log = FailureLog()
        var said: [Int: String] = [:]
        for now in stride(from: 100, through: 100 + 7200, by: 5) {
            if let text = log.failed("away", at: now) { said[now - 100] = text }
        }
        #expect(said.keys.sorted() == [0, 60, 360, 2160, 3960, 5760])
        #expect(said[0] == "away")
        #expect(said[60] == "away (failed 13 times in 60 s)")
        #expect(said[5760] == "away (failed 1153 times in 96 min)")
        #expect(log.worked(at: 7300) == "it works again, after it failed 1441 times in 120 min")
        #expect(log.worked(at: 7301) == nil)
        #expect(log.failed("away", at: 7302) == "away")
        #expect(log.worked(at: 7303) == "it works again, after it failed once")
    }

    @Test func anotherFailureIsSaidAtOnce() {
        var log = FailureLog()
        #expect(log.failed("away", at: 0) == "away")
        #expect(log.failed("starting", at: 1) == "starting")
        #expect(log.failed("starting", at: 2) == nil)
        #expect(log.worked(at: 3) == "it works again, after it failed 3 times in 3 s")
    }
}
