import Postgres
import SeededRandom
import Shapes
import SyncModel

/// The first layer of the oracle: generated expressions over generated rows. What the evaluator gives for each must
/// be what PostgreSQL gives: the value's text, NULL, or an error.
package struct EvaluatorOracle {
    /// What `NOW()` is, in both.
    static let now = "2026-02-03 04:05:06.789"
    private static let nowMicroseconds: Int64 = 823_406_706_789_000
    private static let rowCount = 16
    private static let batch = 40

    private let connection: PostgresConnection
    private let seed: UInt64
    private var generator: ExpressionGenerator
    private var rows: [Row] = []
    private var told: Set<String> = []
    private(set) var report: Report

    package struct Report: Sendable {
        package let seed: UInt64
        package var cases = 0
        package var expressions = 0
        package var printed = 0
        package var refusedByBoth = 0
        package var notSupported: [String: Int] = [:]
        package var values = 0
        package var nulls = 0
        package var errors = 0
        package var sameWords = 0
        /// Rows of which an equality was read off a condition that PostgreSQL finds true.
        package var equalities = 0
        package var mismatches: [String] = []
        /// What was agreed on, to be kept (`Facts`): one expression of each feature.
        package var facts: [String] = []
        package var mismatchCount = 0
        package var coverage = Coverage()

        package var summary: String {
            let refused = notSupported.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return """
                seed \(seed): \(cases) cases of \(expressions) expressions: \(values) values, \(nulls) NULL, \
                \(errors) errors (\(sameWords) in the same words); \(printed) printed back; \
                \(equalities) equalities held; \
                refused by both \(refusedByBoth), not served \(refused); features \(coverage.features), \
                gaps \(coverage.zeros.count); mismatches \(mismatchCount)
                """
        }

        package var hasFailed: Bool { mismatchCount > 0 || !coverage.zeros.isEmpty }
    }

    private struct Candidate {
        let feature: Feature
        let pair: ExpressionGenerator.Pair
        let parameters: [String]
        let hasNull: Bool
        /// What must hold of a row for which a condition is true, by which shapes are indexed.
        let equalities: [(column: Int, value: Text)]
        let printed: String
        let outcomes: [Outcome]
    }

    /// - Parameter connection: to an empty database of locale C.UTF-8.
    package init(_ connection: PostgresConnection, seed: UInt64) throws {
        self.connection = connection
        self.seed = seed
        generator = ExpressionGenerator(seed: seed)
        report = Report(seed: seed)
        var random = SeededGenerator(seed: seed &+ 1)
        var script = OracleTable.creation + Self.tryFunction
        for id in 1...Self.rowCount { script += OracleTable.insertion(id: id, &random) }
        try connection.execute(script)
        rows = try connection.query("SELECT * FROM t ORDER BY id").rows.map { Row($0.map { Value($0) }) }
        report.facts = Facts.header(now: Self.nowMicroseconds, OracleTable.schema, rows)
    }

    /// Evaluates an expression on each row and gives the error as text.
    private static let tryFunction = """
        CREATE FUNCTION try_all(expression text) RETURNS TABLE (kind text, value text) LANGUAGE plpgsql AS $$
        DECLARE number int;
        BEGIN
            FOR number IN SELECT id FROM t ORDER BY id LOOP
                BEGIN
                    EXECUTE 'SELECT CASE WHEN x IS NULL THEN ''n'' ELSE ''v'' END, format(''%s'', x) FROM (SELECT ('
                        || expression || ') AS x FROM t WHERE id = ' || number || ' OFFSET 0) AS s' INTO kind, value;
                EXCEPTION WHEN OTHERS THEN
                    kind := 'e';
                    value := sqlerrm;
                END;
                RETURN NEXT;
            END LOOP;
        END $$;

        """

    package mutating func run(cases: Int) throws -> Report {
        var next = 0
        var features = Feature.all
        features.shuffle(using: &generator.random)
        while report.cases < cases {
            var candidates: [Candidate] = []
            while candidates.count < Self.batch {
                let feature = features[next % features.count]
                next += 1
                if let candidate = try candidate(feature) { candidates.append(candidate) }
            }
            try check(candidates)
        }
        try fillGaps(features, cases: cases)
        return report
    }

    /// In a long run every feature has its value and its NULL: where chance did not give them, more is tried.
    private mutating func fillGaps(_ features: [Feature], cases: Int) throws {
        guard cases >= Feature.all.count * Self.rowCount * 8 else { return }
        for _ in 0..<40 {
            let gaps = report.coverage.gaps
            if gaps.isEmpty { return }
            var candidates: [Candidate] = []
            for feature in features where gaps.contains(feature.label) {
                if let candidate = try candidate(feature) { candidates.append(candidate) }
            }
            try check(candidates)
        }
    }

    private mutating func candidate(_ feature: Feature) throws -> Candidate? {
        let pair = generator.expression(feature)
        let parameters = generator.parameters
        do throws(ShapeError) {
            let term = try Term(
                parsing: pair.ours, parameters: parameters.map { Text($0) }, table: OracleTable.schema)
            let context = EvaluationContext(now: Self.nowMicroseconds)
            let outcomes = rows.map { row -> Outcome in
                switch term.evaluate(row, in: context) {
                case .null: .null
                case .text(let text): .text(text.string)
                case .error(let message): .error(message)
                case .undecidable: .error("undecidable")
                }
            }
            return Candidate(
                feature: feature, pair: pair, parameters: parameters, hasNull: generator.hasNull,
                equalities: equalities(of: pair, parameters), printed: Self.inlined(term.sql()), outcomes: outcomes)
        } catch {
            try checkRefusal(pair, parameters, error)
            return nil
        }
    }

    private func equalities(
        of pair: ExpressionGenerator.Pair, _ parameters: [String]
    ) -> [(column: Int, value: Text)] {
        let predicate = try? Predicate(
            parsing: pair.ours, parameters: parameters.map { Text($0) }, table: OracleTable.schema)
        return predicate?.equalities ?? []
    }

    private static func inlined(_ fragment: SQLFragment) -> String {
        var text = fragment.text
        for index in fragment.values.indices.reversed() {
            let literal = fragment.values[index].map { quoted($0.string) } ?? "NULL"
            text = text.split(separator: "$\(index + 1)", omittingEmptySubsequences: false).joined(separator: literal)
        }
        return text.replacing("now()", with: "'\(now)'::timestamptz")
    }

    /// What we refuse PostgreSQL must refuse too, or it is not served and says so.
    private mutating func checkRefusal(
        _ pair: ExpressionGenerator.Pair, _ parameters: [String], _ error: ShapeError
    ) throws {
        if error.code == .notSupported || error.message.contains("not supported in conditions") {
            let what = String(error.message.drop { $0 != ":" }.prefix(50))
            report.notSupported[what, default: 0] += 1
            return
        }
        if Self.isLooseTime(error.message) {
            report.notSupported["times that are not ISO 8601", default: 0] += 1
            return
        }
        let answers = try tried(pair.theirs)
        if answers.allSatisfy(\.isError) {
            report.refusedByBoth += 1
        } else {
            let answer = answers.first { !$0.isError }
            note(
                "\(pair.ours) \(parameters): refused with \(error), but PostgreSQL gives \(answer.map { "\($0)" } ?? "")"
            )
        }
    }

    private func tried(_ expression: String) throws -> [Outcome] {
        try connection.query("SELECT kind, value FROM try_all($1)", [expression]).rows.map { row in
            switch row[0] {
            case "n": .null
            case "v": .text(row[1] ?? "")
            default: .error(row[1] ?? "")
            }
        }
    }

    private mutating func check(_ candidates: [Candidate]) throws {
        // What fails for a row would fail for all: asked row by row.
        let (failing, plain) = (
            candidates.filter { $0.outcomes.contains(where: \.isError) },
            candidates.filter { !$0.outcomes.contains(where: \.isError) }
        )
        for candidate in failing { try checkRowByRow(candidate) }
        try checkTogether(plain)
    }

    private mutating func checkTogether(_ candidates: [Candidate]) throws {
        guard let first = candidates.first else { return }
        let columns = candidates.flatMap { [$0.pair.theirs, $0.printed] }
        if let answers = try? connection.query("SELECT \(columns.joined(separator: ", ")) FROM t ORDER BY id").rows {
            for (index, candidate) in candidates.enumerated() {
                func outcomes(_ column: Int) -> [Outcome] { answers.map { $0[column].map { .text($0) } ?? .null } }
                compare(candidate, outcomes(2 * index), outcomes(2 * index + 1))
            }
            return
        }
        guard candidates.count > 1 else { return try checkRowByRow(first) }
        let middle = candidates.count / 2
        try checkTogether(Array(candidates[..<middle]))
        try checkTogether(Array(candidates[middle...]))
    }

    private mutating func checkRowByRow(_ candidate: Candidate) throws {
        compare(candidate, try tried(candidate.pair.theirs), try tried(candidate.printed))
    }

    private mutating func compare(_ candidate: Candidate, _ theirs: [Outcome], _ printed: [Outcome]) {
        report.expressions += 1
        var isNoted = false
        if theirs.contains(where: { !$0.isError && $0 != .null }),
            zip(candidate.outcomes, theirs).allSatisfy({ $0.agrees(with: $1) }),
            candidate.pair.ours.utf8.count < 200, told.insert(candidate.feature.label).inserted
        {
            report.facts.append(Facts.line(candidate.pair.ours, candidate.parameters, theirs))
        }
        checkEqualities(candidate, theirs)
        for (index, ours) in candidate.outcomes.enumerated() {
            report.cases += 1
            report.coverage.count(candidate.feature, hasNull: candidate.hasNull, ours)
            switch ours {
            case .null: report.nulls += 1
            case .text: report.values += 1
            case .error:
                report.errors += 1
                if ours == theirs[index] { report.sameWords += 1 }
            }
            report.printed += 1
            if case .error(let message) = ours, Self.isLooseTime(message) || Self.isLimit(message) { continue }
            guard !ours.agrees(with: theirs[index]) || !ours.agrees(with: printed[index]) else { continue }
            report.mismatchCount += 1
            if isNoted { continue }
            isNoted = true
            note(
                """
                \(candidate.pair.ours) \(candidate.parameters) on row \(index + 1): \(ours), PostgreSQL \
                \(theirs[index]), printed \(printed[index])
                    as \(candidate.printed)
                """, isCounted: false)
        }
    }

    private mutating func checkEqualities(_ candidate: Candidate, _ theirs: [Outcome]) {
        for (row, outcome) in zip(rows, theirs) where outcome == .text("t") {
            for equality in candidate.equalities {
                report.equalities += 1
                guard row[equality.column] != .text(equality.value) else { continue }
                note("\(candidate.pair.ours) \(candidate.parameters): true for a row that is not \(equality)")
            }
        }
    }

    /// What Protocol/shapes.md names as a limit, or as not served.
    private static func isLimit(_ message: String) -> Bool {
        message.hasPrefix("a text made in a condition is at most") || message.hasPrefix("time zone \"")
    }

    /// PostgreSQL makes dates of nearly everything: `[1, 2, 3]` is one.
    private static func isLooseTime(_ message: String) -> Bool {
        let isOfTime = ["date", "time", "interval"].contains {
            message.contains("type \($0)") || message.contains("to \($0)")
        }
        return isOfTime && message.contains { "[{,".contains($0) }
    }

    private mutating func note(_ mismatch: String, isCounted: Bool = true) {
        if isCounted { report.mismatchCount += 1 }
        if report.mismatches.count < 200 { report.mismatches.append(mismatch) }
    }
}
