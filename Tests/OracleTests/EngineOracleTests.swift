import Foundation
import Oracle
import Postgres
import PostgresTesting
import Testing

struct EngineOracleTests {
    @Test func followsWhatPostgreSQLAnswers() throws {
        let connection = try TestDatabase().connect()
        let kept = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "EngineWorlds.txt")
        let worlds = EngineOracle.worlds(in: try String(contentsOf: kept, encoding: .utf8))
        var oracle = try EngineOracle(connection, seed: 1)
        let report = try oracle.run(cases: 1_000, replaying: worlds)
        print(report.summary)
        #expect(report.mismatches == [])
        #expect(report.comparisons >= 1_000 && report.zeros == [])
        // All of them are for the long run: Scripts/oracle --layer engine.
        #expect(report.pairs.count >= 255 && report.nodePairs.count >= 170)
    }

    /// Rules that nobody missed would be no test of them.
    @Test(arguments: EngineCanary.allCases) func noticesRulesThatAreNotKept(canary: EngineCanary) throws {
        let connection = try TestDatabase().connect()
        var oracle = try EngineOracle(connection, seed: 3, canary: canary)
        let report = try oracle.run(cases: 1_200)
        print(
            "\(canary): \(report.mismatchCount) mismatches in \(report.failedWorlds.count) of \(report.worlds) worlds")
        #expect(report.mismatches.contains { $0.contains("PostgreSQL differs") })
    }
}
