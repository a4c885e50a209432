import ArgumentParser
import Testing

@testable import satchel_bench

struct BenchOptionsTests {
    @Test func everythingIsMeasuredByDefault() throws {
        let options = try BenchOptions.parse([])
        #expect(options.measures.count == Registry.names.count)
        #expect(options.rows == 1_000_000)
        #expect(options.held == 100_000)
        #expect(!options.json)
    }

    @Test func onlyTakesSeveralNamesInTheOrderOfTheRegistry() throws {
        let options = try BenchOptions.parse(["--json", "--only", "drain", "copy", "--rows", "5000", "--seed", "9"])
        #expect(options.measures.map { $0.name } == ["copy", "drain"])
        #expect(options.json)
        #expect(options.rows == 5000)
        #expect(options.seed == 9)
    }

    @Test func anUnknownMeasureIsRefusedAndSaysWhereTheNamesAre() {
        let error = #expect(throws: (any Error).self) { try BenchOptions.parse(["--only", "speed"]) }
        #expect(error.map { BenchOptions.message(for: $0) }?.contains("--list") == true)
    }

    @Test(arguments: [
        ["--rows", "0"], ["--rows", "2000000"], ["--held", "10"], ["--rows", "many"], ["--seed", "-1"],
    ])
    func figuresOutOfRangeAreRefused(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try BenchOptions.parse(arguments) }
    }

    @Test func theMeasuresOfTheWriteAheadLogAreThere() throws {
        let names = ["wal-1", "wal-1k", "wal-100k", "wal-burst", "wal-singles"]
        let options = try BenchOptions.parse(["--only"] + names.reversed())
        #expect(options.measures.map { $0.name } == names)
        let reaches = options.measures.map { $0.reach }
        #expect(
            reaches == Array(repeating: .ratioAtLeast(0.5), count: 3) + [.valueAtLeast(40_000), .ratioAtLeast(0.9)])
    }

    @Test func everyMeasureHasANameOfItsOwnAndAnExplanation() {
        #expect(Set(Registry.names).count == Registry.names.count)
        for measure in Registry.measures { #expect(!measure.explanation.isEmpty && !measure.unit.isEmpty) }
    }
}
