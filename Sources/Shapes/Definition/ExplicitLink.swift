import SyncModel

/// Takes the terms that join a child to its parent out of an include's condition.
///
/// `from_step_id = steps.id OR to_step_id = steps.id` joins along two ways; `AND` with such a term, or between
/// them, makes a way of several columns. What is left is a condition on the child alone. The parent's columns are
/// written `table.column`, or `parent.column`, which also tells a table from itself.
struct ExplicitLink {
    let child: TableSchema
    let parent: TableSchema

    /// The ways to join, none when no term names the parent's columns, and the terms that are left.
    func split(_ condition: Syntax) throws(ShapeError) -> (links: [Shape.Link], rest: [Syntax]) {
        let conjuncts: [Syntax] = if case .and(let terms) = condition { terms } else { [condition] }
        var links: [Shape.Link] = []
        var rest: [Syntax] = []
        for term in conjuncts {
            if let ways = ways(term) {
                links = links.isEmpty ? ways : Self.product(links, ways)
            } else {
                rest.append(term)
            }
            guard links.count <= ShapeLimits.maxLinks else {
                throw ShapeError(
                    .tooLarge, "a condition joins a child to its parent in at most \(ShapeLimits.maxLinks) ways",
                    field: "where")
            }
        }
        return (links, rest)
    }

    /// Rows are joined by the text of their columns, so equal values MUST have equal texts.
    func check(_ links: [Shape.Link]) throws(ShapeError) {
        for link in links {
            for (own, other) in zip(link.childColumns, link.parentColumns) {
                let left = child.columns[own]
                let right = parent.columns[other]
                guard SQLType(left.type).joins(SQLType(right.type)) else {
                    throw ShapeError(
                        .notSupported,
                        "`\(left.name)` (\(left.type.name)) and the parent's `\(right.name)` (\(right.type.name)) cannot be joined: equal values may be written differently. Columns of one type join, if it is none of numeric, float4, float8, char(n), interval, json and arrays",
                        field: "where")
                }
            }
        }
    }

    /// nil when the term is not made of equalities between the two tables alone.
    private func ways(_ term: Syntax) -> [Shape.Link]? {
        switch term {
        case .compare(.equal, .column(let left, _), .column(let right, _), _):
            return way(left, right).map { [$0] }
        case .or(let terms):
            var ways: [Shape.Link] = []
            for term in terms {
                guard let found = self.ways(term) else { return nil }
                ways += found.filter { !ways.contains($0) }
            }
            return ways
        case .and(let terms):
            var ways: [Shape.Link] = []
            for term in terms {
                guard let found = self.ways(term), ways.count * found.count <= 256 else { return nil }
                ways = ways.isEmpty ? found : Self.product(ways, found)
            }
            return ways
        case .column, .string, .number, .boolean, .null, .parameter, .not, .compare, .distinct, .binary, .prefix,
            .oneOf,
            .between, .isNull, .test, .cast, .function, .row, .choice, .array, .subscripts, .quantified, .inSelect,
            .exists:
            // A term of any other form is the child's own, or the checker refuses it by the name it does not know.
            return nil
        }
    }

    private func way(_ left: [String], _ right: [String]) -> Shape.Link? {
        if let own = childColumn(left), let other = parentColumn(right) {
            return Shape.Link(childColumns: [own], parentColumns: [other])
        }
        if let own = childColumn(right), let other = parentColumn(left) {
            return Shape.Link(childColumns: [own], parentColumns: [other])
        }
        return nil
    }

    private func childColumn(_ path: [String]) -> Int? {
        guard path.count == 1 || isQualified(path, child) else { return nil }
        return path.last.flatMap { child.index(ofBytes: $0) }
    }

    private func parentColumn(_ path: [String]) -> Int? {
        let isParent = path.count == 2 && path[0] == "parent"
        guard isParent || (isQualified(path, parent) && parent.name != child.name) else { return nil }
        return path.last.flatMap { parent.index(ofBytes: $0) }
    }

    private func isQualified(_ path: [String], _ table: TableSchema) -> Bool {
        let qualifiers = path.dropLast().map { Text($0) }
        let names = [Text(table.name.schema), Text(table.name.name)]
        return !qualifiers.isEmpty && qualifiers.count <= 2 && names.suffix(qualifiers.count).elementsEqual(qualifiers)
    }

    private static func product(_ left: [Shape.Link], _ right: [Shape.Link]) -> [Shape.Link] {
        left.flatMap { one in
            right.map { other in
                Shape.Link(
                    childColumns: one.childColumns + other.childColumns,
                    parentColumns: one.parentColumns + other.parentColumns)
            }
        }
    }
}

extension SQLType {
    /// Equal values of the two types have one text.
    fileprivate func joins(_ other: SQLType) -> Bool {
        guard hasOneText, other.hasOneText else { return false }
        return self == other || (isInteger && other.isInteger) || (isText && other.isText)
    }
}
