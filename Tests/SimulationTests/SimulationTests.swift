import Foundation
import Simulation
import Testing

@Suite struct SimulationTests {
    @Test func theSameSeedGivesTheSameTrace() throws {
        let options = SimulationOptions(seed: 7, ticks: 1500)
        let first = try Simulation.run(options)
        let second = try Simulation.run(options)
        #expect(first.traceHash == second.traceHash)
        #expect(first.counts == second.counts)
        let other = try Simulation.run(SimulationOptions(seed: 8, ticks: 1500))
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
        var total: [String: Int] = [:]
        for options in plan {
            let report = try Simulation.run(options)
            #expect(!report.hasFailed, "\(report.text)")
            total.merge(report.counts, uniquingKeysWith: +)
        }
        print("simulation: \(plan.count) runs", total.sorted { $0.key < $1.key })
        if plan.count < 12 { return }
        for feature in SimulationReport.requiredOverall {
            #expect(total[feature, default: 0] > 0, "never happened: \(feature)")
        }
    }

    @Test(arguments: Canary.allCases) func everyCanaryIsCaught(_ canary: Canary) throws {
        var report = try Simulation.run(SimulationOptions(seed: 1, ticks: 3000, canary: canary))
        // A short run may not meet the situation; some run has to.
        for seed in UInt64(2)...6 where report.violations.isEmpty {
            report = try Simulation.run(SimulationOptions(seed: seed, ticks: 3000, canary: canary))
        }
        #expect(report.violations.first?.promise == canary.promise)
    }

    @Test func replayLinesAreReadBack() {
        let options = SimulationOptions(seed: 12, ticks: 300, canary: .reorder)
        #expect(SimulationOptions(line: options.description) == options)
        #expect(SimulationOptions(line: "5 # why") == SimulationOptions(seed: 5))
        #expect(SimulationOptions(line: "") == nil)
        #expect(SimulationOptions(line: "1 0") == nil)
        #expect(SimulationOptions(line: "1 2 no-such-canary") == nil)
    }
}
