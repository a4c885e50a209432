import ArgumentParser
import Foundation
import ProgramMain
import Simulation

@main
struct SatchelSimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-simulator",
        abstract: "Runs daemons, service and database in one thread under faults, and checks what Satchel promises.",
        discussion: """
            Everything follows from the seed. A run fails when a promise is broken, or when something that is to \
            happen in every run did not; with --seeds 12 or more, what is to happen in one of them, and with 30 or more \
            what is rare too. Exit status: 0 when all runs passed, 1 otherwise, 2 for wrong arguments.
            """,
        version: ProgramMain.version)

    static func main() { ProgramMain.run(Self.self) }

    @Option(help: "One run with this seed, told in full. (default: 1)")
    var seed: UInt64?

    @Option(help: "So many runs, with a summary at the end; progress on standard error.")
    var seeds: UInt64?

    @Option(help: "With --seeds: so many runs at a time. (default: one for each processor)")
    var jobs: Int?

    @Option(help: "With --seeds: the first seed; the next ones count up from it. (default: 1)")
    var first: UInt64?

    @Option(help: "Ticks of 10 ms of virtual time with faults; healing comes on top.")
    var ticks = SimulationOptions.defaultTicks

    @Option(help: "Runs the lines of this file instead, each `SEED TICKS [CANARY]`, with their traces.")
    var replay: String?

    @Option(help: "A deliberate fault that must be caught: \(Canary.allCases.map(\.rawValue).joined(separator: ", ")).")
    var canary: String?

    @Flag(help: "One JSON object for each run, on a line; with --seeds one for all.")
    var json = false

    func validate() throws {
        guard ticks > 0, seeds != 0 else { throw ValidationError("--ticks and --seeds are 1 or more") }
        let ways = [seed != nil, seeds != nil, replay != nil].count { $0 }
        guard ways <= 1 else { throw ValidationError("give one of --seed, --seeds and --replay") }
        guard first == nil || seeds != nil else { throw ValidationError("--first goes with --seeds") }
        guard jobs == nil || seeds != nil else { throw ValidationError("--jobs goes with --seeds") }
        guard jobs.map({ $0 > 0 }) ?? true else { throw ValidationError("--jobs is 1 or more") }
        if let canary, Canary(rawValue: canary) == nil {
            throw ValidationError("--canary: there is no '\(canary)'; see --help")
        }
    }

    func run() throws {
        if let seeds { return try run(seeds: seeds) }
        var isFailed = false
        for options in try plan() {
            let report = try Simulation.run(options)
            if options.keepsTrace { for line in report.trace { print(line) } }
            print(json ? report.json : report.text)
            isFailed = isFailed || report.hasFailed
        }
        if isFailed { throw ExitCode.failure }
    }

    private func run(seeds: UInt64) throws {
        let plan = (0..<seeds).map { options(seed: (first ?? 1) &+ $0) }
        let jobs = jobs ?? ProcessInfo.processInfo.activeProcessorCount
        let outcomes = SimulationBatch.run(plan, jobs: jobs) { place in
            // Told before: a run that brings the process down is known by it.
            Self.progress("seed \(plan[place].seed), \(place + 1) of \(seeds)")
        } ended: { place, outcome in
            switch outcome {
            case .success(let report):
                if report.hasFailed { Self.progress("seed \(plan[place].seed) FAILED\n\(report.text)") }
            case .failure(let error): Self.progress("seed \(plan[place].seed) FAILED: \(error)")
            }
        }
        let summary = SimulationSummary(of: plan, outcomes)
        print(json ? summary.json : summary.text)
        // A canary is looked for in each of the runs, and what some run is to meet is not.
        if canary == nil ? summary.hasFailed : !summary.failures.isEmpty { throw ExitCode.failure }
    }

    private static func progress(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }

    private func options(seed: UInt64) -> SimulationOptions {
        SimulationOptions(seed: seed, ticks: ticks, canary: canary.flatMap(Canary.init(rawValue:)))
    }

    private func plan() throws -> [SimulationOptions] {
        guard let replay else { return [options(seed: seed ?? 1)] }
        let lines = try String(contentsOfFile: replay, encoding: .utf8).split(separator: "\n").map(String.init)
        return try lines.filter { !$0.hasPrefix("#") }.map { line in
            guard var options = SimulationOptions(line: line) else {
                throw ValidationError("\(replay): '\(line)' is not SEED TICKS [CANARY]")
            }
            options.keepsTrace = true
            return options
        }
    }
}
