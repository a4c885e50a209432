import Foundation
import Oracle
import Postgres
import PostgresTesting
import Testing

struct SystemOracleTests {
    /// One world with every fault. More of them: Scripts/oracle --layer system.
    @Test func everybodyHoldsWhatPostgreSQLAnswersAfterEveryFault() throws {
        // It is stopped and started.
        let cluster = try TestCluster.separate()
        try cluster.start()
        defer { try? cluster.stop() }
        let programs = try #require(Self.programs)
        var oracle = SystemOracle(
            cluster: cluster, programs: programs, directory: try TestCluster.temporaryDirectory(), seed: 1)
        let report = try oracle.run(cases: 1)
        print(report.summary)
        #expect(report.zeros == [])
        #expect(report.mismatches == [])
    }

    /// Where the tests are built.
    private static var programs: URL? {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        for path in [tests, Bundle.main.executablePath ?? ""] + CommandLine.arguments {
            var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            for _ in 0..<4 {
                if FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("satcheld").path) {
                    return folder
                }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }
}
