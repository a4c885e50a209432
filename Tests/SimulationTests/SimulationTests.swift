import Foundation
import Simulation
import Testing

@Suite struct SimulationTests {
    @Test func theSameSeedGivesTheSameTrace() throws {
        let options = SimulationOptions(seed: 7, ticks: 500)
        let first = try Simulation.run(options)
        let second = try Simulation.run(options)
        #expect(first.traceHash == second.traceHash)
        #expect(first.counts == second.counts)
        let other = try Simulation.run(SimulationOptions(seed: 8, ticks: 500))
        #expect(other.traceHash != first.traceHash)
    }

    /// `SATCHEL_SEEDS=N` runs N seeds more, from `SATCHEL_SEED` on.
    @Test func keptSeedsPass() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("seeds.txt")
        var plan: [SimulationOptions] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            plan.append(try #require(SimulationOptions(line: String(line)), "\(line)"))
        }
        let environment = ProcessInfo.processInfo.environment
        let first = environment["SATCHEL_SEED"].flatMap { UInt64($0) } ?? 1000
        let more = environment["SATCHEL_SEEDS"].flatMap { UInt64($0) } ?? 0
        plan += (0..<more).map { SimulationOptions(seed: first + $0) }
        let outcomes = SimulationBatch.run(plan, jobs: ProcessInfo.processInfo.activeProcessorCount)
        #expect(outcomes.count == plan.count)
        let summary = SimulationSummary(of: plan, outcomes)
        #expect(summary.failures.isEmpty)
        print("simulation:", summary.text)
        #expect(summary.missing.isEmpty)
    }

    @Test func whatComesOfARunDoesNotDependOnThoseBesideIt() throws {
        let plan = (1...4).map { SimulationOptions(seed: $0, ticks: 300) }
        let alone = SimulationBatch.run(plan, jobs: 1)
        let together = SimulationBatch.run(plan, jobs: 4)
        let hashes = try [alone, together].map { try $0.map { try $0.get().traceHash } }
        #expect(hashes[0] == hashes[1] && Set(hashes[0]).count == plan.count)
    }

    @Test(arguments: Canary.allCases) func everyCanaryIsCaught(_ canary: Canary) throws {
        var report = try Simulation.run(SimulationOptions(seed: 1, ticks: 1000, canary: canary))
        // A short run may not meet the situation; some run has to.
        for seed in UInt64(2)...6 where report.violations.isEmpty {
            report = try Simulation.run(SimulationOptions(seed: seed, ticks: 1000, canary: canary))
        }
        #expect(report.violations.first?.promise == canary.promise)
    }

    @Test func aRunThatDidTooLittleFailsByName() {
        var report = SimulationReport(options: SimulationOptions(seed: 3))
        for name in SimulationReport.required { report.counts[name] = 1 }
        report.counts["devices"] = 3
        report.counts["events"] = 1999
        report.counts["faults"] = 20
        #expect(report.missing == ["events: 1999 of at least 2000"])
        #expect(report.hasFailed)
        report.counts["events"] = 2000
        #expect(!report.hasFailed)
        report.counts["fault: service kill"] = 0
        #expect(report.missing == ["fault: service kill"])
    }

    @Test func aSummaryListsFailuresWithTheirReplay() {
        var summary = SimulationSummary()
        var report = SimulationReport(options: SimulationOptions(seed: 41))
        report.violations = [Violation(promise: .order, tick: 7, message: "two changed places")]
        summary.add(report)
        summary.add(SimulationOptions(seed: 42), endedBy: Stop())
        #expect(summary.hasFailed)
        #expect(summary.failures.map(\.options.seed) == [41, 42])
        #expect(summary.text.contains("satchel-simulator --seed 41 --ticks 6000"))
        #expect(summary.text.contains("tick 7: order: two changed places"))
        #expect(summary.json.contains(#""runs":2"#))
    }

    @Test func rareCountsAreRequiredOfManyRunsOnly() {
        var summary = SimulationSummary()
        let report = SimulationReport(options: SimulationOptions(seed: 1))
        func run(to runs: Int) { while summary.runs < runs { summary.add(report) } }
        run(to: 11)
        #expect(summary.missing.isEmpty)
        #expect(summary.text.contains("never happened, required of 30 runs or more: rows brought back"))
        run(to: 12)
        #expect(summary.missing.contains("verdict merged"))
        #expect(!summary.missing.contains("rows brought back"))
        run(to: 30)
        #expect(summary.missing.contains("rows brought back"))
        #expect(!summary.text.contains("required of 30"))
    }

    private struct Stop: Error {}

    @Test func replayLinesAreReadBack() {
        let options = SimulationOptions(seed: 12, ticks: 300, canary: .reorder)
        #expect(SimulationOptions(line: options.description) == options)
        #expect(SimulationOptions(line: "5 # why") == SimulationOptions(seed: 5))
        #expect(SimulationOptions(line: "") == nil)
        #expect(SimulationOptions(line: "1 0") == nil)
        #expect(SimulationOptions(line: "1 2 no-such-canary") == nil)
    }
}
