import SyncModel

/// A sub-select of a condition: `value IN (SELECT …)`, `(a, b) IN (SELECT …)` or `EXISTS (SELECT …)`.
///
/// How an engine uses it. For each of a predicate's `subselects` it keeps a `SubselectContent`. A row of `table`
/// that comes, goes or changes gives a member before and after, by `member(of:in:)`: the old one is removed, the
/// new one added. To evaluate the predicate it passes a `SubselectSource` that asks the content of that place
/// (`SubselectView` is one). Equal sub-selects have equal content, whatever shape they stand in.
///
/// When a member comes or goes, the outer rows that may be touched are those with `probedColumns(of:)`.
package struct Subselect: Hashable, Sendable {
    let schema: TableSchema
    /// What is true of the rows that count; nil takes every row. Its columns are of `table`; what depends on the
    /// outer row is in the group.
    package let condition: Predicate?
    /// Sides of the equalities with the outer row, over `table`: a member counts only for the outer rows that
    /// agree on them.
    let group: [Expression]
    /// The selected values; empty for EXISTS.
    let values: [Expression]
    /// How group and values compare with those of the probe.
    let forms: [ComparisonForm]
    /// The outer row's columns beside group and values; nil where something else than a column stands.
    let outerColumns: [Int?]
    /// It stands in a read rule, and which rows count depends on who asks: a member that goes may be a permission
    /// that goes.
    package let isPersonal: Bool

    package var table: TableName { schema.name }

    /// In its own condition, at any depth.
    var usesNow: Bool {
        guard let condition else { return false }
        return condition.usesNow || condition.subselects.contains(where: \.usesNow)
    }

    /// The columns of `table` that decide, ascending: of the condition, and of what members are made of.
    package var columnsUsed: [Int] {
        var columns = Set(condition?.columnsUsed ?? [])
        let parts = Predicate(expression: .and(group + values), table: schema, outer: nil, subselects: [])
        columns.formUnion(parts.columnsUsed)
        return columns.sorted()
    }

    /// What a row of `table` gives to the sub-select.
    package enum Membership: Hashable, Sendable {
        case member(SubselectMember)
        case outside
        /// The row's condition, or a selected value, failed: it is outside, and to be counted.
        case failed(String)
        case undecidable
    }

    /// - Parameter context: for `condition`: its sub-selects are its own, not those of the predicate around.
    package func member(of row: Row, in context: EvaluationContext = EvaluationContext()) -> Membership {
        switch condition?.evaluate(row, in: context) ?? .true {
        case .true: break
        case .false, .unknown: return .outside
        case .error(let message): return .failed(message)
        case .undecidable: return .undecidable
        }
        let evaluator = Evaluator(row: row, context: context)
        do throws(Evaluator.Stop) {
            let probe = try evaluator.probe(group: group, values: values, forms)
            // NULL equals nothing.
            guard !probe.group.contains(nil) else { return .outside }
            return .member(SubselectMember(group: probe.group, values: probe.values))
        } catch {
            switch error {
            case .absent: return .undecidable
            case .failed(let error): return .failed(error.message)
            }
        }
    }

    /// Which outer rows a member can decide for: those whose columns have these texts. nil: any.
    ///
    /// A NULL among the values decides for every outer row of the group (`NOT IN`).
    package func probedColumns(of member: SubselectMember, in outer: TableSchema) -> [(column: Int, value: Text)]? {
        var columns: [(column: Int, value: Text)] = []
        for (place, scalar) in (member.group + member.values).enumerated() {
            guard let scalar, let column = outerColumns[place] else { continue }
            let type = SQLType(outer.columns[column].type)
            if type.hasOneText, let text = scalar.columnText(as: type) { columns.append((column, text)) }
        }
        return columns.isEmpty ? nil : columns
    }
}

/// What one row adds to a sub-select's content.
package struct SubselectMember: Hashable, Sendable {
    let group: [Scalar?]
    let values: [Scalar?]
}

/// What an outer row asks of a sub-select's content.
package struct SubselectProbe: Hashable, Sendable {
    let group: [Scalar?]
    let values: [Scalar?]
}

extension Scalar {
    /// The text that a column of this type has for an equal value; nil when no value of the type is equal.
    fileprivate func columnText(as type: SQLType) -> Text? {
        switch (self, type) {
        case (.timestamp(let microseconds), .date):
            let days = Scalar.timestamp(microseconds)
            guard let date = (try? days.converted(from: .timestamp, to: .date)) ?? nil else { return nil }
            return date.text(as: .date)
        default: return text(as: type)
        }
    }
}
