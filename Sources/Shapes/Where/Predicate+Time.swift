import SyncModel

/// Conditions on `NOW()`: when time alone changes what they say of a row.
///
/// Each part that asks for the time is a comparison `<`, `<=`, `>` or `>=` with NOW() on one side, under functions
/// that never turn back as time goes on. So it changes at most once, and the moment is found by halving.
extension Predicate {
    /// False where NOW() stands in a place of another kind.
    var asksTimeInComparisonsOnly: Bool {
        timeTerms.allSatisfy { term in
            guard case .compare(let comparison, let left, let right, _) = term else { return false }
            guard comparison != .equal, comparison != .notEqual else { return false }
            return left.contains { $0 == .now } != right.contains { $0 == .now }
        }
    }

    private var timeTerms: [Expression] {
        var terms: [Expression] = []
        var rest = [expression]
        while let term = rest.popLast() {
            guard term.contains(where: { $0 == .now }) else { continue }
            switch term {
            case .and(let parts), .or(let parts): rest += parts
            case .permitted(let part), .not(let part), .test(let part, _): rest.append(part)
            case .constant, .column, .outer, .now, .subselect, .compare, .compareRows, .distinct, .oneOf, .quantified,
                .matches, .isNull, .call, .cast, .choice, .coalesce, .nullIf, .extreme, .array:
                terms.append(term)
            }
        }
        return terms
    }

    /// 400 years, in microseconds: what changes later than that is left to a restart.
    private static let horizon: Int64 = 400 * 366 * 86_400_000_000

    /// The first moment after `now` at which a part that asks for the time says something else of the row; nil
    /// when none ever does. In microseconds since 2000-01-01 00:00 UTC, as `now`.
    package func nextChange(of row: Row, after now: Int64) -> Int64? {
        var next: Int64?
        for term in timeTerms {
            guard let moment = Self.change(of: term, row, after: now) else { continue }
            next = min(next ?? moment, moment)
        }
        return next
    }

    private static func change(of term: Expression, _ row: Row, after now: Int64) -> Int64? {
        func truth(_ time: Int64) -> Truth {
            Evaluator(row: row, context: EvaluationContext(now: time)).truth(term)
        }
        let present = truth(now)
        var low = now
        var high = now + horizon
        guard truth(high) != present else { return nil }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if truth(middle) == present { low = middle } else { high = middle }
        }
        return high
    }
}
