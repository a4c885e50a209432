import SyncModel

extension Subselect {
    /// The columns of the row around whose texts tell which member can be equal to it; nil where texts do not tell.
    package func memberColumns(in outer: TableSchema) -> [Int]? {
        let columns = outerColumns.compactMap(\.self)
        let tells = columns.allSatisfy { SQLType(outer.columns[$0].type).hasOneText }
        return columns.count == outerColumns.count && !columns.isEmpty && tells ? columns : nil
    }

    /// The texts that a row around has in `memberColumns` when a member is equal to it. nil: it is equal to none.
    package func texts(of member: SubselectMember, in outer: TableSchema) -> [Text]? {
        guard let columns = probedColumns(of: member, in: outer), columns.count == outerColumns.count else {
            return nil
        }
        return columns.map(\.value)
    }
}

extension Predicate {
    /// A conjunct `columns IN (SELECT …)`, correlated or not: a row of which no member is equal to these columns cannot
    /// satisfy the predicate. nil where there is none.
    ///
    /// - Parameter orOfRule: where the asker's part has none, a read rule's own conjunct.
    package func requiredMembers(orOfRule: Bool) -> (subselect: Subselect, columns: [Int])? {
        requiredMembers(insideRule: false) ?? (orOfRule ? requiredMembers(insideRule: true) : nil)
    }

    private func requiredMembers(insideRule: Bool) -> (subselect: Subselect, columns: [Int])? {
        var conjuncts = [expression]
        while let term = conjuncts.popLast() {
            if case .and(let terms) = term { conjuncts += terms.reversed() }
            if insideRule, case .permitted(let part) = term { conjuncts.append(part) }
            guard case .subselect(let place, _, _, _) = term else { continue }
            if let columns = subselects[place].memberColumns(in: table) { return (subselects[place], columns) }
        }
        return nil
    }
}
