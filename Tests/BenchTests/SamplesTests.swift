import Testing

@testable import satchel_bench

struct SamplesTests {
    @Test func percentilesAreByNearestRank() {
        let samples = Samples((1...200).map(Double.init).shuffled())
        #expect(samples.p50 == 100)
        #expect(samples.p99 == 198)
        #expect(samples.percentile(100) == 200)
        #expect(samples.percentile(0.1) == 1)
    }

    @Test func oneSampleIsEveryPercentile() {
        let samples = Samples([7])
        #expect(samples.p50 == 7)
        #expect(samples.p99 == 7)
    }

    @Test func oddAndEvenNumbersOfSamplesGiveASample() {
        #expect(Samples([3, 1, 2]).p50 == 2)
        #expect(Samples([4, 3, 1, 2]).p50 == 2)
    }

    @Test func noSamplesGiveNoPercentile() {
        #expect(Samples([]).p50 == nil)
        #expect(Samples([]).p99 == nil)
    }
}
