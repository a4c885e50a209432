import ArgumentParser
import Foundation
import Oracle
import Postgres

@main
struct SatchelOracleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-oracle",
        abstract: "Compares Satchel with PostgreSQL, on what chance makes up.",
        discussion: """
            Starts a private PostgreSQL in a temporary directory. Everything follows from the seed. Exit status: 0 when \
            all agreed and every feature was reached, 1 otherwise.
            """)

    enum Layer: String, ExpressibleByArgument, CaseIterable { case evaluator }

    @Option(help: "What is compared.")
    var layer = Layer.evaluator

    @Option(help: "How many cases: an expression on a row each.")
    var cases = 200_000

    @Option(help: "Seed of the run.")
    var seed: UInt64 = 1

    @Flag(help: "Prints the matrix of operators, types and NULLs.")
    var matrix = false

    @Option(help: "Writes what was agreed on to this file, one expression of each feature.")
    var facts: String?

    func validate() throws {
        guard cases > 0 else { throw ValidationError("--cases is 1 or more") }
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
        }
    }

    private func evaluator(_ cluster: PrivateCluster) throws {
        let connection = try PostgresConnection(cluster.connectionString(), applicationName: "satchel-oracle")
        defer { connection.close() }
        var oracle = try EvaluatorOracle(connection, seed: seed)
        let report = try oracle.run(cases: cases)
        if matrix { print(report.coverage.matrix) }
        for mismatch in report.mismatches { print(mismatch) }
        for zero in report.coverage.zeros { print(zero) }
        print(report.summary)
        if let facts {
            try Data((report.facts.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: facts))
        }
        if report.hasFailed { throw ExitCode.failure }
    }
}
