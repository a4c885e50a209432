import SyncModel

/// Finds tables, columns and foreign keys for the nodes of a definition.
struct ShapeResolver {
    let definition: ShapeDefinition
    let schema: DatabaseSchema
    private var drafts: [Draft] = []
    private var usedParameters: Set<Int> = []

    private struct Draft {
        let parent: Int?
        let path: String
        let table: TableSchema
        let predicate: Predicate?
        let link: Shape.Link?
        let selected: [Int]
        var children: [Int] = []
    }

    init(definition: ShapeDefinition, schema: DatabaseSchema) {
        self.definition = definition
        self.schema = schema
    }

    mutating func resolve() throws(ShapeError) -> [Shape.Node] {
        guard let table = schema[definition.rootTable] else { throw .unknownTable(definition.rootTable) }
        try add(definition.root, table: table, parent: nil, path: "", link: nil)
        let unused = definition.parameters.indices.first { !usedParameters.contains($0 + 1) }
        if let unused { throw .unusedParameter(unused + 1) }
        return drafts.enumerated().map { index, draft in
            Shape.Node(
                index: index, parent: draft.parent, path: draft.path, table: draft.table.name,
                predicate: draft.predicate, link: draft.link, selected: draft.selected, children: draft.children)
        }
    }

    private mutating func add(
        _ node: ShapeDefinition.Node, table: TableSchema, parent: Int?, path: String, link: Shape.Link?
    ) throws(ShapeError) {
        let index = drafts.count
        drafts.append(
            Draft(
                parent: parent, path: path, table: table, predicate: try predicate(node, table), link: link,
                selected: try Self.selection(node, table)))
        if let parent { drafts[parent].children.append(index) }
        for include in node.include {
            do throws(ShapeError) {
                let (child, link) = try IncludeResolver(parent: table, schema: schema).resolve(include)
                let name = include.name.string
                try add(
                    include.node, table: child, parent: index, path: path.isEmpty ? name : "\(path)/\(name)",
                    link: link)
            } catch {
                throw error.inside("include.\(include.name)")
            }
        }
    }

    private mutating func predicate(
        _ node: ShapeDefinition.Node, _ table: TableSchema
    ) throws(ShapeError) -> Predicate? {
        guard let condition = node.condition else { return nil }
        let (predicate, used) = try Predicate.parse(
            condition.string, parameters: definition.parameters, table: table, schema: schema)
        usedParameters.formUnion(used)
        // What the engine cannot keep live is refused here. Electric's words: it has no NOW() either.
        guard !predicate.usesNow else {
            throw ShapeError(
                .badCondition, "At location 0: unknown or unsupported function now/0", field: "where")
        }
        guard predicate.subselects.isEmpty else {
            throw ShapeError(.notSupported, "a sub-select is not supported yet", field: "where")
        }
        return predicate
    }

    private static func selection(_ node: ShapeDefinition.Node, _ table: TableSchema) throws(ShapeError) -> [Int] {
        // Without a primary key all columns are the key.
        guard let select = node.select, !table.primaryKey.isEmpty else { return Array(table.columns.indices) }
        var selected = Set(table.keyIndexes)
        let missing = select.filter { table.index(ofBytes: $0.string) == nil }
        guard missing.isEmpty else {
            throw .unknownColumns(missing.map(\.string), field: "select")
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
        guard unknown.isEmpty else { throw .unknownColumns(unknown.map(\.string), field: "columns") }
    }
}

extension ShapeError {
    /// Electric's words.
    static func unknownTable(_ table: TableName) -> ShapeError {
        ShapeError(
            .unknownTable,
            "Table \"\(table.schema)\".\"\(table.name)\" does not exist. If the table name contains capitals or special characters you must quote it.",
            field: "table")
    }

    static func unknownColumns(_ names: [String], field: String) -> ShapeError {
        ShapeError(
            .unknownColumn,
            "The following columns are not found on the table: \(names.joined(separator: ", "))", field: field)
    }
}
