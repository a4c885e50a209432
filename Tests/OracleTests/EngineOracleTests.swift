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
        #expect(report.pairs.count >= 225 && report.nodePairs.count >= 140)
    }
}
