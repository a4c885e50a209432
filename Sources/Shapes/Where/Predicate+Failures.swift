import SyncModel

/// Rows of which a condition cannot say anything, because evaluating it fails.
extension Predicate {
    /// Why the condition cannot be evaluated for a row that nothing else in it keeps out; nil where it can, or where
    /// another term that AND joins to it is not true anyway.
    ///
    /// So the answer does not hang on the order of the terms, nor on which of them an index was made of: a row that no
    /// index leads to is none that fails.
    package func failure(of row: Row, in context: EvaluationContext = EvaluationContext()) -> String? {
        let evaluator = Evaluator(row: row, context: context)
        var failure: String?
        for term in conjuncts {
            switch evaluator.truth(term) {
            case .true: break
            case .error(let message): failure = failure ?? message.shortened
            case .false, .unknown, .undecidable: return nil
            }
        }
        return failure
    }

    private var conjuncts: [Expression] {
        var terms: [Expression] = []
        var rest = [expression]
        while let term = rest.popLast() {
            if case .and(let parts) = term { rest += parts.reversed() } else { terms.append(term) }
        }
        return terms
    }

    /// False where no row can make evaluating it fail.
    package var canFail: Bool { expression.contains { $0.canFail } }
}

extension Expression {
    /// By itself. What PostgreSQL wrote for a column can be read, JSON of any depth aside.
    fileprivate var canFail: Bool {
        switch self {
        case .constant, .now, .subselect, .permitted, .and, .or, .not, .compare, .compareRows, .distinct, .oneOf,
            .isNull, .test, .nullIf, .coalesce, .choice:
            false
        case .column(_, let type), .outer(_, let type): type == .json || type == .jsonb
        case .quantified, .matches, .call, .cast, .extreme, .array: true
        }
    }
}
