extension Expression {
    /// The parts that it is worked out from, in the order of evaluation.
    var children: [Expression] {
        switch self {
        case .constant, .column, .outer, .now: []
        case .and(let terms), .or(let terms), .call(_, let terms), .choice(let terms, _), .coalesce(let terms, _),
            .extreme(let terms, _, _), .array(let terms, _, _):
            terms
        case .permitted(let term), .not(let term), .oneOf(let term, _), .isNull(let term, _), .test(let term, _),
            .matches(let term, _),
            .cast(let term, _, _):
            [term]
        case .compare(_, let left, let right, _), .distinct(let left, let right, _, _), .nullIf(let left, let right, _),
            .quantified(_, let left, let right):
            [left, right]
        case .compareRows(_, let left, let right, _): left + right
        case .subselect(_, let group, let values, _): group + values
        }
    }

    /// The same of other parts. MUST be as many as `children`.
    func with(_ parts: [Expression]) -> Expression {
        switch self {
        case .constant, .column, .outer, .now: return self
        case .permitted: return .permitted(parts[0])
        case .and: return .and(parts)
        case .or: return .or(parts)
        case .not: return .not(parts[0])
        case .oneOf(_, let list): return .oneOf(parts[0], list)
        case .isNull(_, let isNegated): return .isNull(parts[0], isNegated: isNegated)
        case .test(_, let test): return .test(parts[0], test)
        case .matches(_, let pattern): return .matches(parts[0], pattern)
        case .cast(_, let source, let target): return .cast(parts[0], from: source, to: target)
        case .compare(let comparison, _, _, let form): return .compare(comparison, parts[0], parts[1], form)
        case .distinct(_, _, let form, let isNegated):
            return .distinct(parts[0], parts[1], form, isNegated: isNegated)
        case .quantified(let quantifier, _, _): return .quantified(quantifier, parts[0], parts[1])
        case .nullIf(_, _, let form): return .nullIf(parts[0], parts[1], form)
        case .call(let function, _): return .call(function, parts)
        case .choice(_, let type): return .choice(parts, type)
        case .coalesce(_, let type): return .coalesce(parts, type)
        case .extreme(_, let type, let isGreatest): return .extreme(parts, type, isGreatest: isGreatest)
        case .array(_, let type, let isNested): return .array(parts, type, isNested: isNested)
        case .compareRows(let comparison, let left, _, let forms):
            return .compareRows(
                comparison, Array(parts.prefix(left.count)), Array(parts.dropFirst(left.count)), forms)
        case .subselect(let index, let group, _, let forms):
            return .subselect(
                index, group: Array(parts.prefix(group.count)), values: Array(parts.dropFirst(group.count)),
                forms: forms)
        }
    }

    /// Columns of the row around become columns of the row itself.
    var movedOut: Expression {
        if case .outer(let index, let type) = self { return .column(index, type) }
        return with(children.map(\.movedOut))
    }

    /// Itself and all below.
    func contains(where matches: (Expression) -> Bool) -> Bool {
        matches(self) || children.contains { $0.contains(where: matches) }
    }

    var isOuter: Bool {
        if case .outer = self { true } else { false }
    }

    var isOwnColumn: Bool {
        if case .column = self { true } else { false }
    }

    var isSubselect: Bool {
        if case .subselect = self { true } else { false }
    }

    var isConstant: Bool {
        if case .constant = self { true } else { false }
    }

    var isNullConstant: Bool {
        if case .constant(let constant) = self { constant.value == nil } else { false }
    }
}
