import Foundation
import Oracle
import Postgres
import PostgresTesting
import Testing

struct EvaluatorOracleTests {
    /// Seeds that once failed stay here.
    @Test(arguments: [1, 5, 9])
    func evaluatesAsPostgreSQLDoes(seed: UInt64) throws {
        let report = try run(seed: seed, cases: 60_000)
        // Every value and NULL of each is for the long run: Scripts/oracle.
        #expect(report.coverage.unreached == [])
    }

    private func run(seed: UInt64, cases: Int) throws -> EvaluatorOracle.Report {
        let database = try TestDatabase()
        let connection = try database.connect()
        var oracle = try EvaluatorOracle(connection, seed: seed)
        let report = try oracle.run(cases: cases)
        print(report.summary)
        #expect(report.mismatches == [])
        #expect(report.cases >= cases && report.values > 0 && report.nulls > 0 && report.errors > 0)
        #expect(report.sameWords > 0 && report.equalities > 0 && report.refusedByBoth > 0)
        return report
    }
}
