import ArgumentParser
import Foundation
import Simulation

@main
struct SatchelSimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-simulator",
        abstract: "Runs daemons, service and database in one thread under faults, and checks what Satchel promises.",
        discussion: """
            Everything follows from the seed. A run fails when a promise is broken, or when something that is to \
            happen in every run did not. Exit status: 0 when all runs passed, 1 otherwise.
            """)

    @Option(help: "Seed of the first run; the next ones count up from it.")
    var seed: UInt64 = 1

    @Option(help: "Ticks of 10 ms of virtual time with faults; healing comes on top.")
    var ticks = SimulationOptions.defaultTicks

    @Option(help: "How many runs.")
    var runs = 1

    @Option(help: "Runs the lines of this file instead, each `SEED TICKS [CANARY]`, with their traces.")
    var replay: String?

    @Option(help: "A deliberate fault that must be caught: \(Canary.allCases.map(\.rawValue).joined(separator: ", ")).")
    var canary: String?

    @Flag(help: "One JSON object for each run, on a line.")
    var json = false

    func validate() throws {
        guard ticks > 0, runs > 0 else { throw ValidationError("--ticks and --runs are 1 or more") }
        if let canary, Canary(rawValue: canary) == nil {
            throw ValidationError("--canary: there is no '\(canary)'; see --help")
        }
    }

    func run() throws {
        var total: [String: Int] = [:]
        var isFailed = false
        let plan = try plan()
        for options in plan {
            let report = try Simulation.run(options)
            if options.keepsTrace { for line in report.trace { print(line) } }
            print(json ? report.json : report.text)
            total.merge(report.counts, uniquingKeysWith: +)
            isFailed = isFailed || report.hasFailed
        }
        if plan.count >= 12, canary == nil {
            for name in SimulationReport.requiredOverall where total[name, default: 0] == 0 {
                FileHandle.standardError.write(Data("never happened in any run: \(name)\n".utf8))
                isFailed = true
            }
        }
        if isFailed { throw ExitCode.failure }
    }

    private func plan() throws -> [SimulationOptions] {
        guard let replay else {
            return (0..<runs).map { number in
                SimulationOptions(
                    seed: seed &+ UInt64(number), ticks: ticks, canary: canary.flatMap(Canary.init(rawValue:)))
            }
        }
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
