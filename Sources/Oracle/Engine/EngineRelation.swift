import SeededRandom

/// Two ways of writing a shape that give the same rows.
package enum EngineRelation: String, CaseIterable, Hashable, Sendable {
    case redundantConjunct
    case reorderedAnd
    case limitLargerThanTable
    case splitInTwo

    /// What together holds the same rows as `plan`; nil where the relation does not apply.
    func variants(of plan: EnginePlan, _ random: inout SeededGenerator) -> [EnginePlan]? {
        var one = plan
        switch self {
        case .redundantConjunct:
            guard plan.root.equalities.isEmpty else { return nil }
            one.root.conditions.append(Self.conjunct("\(key(plan)) IS NOT NULL"))
        case .reorderedAnd:
            guard plan.root.conditions.count > 1 else { return nil }
            one.root.conditions.reverse()
        case .limitLargerThanTable:
            guard Self.limit(&one.root) else { return nil }
        case .splitInTwo:
            guard plan.root.equalities.isEmpty, plan.root.limit == nil else { return nil }
            var other = plan
            let text = EngineConditions(tables: plan.tables).plain(plan.tables[plan.root.table], &random)
            one.root.conditions.append(Self.conjunct("(\(text)) IS TRUE"))
            other.root.conditions.append(Self.conjunct("(\(text)) IS NOT TRUE"))
            return [one, other]
        }
        return [one]
    }

    private func key(_ plan: EnginePlan) -> String { plan.tables[plan.root.table].key[0] }

    private static func conjunct(_ text: String) -> EnginePlan.Condition {
        EnginePlan.Condition(text: text, sql: text)
    }

    /// Every node that has none. False when all have one.
    private static func limit(_ node: inout EnginePlan.Node) -> Bool {
        var isChanged = node.limit == nil
        if isChanged { node.limit = 10_000 }
        for index in node.children.indices where limit(&node.children[index]) { isChanged = true }
        return isChanged
    }
}
