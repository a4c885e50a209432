import JSONText
import Testing

@testable import satchel_bench

struct MeasurementTests {
    private static let latency = Measurement(
        name: "submit", unit: "ms", value: 1.5, p50: 1.5, p99: 4.25, limit: .init(name: "echo", value: 0.75),
        rssMB: 20.0004, rows: 1000, seed: 7)

    @Test func aLineHasExactlyTheMembersOfTheDocument() throws {
        #expect(
            Self.latency.json.text
                == #"{"name":"submit","unit":"ms","value":1.5,"p50":1.5,"p99":4.25,"limit":{"name":"echo","value":0.75},"#
                + #""ratio":2.0,"rss_mb":20.0,"rows":1000,"seed":7}"#)
    }

    @Test func whatAMeasureDoesNotHaveIsNull() throws {
        let rate = Measurement(
            name: "copy", unit: "rows/s", value: 10, limit: .init(name: "psql", value: 0), rows: 1000, seed: 1)
        let line = try JSON(parsing: rate.json.text)
        #expect(line["p50"]?.isNull == true)
        #expect(line["p99"]?.isNull == true)
        #expect(line["rss_mb"]?.isNull == true)
        #expect(line["ratio"]?.isNull == true)
    }

    @Test(arguments: [
        (Reach.valueAtMost(1.5), true), (.valueAtMost(1.4), false), (.valueAtLeast(1.5), true),
        (.valueAtLeast(1.6), false), (.ratioAtMost(2), true), (.ratioAtMost(1.9), false), (.ratioAtLeast(2), true),
        (.ratioAtLeast(2.1), false), (.percentilesAtMost(p50: 1.5, p99: 4.25), true),
        (.percentilesAtMost(p50: 1.4, p99: 4.25), false), (.percentilesAtMost(p50: 1.5, p99: 4.2), false),
    ])
    func aReachIsMetUpToItsFigure(_ reach: Reach, _ isReached: Bool) {
        #expect(reach.isReached(by: Self.latency) == isReached)
    }

    @Test func theTableHasOneHeadingAndSaysWhatIsReached() {
        let table = ResultTable()
        let first = table.line(Self.latency, .ratioAtMost(2)).split(separator: "\n")
        #expect(first.count == 2)
        #expect(first[0].hasPrefix("measure "))
        #expect(first[1].hasSuffix("reached ≤ 2 × limit"))
        #expect(table.line(Self.latency, .ratioAtMost(1.3)).hasSuffix("missed  ≤ 1.3 × limit"))
    }

    @Test(arguments: [
        (0.0, "0"), (0.01234, "0.0123"), (0.5, "0.5"), (1.236, "1.24"), (2, "2"), (12.34, "12.3"), (99.96, "100"),
        (123.4, "123"), (1234.5, "1 235"), (1_234_567, "1 234 567"), (-1234, "-1 234"), (.nan, "–"),
    ])
    func figuresHaveTheDigitsThatCount(_ value: Double, _ text: String) {
        #expect(Figure.text(value) == text)
    }
}
