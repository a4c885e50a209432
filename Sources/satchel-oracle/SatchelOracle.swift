import ArgumentParser
import Foundation
import Oracle
import Postgres
import ProgramMain

@main
struct SatchelOracleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-oracle",
        abstract: "Compares Satchel with PostgreSQL, on what chance makes up.",
        discussion: """
            Starts a private PostgreSQL in a temporary directory. Everything follows from the seed. Exit status: 0 when \
            all agreed and every feature was reached, 1 otherwise, \
            2 for wrong arguments.
            """,
        version: ProgramMain.version)

    static func main() { ProgramMain.run(Self.self) }

    enum Layer: String, ExpressibleByArgument, CaseIterable { case evaluator, engine, system }

    @Option(help: "What is compared.")
    var layer = Layer.evaluator

    @Option(
        help: """
            How many cases: an expression on a row each (200000 unless given), a shape after a transaction each \
            (20000), or with the real programs a shape of a daemon after a round each (1000).
            """)
    var cases: Int?

    @Option(help: "Seed of the run.")
    var seed: UInt64 = 1

    @Flag(help: "Prints the matrix of operators, types and NULLs.")
    var matrix = false

    @Option(help: "Writes what was agreed on to this file, one expression of each feature.")
    var facts: String?

    @Option(help: "Engine: a file of worlds that failed once, one a line. They go first, and new ones are added.")
    var worlds: String?

    func validate() throws {
        guard cases.map({ $0 > 0 }) ?? true else { throw ValidationError("--cases is 1 or more") }
    }

    func run() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "satchel-oracle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(at: directory) }
        let cluster = try PrivateCluster(directory: directory.path + "/pg", settings: [], isDurable: false)
        try cluster.start()
        defer { try? cluster.stop() }
        switch layer {
        case .evaluator: try evaluator(cluster)
        case .engine: try engine(cluster)
        case .system: try system(cluster, directory.path)
        }
    }

    private func evaluator(_ cluster: PrivateCluster) throws {
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "satchel-oracle")
        defer { connection.close() }
        var oracle = try EvaluatorOracle(connection, seed: seed)
        let report = try oracle.run(cases: cases ?? 200_000)
        if matrix { print(report.coverage.matrix) }
        for mismatch in report.mismatches { print(mismatch) }
        for zero in report.coverage.zeros { print(zero) }
        print(report.summary)
        if let facts {
            try Data((report.facts.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: facts))
        }
        if report.hasFailed { throw ExitCode.failure }
    }

    private func engine(_ cluster: PrivateCluster) throws {
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "satchel-oracle")
        defer { connection.close() }
        var oracle = try EngineOracle(connection, seed: seed)
        let report = try oracle.run(cases: cases ?? 20_000, everyPair: true, replaying: try keptWorlds())
        for mismatch in report.mismatches { print(mismatch) }
        for zero in report.zeros { print("never: \(zero)") }
        for pair in report.unreached { print("never together \(pair)") }
        print(report.summary)
        try keep(report.failedWorlds)
        if report.hasFailed { throw ExitCode.failure }
    }

    /// The programs are those that lie beside this one.
    private func system(_ cluster: PrivateCluster, _ directory: String) throws {
        let programs = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .deletingLastPathComponent()
        var oracle = SystemOracle(cluster: cluster, programs: programs, directory: directory, seed: seed)
        let report = try oracle.run(cases: cases ?? 1_000)
        for mismatch in report.mismatches { print(mismatch) }
        for zero in report.zeros { print("never: \(zero)") }
        print(report.summary)
        if report.hasFailed { throw ExitCode.failure }
    }

    private func keptWorlds() throws -> [UInt64] {
        guard let worlds else { return [] }
        return try EngineOracle.worlds(in: String(contentsOfFile: worlds, encoding: .utf8))
    }

    /// Appends to the file what it has not yet.
    private func keep(_ failed: [UInt64]) throws {
        guard let worlds else { return }
        let kept = try keptWorlds()
        let new = failed.filter { !kept.contains($0) }
        guard !new.isEmpty else { return }
        let text = try String(contentsOfFile: worlds, encoding: .utf8)
        try (text + new.map { "\($0)\n" }.joined()).write(toFile: worlds, atomically: true, encoding: .utf8)
    }
}
