import SyncModel

/// Finds tables, columns and foreign keys for the nodes of a definition.
struct ShapeResolver {
    let definition: ShapeDefinition
    let schema: DatabaseSchema
    let access: ReadAccess
    /// What of the rules and claims was taken.
    private(set) var grant = ReadGrant()
    private var drafts: [Draft] = []
    private var usedParameters: Set<Int> = []

    private struct Draft {
        let parent: Int?
        let path: String
        let table: TableSchema
        let predicate: Predicate?
        let rule: Predicate?
        let links: [Shape.Link]
        let window: Shape.Window?
        let selected: [Int]
        var children: [Int] = []
    }

    init(definition: ShapeDefinition, schema: DatabaseSchema, access: ReadAccess) {
        self.definition = definition
        self.schema = schema
        self.access = access
    }

    mutating func resolve() throws(ShapeError) -> [Shape.Node] {
        guard let table = schema[definition.rootTable] else { throw .unknownTable(definition.rootTable) }
        let condition = try syntax(definition.root)
        try add(definition.root, condition, Place(table: table, parent: nil, group: nil, path: "", links: []))
        let unused = definition.parameters.indices.first { !usedParameters.contains($0 + 1) }
        if let unused { throw .unusedParameter(unused + 1) }
        return drafts.enumerated().map { index, draft in
            Shape.Node(
                index: index, parent: draft.parent, path: draft.path, table: draft.table.name,
                predicate: draft.predicate, rule: draft.rule, links: draft.links, window: draft.window,
                selected: draft.selected, children: draft.children)
        }
    }

    /// Where a node hangs in the tree.
    private struct Place {
        let table: TableSchema
        let parent: Int?
        /// The node whose rows its windows are for.
        let group: Int?
        let path: String
        let links: [Shape.Link]
    }

    private mutating func add(
        _ node: ShapeDefinition.Node, _ condition: Syntax?, _ place: Place
    ) throws(ShapeError) {
        let index = drafts.count
        // Without a limit it decides nothing, and yet is checked.
        let order = node.limit == nil && node.orderBy.isEmpty ? nil : try RowOrder(node.orderBy, of: place.table)
        let ruled = try predicate(condition, place.table)
        drafts.append(
            Draft(
                parent: place.parent, path: place.path, table: place.table,
                predicate: ruled.whole, rule: ruled.rule, links: place.links,
                window: order.flatMap { order in
                    node.limit.map { Shape.Window(order: order, limit: $0, group: place.group) }
                },
                selected: try Self.selection(node, place.table)))
        if let parent = place.parent { drafts[parent].children.append(index) }
        for include in node.include {
            do throws(ShapeError) {
                try add(include, below: index, place)
            } catch {
                throw error.inside("include.\(include.name)")
            }
        }
    }

    private mutating func add(
        _ include: ShapeDefinition.Include, below index: Int, _ place: Place
    ) throws(ShapeError) {
        let resolver = IncludeResolver(parent: place.table, schema: schema)
        func path(_ name: String) -> String { place.path.isEmpty ? name : "\(place.path)/\(name)" }
        let name = include.name.string
        var condition = try syntax(include.node)
        if let written = condition, include.on == nil, let child = resolver.table(named: include.name) {
            let explicit = ExplicitLink(child: child, parent: place.table)
            let (links, rest) = try explicit.split(written)
            if !links.isEmpty {
                try explicit.check(links)
                condition = rest.isEmpty ? nil : rest.count == 1 ? rest[0] : .and(rest)
                let below = Place(table: child, parent: index, group: index, path: path(name), links: links)
                return try add(include.node, condition, below)
            }
        }
        let hops = try resolver.resolve(include)
        var parent = index
        // A junction table's rows are in the shape: they say which row goes with which.
        for hop in hops.dropLast() {
            let junction = Place(
                table: hop.table, parent: parent, group: index, path: path(hop.table.name.name), links: [hop.link])
            parent = drafts.count
            try add(ShapeDefinition.Node(), nil, junction)
        }
        guard let last = hops.last else { return }
        try add(
            include.node, condition,
            Place(table: last.table, parent: parent, group: index, path: path(name), links: [last.link]))
    }

    private func syntax(_ node: ShapeDefinition.Node) throws(ShapeError) -> Syntax? {
        try node.condition.map { text throws(ShapeError) in try Parser.parse(text.string) }
    }

    private mutating func predicate(_ syntax: Syntax?, _ table: TableSchema) throws(ShapeError) -> RuledPredicate {
        let ruled = try Predicate.ruled(
            syntax, parameters: definition.parameters, table: table, schema: schema, access: access)
        usedParameters.formUnion(ruled.usedParameters)
        grant.add(ruled.grant)
        do throws(ShapeError) { try ruled.rule?.checkTime() } catch { throw .brokenRule(table.name) }
        try ruled.whole?.checkTime()
        return ruled
    }

    private static func selection(_ node: ShapeDefinition.Node, _ table: TableSchema) throws(ShapeError) -> [Int] {
        // Without a primary key all columns are the key.
        guard let select = node.select, !table.primaryKey.isEmpty else { return Array(table.columns.indices) }
        var selected = Set(table.keyIndexes)
        let missing = select.filter { table.index(ofBytes: $0.string) == nil }
        guard missing.isEmpty else {
            throw .unknownColumns(missing.map(\.string), of: table, field: "select")
        }
        for name in select {
            if let index = table.index(ofBytes: name.string) { selected.insert(index) }
        }
        return selected.sorted()
    }
}

extension ShapeDefinition {
    /// Electric's rule for `columns`: all must exist, and the key must be among them. (Resolving adds the key.)
    package func validateColumns(in schema: DatabaseSchema) throws(ShapeError) {
        guard let select = root.select else { return }
        guard let table = schema[rootTable] else { throw .unknownTable(rootTable) }
        let missing = table.primaryKey.filter { !select.contains(Text($0)) }
        guard missing.isEmpty else {
            throw ShapeError(
                .badDefinition,
                "The list of columns must include all primary key columns, missing: \(missing.joined(separator: ", "))",
                field: "columns")
        }
        let unknown = select.filter { table.index(ofBytes: $0.string) == nil }
        guard unknown.isEmpty else { throw .unknownColumns(unknown.map(\.string), of: table, field: "columns") }
    }
}

extension ShapeError {
    static func unknownTable(_ table: TableName) -> ShapeError {
        ShapeError(.unknownTable, "Table \(table) does not exist, or is not published", field: "table")
    }

    static func unknownColumns(_ names: [String], of table: TableSchema, field: String) -> ShapeError {
        ShapeError(
            .unknownColumn,
            "The following columns are not found on the table: \(names.joined(separator: ", "))", field: field,
            table: table.name)
    }
}
