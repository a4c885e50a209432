import SyncModel

extension Checker {
    /// - Parameter values: what stands before IN; nil for EXISTS.
    mutating func subselect(_ select: SelectSyntax, values: [Syntax]?, _ at: Int) throws(ShapeError) -> Expression {
        guard subselects.count < ShapeLimits.maxSubselects else {
            throw ShapeError(
                .tooLarge, "a condition has at most \(ShapeLimits.maxSubselects) sub-selects", field: "where")
        }
        let table = try table(select)
        var inner = Checker(
            scopes: [Scope(table, alias: select.alias)] + scopes, schema: schema, parameters: parameters,
            authority: authority.inner)
        inner.usedParameters = usedParameters
        inner.resolvedParameters = resolvedParameters
        var parts = try inner.parts(of: select)
        let selected = values == nil ? [] : try inner.selected(select, table)
        let isPersonal = inner.authority.isPersonal
        // First, so that a row that the person may not read raises no error.
        if let rule = try inner.rule() { parts.own.insert(rule.term, at: 0) }
        authority.add(inner.authority)
        usedParameters = inner.usedParameters
        resolvedParameters = inner.resolvedParameters
        if let values {
            guard values.count == selected.count else {
                let few = values.count > selected.count
                throw error(at, "subquery has too \(few ? "few" : "many") columns")
            }
            for (value, selected) in zip(values, selected) {
                try parts.add(compare(.equal, operand(value), selected, at))
            }
        }
        subselects.append(parts.subselect(table, inner.subselects, isPersonal: isPersonal))
        return .subselect(
            subselects.count - 1, group: parts.outerGroup, values: parts.outerValues,
            forms: parts.groupForms + parts.valueForms)
    }

    private func table(_ select: SelectSyntax) throws(ShapeError) -> TableSchema {
        let schemaName = select.table.count == 2 ? select.table[0] : scopes.last?.table.name.schema ?? "public"
        let name = TableName(schema: schemaName, name: select.table.last ?? "")
        guard let table = schema[name] ?? scopes.first(where: { $0.table.name == name })?.table else {
            throw error(select.location, "Table \(name) does not exist, or is not published", .unknownTable)
        }
        return table
    }

    private mutating func selected(_ select: SelectSyntax, _ table: TableSchema) throws(ShapeError) -> [Operand] {
        guard !select.items.isEmpty else {
            return table.columns.indices.map { index in
                .typed(.column(index, SQLType(table.columns[index].type)), at: select.location)
            }
        }
        var operands: [Operand] = []
        for item in select.items {
            let expression = try known(operand(item))
            guard !expression.contains(where: \.isOuter), !expression.contains(where: \.isSubselect) else {
                throw error(select.location, "a sub-select gives columns of its own table only", .notSupported)
            }
            operands.append(.typed(expression, at: select.location))
        }
        return operands
    }

    /// What a sub-select is made of: its own condition, and its ties to the row around.
    private struct Parts {
        var own: [Expression] = []
        var group: [Expression] = []
        var values: [Expression] = []
        var outerGroup: [Expression] = []
        var outerValues: [Expression] = []
        var groupForms: [ComparisonForm] = []
        var valueForms: [ComparisonForm] = []

        /// `outer value = selected value`
        mutating func add(_ equality: Expression) {
            guard case .compare(_, let left, let right, let form) = equality else { return }
            outerValues.append(left)
            values.append(right)
            valueForms.append(form)
        }

        func subselect(_ table: TableSchema, _ subselects: [Subselect], isPersonal: Bool) -> Subselect {
            let condition: Expression? = own.isEmpty ? nil : own.count == 1 ? own[0] : .and(own)
            return Subselect(
                schema: table,
                condition: condition.map {
                    Predicate(expression: $0, table: table, outer: nil, subselects: subselects)
                }, group: group, values: values, forms: groupForms + valueForms,
                outerColumns: (outerGroup + outerValues).map(\.plainColumn), isPersonal: isPersonal)
        }
    }

    /// Called on the checker of the inner select.
    private mutating func parts(of select: SelectSyntax) throws(ShapeError) -> Parts {
        var parts = Parts()
        guard let condition = select.condition else { return parts }
        for term in Self.conjuncts(condition) {
            let expression = try simplified(boolean(term))
            guard expression.contains(where: \.isOuter) else {
                parts.own.append(expression)
                continue
            }
            guard case .compare(.equal, let left, let right, let form) = expression,
                let (inner, outer) = Self.sides(left, right)
            else {
                throw error(
                    select.location,
                    "a sub-select refers to the row around it only by `own value = outer value`, joined by AND",
                    .notSupported)
            }
            parts.group.append(inner)
            parts.outerGroup.append(outer.movedOut)
            parts.groupForms.append(form)
        }
        return parts
    }

    private static func conjuncts(_ syntax: Syntax) -> [Syntax] {
        guard case .and(let terms) = syntax else { return [syntax] }
        return terms.flatMap { conjuncts($0) }
    }

    private static func sides(_ left: Expression, _ right: Expression) -> (inner: Expression, outer: Expression)? {
        func isInner(_ side: Expression) -> Bool { !side.contains(where: \.isOuter) }
        func isOuter(_ side: Expression) -> Bool {
            side.contains(where: \.isOuter) && !side.contains { $0.isOwnColumn || $0.isSubselect }
        }
        if isInner(left), isOuter(right) { return (left, right) }
        if isInner(right), isOuter(left) { return (right, left) }
        return nil
    }
}

extension Expression {
    fileprivate var plainColumn: Int? {
        if case .column(let index, _) = self { index } else { nil }
    }
}
