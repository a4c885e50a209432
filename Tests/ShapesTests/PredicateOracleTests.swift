import SeededRandom
import SyncModel
import Testing

@testable import Shapes

/// PostgreSQL is asked what every condition gives for every row.
@Suite(.enabled(if: PostgresCluster.binaries != nil, "PostgreSQL is not installed"))
struct PredicateOracleTests {
    private struct Candidate {
        let condition: ConditionGenerator.Pair
        let predicate: Predicate
        let printed: String
    }

    private struct Counts {
        var evaluated = 0
        var isTrue = 0
        var isFalse = 0
        var isUnknown = 0
        var failed = 0
        var refusedByBoth = 0
        var refusedByUs = 0
        var conditionsThatFail = 0
        var equalities = 0
    }

    @Test func evaluatesEveryConditionAsPostgreSQLDoes() throws {
        let seed = SeededGenerator.seed(20_261_122)
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let rows = try load(cluster, count: 48, seed: seed)
        var generator = ConditionGenerator(seed: seed)
        var counts = Counts()
        for _ in 0..<8 {
            let candidates = try candidates(75, &generator, cluster, &counts)
            try check(candidates, rows, cluster, &counts)
        }
        print("seed \(seed): \(counts)")
        #expect(counts.evaluated >= 20_000)
        #expect(counts.isTrue > 0 && counts.isFalse > 0 && counts.isUnknown > 0 && counts.failed > 0)
        #expect(counts.refusedByBoth > 0 && counts.conditionsThatFail > 0 && counts.equalities > 0)
    }

    private func load(_ cluster: PostgresCluster, count: Int, seed: UInt64) throws -> [Row] {
        var random = SeededGenerator(seed: seed &+ 1)
        var script = OracleTable.creation + Self.tryFunction
        for id in 1...count { script += OracleTable.insertion(id: id, &random) }
        _ = try cluster.psql(script)
        return try cluster.rows("SELECT * FROM t ORDER BY id").map { Row($0.map { Value($0) }) }
    }

    /// Evaluates one condition on one row and gives the error as text.
    private static let tryFunction = """
        CREATE FUNCTION try(condition text, id int) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE result text;
        BEGIN
            EXECUTE 'SELECT (' || condition || ')::text FROM t WHERE id = ' || id INTO result;
            RETURN result;
        EXCEPTION WHEN OTHERS THEN
            RETURN 'error: ' || sqlerrm;
        END $$;

        """

    private func candidates(
        _ count: Int, _ generator: inout ConditionGenerator, _ cluster: PostgresCluster, _ counts: inout Counts
    ) throws -> [Candidate] {
        var candidates: [Candidate] = []
        while candidates.count < count {
            let (condition, parameters) = generator.condition()
            do {
                let predicate = try Predicate(
                    parsing: condition.ours, parameters: parameters.map { Text($0) }, table: OracleTable.schema)
                candidates.append(
                    Candidate(condition: condition, predicate: predicate, printed: Self.inlined(predicate.sql())))
            } catch {
                // What we refuse PostgreSQL must refuse too, except a constant out of range behind one that decides.
                if error.message.contains("out of range") {
                    counts.refusedByUs += 1
                    continue
                }
                let answer = try cluster.rows("SELECT try(\(quoted(condition.theirs)), 1)")[0][0]
                #expect(
                    answer?.hasPrefix("error: ") == true,
                    "\(condition.ours) \(parameters): refused with \(error), but is \(answer ?? "NULL")")
                counts.refusedByBoth += 1
            }
        }
        return candidates
    }

    private static func inlined(_ fragment: SQLFragment) -> String {
        var text = fragment.text
        for index in fragment.values.indices.reversed() {
            let literal = fragment.values[index].map { quoted($0.string) } ?? "NULL"
            text = text.split(separator: "$\(index + 1)", omittingEmptySubsequences: false).joined(separator: literal)
        }
        return text
    }

    private func check(
        _ candidates: [Candidate], _ rows: [Row], _ cluster: PostgresCluster, _ counts: inout Counts
    ) throws {
        let columns = candidates.flatMap { ["(\($0.condition.theirs))", $0.printed] }
        if let answers = try? cluster.rows("SELECT \(columns.joined(separator: ", ")) FROM t ORDER BY id") {
            for (index, candidate) in candidates.enumerated() {
                check(candidate, rows, answers.map { $0[2 * index] }, answers.map { $0[2 * index + 1] }, &counts)
            }
            return
        }
        // Some condition fails for some row: halve until it stands alone.
        guard candidates.count > 1 else { return try checkFailing(candidates[0], rows, cluster, &counts) }
        let middle = candidates.count / 2
        try check(Array(candidates[..<middle]), rows, cluster, &counts)
        try check(Array(candidates[middle...]), rows, cluster, &counts)
    }

    private func checkFailing(
        _ candidate: Candidate, _ rows: [Row], _ cluster: PostgresCluster, _ counts: inout Counts
    ) throws {
        counts.conditionsThatFail += 1
        let columns = [candidate.condition.theirs, candidate.printed].map { "try(\(quoted($0)), id)" }
        let answers = try cluster.rows("SELECT \(columns.joined(separator: ", ")) FROM t ORDER BY id")
        check(candidate, rows, answers.map { $0[0] }, answers.map { $0[1] }, &counts)
    }

    private func check(
        _ candidate: Candidate, _ rows: [Row], _ answers: [String?], _ printedAnswers: [String?], _ counts: inout Counts
    ) {
        for (index, row) in rows.enumerated() {
            let truth = candidate.predicate.evaluate(row)
            counts.evaluated += 1
            let expected: Bool
            switch truth {
            case .true:
                counts.isTrue += 1
                expected = Self.isTrue(answers[index]) && Self.isTrue(printedAnswers[index])
            case .false:
                counts.isFalse += 1
                expected = Self.isFalse(answers[index]) && Self.isFalse(printedAnswers[index])
            case .unknown:
                counts.isUnknown += 1
                expected = answers[index] == nil && printedAnswers[index] == nil
            case .error:
                counts.failed += 1
                expected = answers[index]?.hasPrefix("error: ") == true
            case .undecidable: expected = false
            }
            #expect(
                expected,
                "\(candidate.condition.theirs) on row \(index + 1): \(truth), but PostgreSQL \(answers[index] ?? "NULL"), and printed as \(candidate.printed) \(printedAnswers[index] ?? "NULL")"
            )
            guard truth.isTrue else { continue }
            for equality in candidate.predicate.equalities {
                counts.equalities += 1
                #expect(row[equality.column] == .text(equality.value), "\(candidate.condition.ours)")
            }
        }
    }

    private static func isTrue(_ answer: String?) -> Bool { answer == "t" || answer == "true" }
    private static func isFalse(_ answer: String?) -> Bool { answer == "f" || answer == "false" }
}
