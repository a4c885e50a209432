import SyncModel

extension Subselect {
    /// Which outer rows a member that comes or goes can decide for.
    package enum Probed: Hashable, Sendable {
        /// Those whose columns have these values; a NULL value stands for rows whose column is NULL.
        case rows([[Column]])
        /// Nothing narrows them down.
        case any

        package struct Column: Hashable, Sendable {
            package let index: Int
            package let value: Value
        }
    }

    /// - Parameter isMonotone: the predicate is true for no fewer rows when the sub-select has more members, so
    ///   that only a row that a member is equal to can change.
    package func probed(
        by crossing: SubselectDelta.Crossing, in outer: TableSchema, isMonotone: Bool
    ) -> Probed {
        // A NULL is equal to nothing, and leaves nothing quite different.
        if crossing.member.values.contains(nil) { return isMonotone ? .rows([]) : .any }
        guard let equal = probedColumns(of: crossing.member, in: outer) else { return .any }
        var lists = [equal.map { Probed.Column(index: $0.column, value: .text($0.value)) }]
        let places = crossing.member.group.count..<outerColumns.count
        let asksForNulls = !isMonotone && (crossing.isAlone || places.count > 1)
        guard asksForNulls else { return .rows(lists) }
        for place in places {
            guard let column = outerColumns[place] else { return .any }
            if !outer.columns[column].isNotNull { lists.append([Probed.Column(index: column, value: .null)]) }
        }
        return .rows(lists)
    }
}

extension Subselect {
    /// The columns of the row around that a member is looked for by.
    package var probedColumnLists: [[Int]] {
        let columns = outerColumns.compactMap(\.self)
        return columns.isEmpty ? [] : [columns]
    }
}

extension Predicate {
    /// Its personal sub-selects, at any depth.
    package var personalSubselects: [Subselect] {
        subselects.flatMap { subselect in
            (subselect.isPersonal ? [subselect] : []) + (subselect.condition?.personalSubselects ?? [])
        }
    }

    /// Whether a member is one that the constants before IN ask for: `auth.user_id IN (SELECT person …)` in a rule.
    /// False where no constants stand there.
    ///
    /// - Parameter isMonotone: with more members, the predicate is true for no fewer rows.
    package func asks(for member: SubselectMember, at place: Int, isMonotone: Bool) -> Bool {
        var terms = [expression]
        while let term = terms.popLast() {
            terms += term.children
            guard case .subselect(place, let group, let values, let forms) = term else { continue }
            let asked = values.indices.filter { values[$0].isConstant }
            let evaluator = Evaluator(row: Row([]), context: EvaluationContext())
            let constants = try? evaluator.probe(
                group: [], values: asked.map { values[$0] }, asked.map { forms[group.count + $0] }
            ).values
            guard !asked.isEmpty, let constants else { continue }
            let isAskedFor = zip(asked, constants).allSatisfy { index, constant in
                // NULL is equal to nothing, and keeps NOT IN from being true.
                guard let constant, let value = member.values[index] else { return !isMonotone }
                return constant == value
            }
            if isAskedFor { return true }
        }
        return false
    }

    /// Places in `subselects` that stand under AND and OR alone: with more members, the predicate is true for no
    /// fewer rows.
    package var monotoneSubselects: Set<Int> {
        var places: Set<Int> = []
        var terms = [expression]
        while let term = terms.popLast() {
            switch term {
            case .and(let parts), .or(let parts): terms += parts
            case .permitted(let part): terms.append(part)
            case .subselect(let place, _, _, _): places.insert(place)
            case .constant, .column, .outer, .now, .not, .compare, .compareRows, .distinct, .oneOf, .quantified,
                .matches, .isNull, .test, .call, .cast, .choice, .coalesce, .nullIf, .extreme, .array:
                break
            }
        }
        return places
    }
}
