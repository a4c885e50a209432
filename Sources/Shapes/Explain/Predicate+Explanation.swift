import SyncModel

extension Predicate {
    /// What was asked for, without the read rule: part by part, each by itself.
    ///
    /// - Parameters:
    ///   - row: of the table; the rule MUST permit it.
    ///   - budget: how many parts may still be told; lowered by those that are.
    /// - Returns: nil where nothing was asked.
    package func explained(
        _ row: Row, in context: EvaluationContext, budget: inout Int
    ) -> Explanation.Term? {
        guard let own = expression.withoutRule else { return nil }
        var explainer = TermExplainer(predicate: self, row: row, context: context, budget: budget)
        let term = explainer.explain(own, depth: 0)
        budget = explainer.budget
        return term
    }
}

private struct TermExplainer {
    let predicate: Predicate
    let row: Row
    let context: EvaluationContext
    var budget: Int

    private var evaluator: Evaluator { Evaluator(row: row, context: context) }

    mutating func explain(_ expression: Expression, depth: Int) -> Explanation.Term {
        budget -= 1
        let truth = evaluator.truth(expression)
        let sql = SQLPrinter.written(expression, of: predicate).shortened
        let (kind, terms) = expression.taken(depth < ExplanationLimits.termDepth)
        if kind != .test, terms.count <= budget {
            let parts = terms.map { explain($0, depth: depth + 1) }
            return Explanation.Term(kind: kind, sql: sql, truth: truth, parts: parts)
        }
        var columns: Set<Int> = []
        var outer: Set<Int> = []
        expression.collectColumns(into: &columns, outer: &outer)
        let used = columns.sorted()
        let table = predicate.table
        return Explanation.Term(
            kind: .test, sql: sql, truth: truth,
            values: used.filter { row[$0] != .absent }.map { Explanation.NamedValue(of: row, $0, in: table) },
            lacking: used.filter { row[$0] == .absent }.map { table.columns[$0].name },
            subselects: members(in: expression))
    }

    private func members(in expression: Expression) -> [Explanation.Members] {
        if case .subselect(let place, let group, let values, let forms) = expression {
            let probe = try? evaluator.probe(group: group, values: values, forms)
            return [
                Explanation.Members(
                    table: predicate.subselects[place].table,
                    count: probe.flatMap { context.subselects.memberCount(of: place, $0) },
                    truth: evaluator.truth(expression))
            ]
        }
        return expression.children.flatMap(members)
    }
}

extension Expression {
    /// The rule's term stands first, if there is one.
    var withoutRule: Expression? {
        switch self {
        case .permitted: return nil
        case .and(let terms):
            guard let first = terms.first, case .permitted = first else { return self }
            let rest = Array(terms.dropFirst())
            return rest.count == 1 ? rest[0] : .and(rest)
        case .constant, .column, .outer, .now, .subselect, .or, .not, .compare, .compareRows, .distinct, .oneOf,
            .quantified, .matches, .isNull, .test, .call, .cast, .choice, .coalesce, .nullIf, .extreme, .array:
            return self
        }
    }

    /// The parts that it is made of; AND in AND is one, and so is OR in OR.
    fileprivate func taken(_ isApart: Bool) -> (kind: Explanation.Term.Kind, terms: [Expression]) {
        guard isApart else { return (.test, []) }
        switch self {
        case .and(let terms):
            return (
                .and,
                terms.flatMap { term in
                    if case (.and, let inner) = term.taken(true) { inner } else { [term] }
                }
            )
        case .or(let terms):
            return (
                .or,
                terms.flatMap { term in
                    if case (.or, let inner) = term.taken(true) { inner } else { [term] }
                }
            )
        case .not(let term):
            // NOT of one test is a test.
            if case (.test, _) = term.taken(true) { return (.test, []) }
            return (.not, [term])
        case .constant, .column, .outer, .now, .subselect, .permitted, .compare, .compareRows, .distinct, .oneOf,
            .quantified, .matches, .isNull, .test, .call, .cast, .choice, .coalesce, .nullIf, .extreme, .array:
            return (.test, [])
        }
    }
}
