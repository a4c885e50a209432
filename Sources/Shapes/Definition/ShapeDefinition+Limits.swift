import SyncModel

extension ShapeDefinition {
    func checkLimits() throws(ShapeError) {
        let names = rootTable.schema.utf8.count + rootTable.name.utf8.count
        guard !rootTable.schema.isEmpty, !rootTable.name.isEmpty else {
            throw ShapeError(
                .badDefinition, "the table's name is empty: write `table` or `schema.table`", field: "root_table")
        }
        guard names <= ShapeLimits.maxNameLength else {
            throw .tooLong("a table's name", limit: ShapeLimits.maxNameLength, field: "root_table")
        }
        try Self.refuseNUL(in: Text(rootTable.description), field: "root_table")
        guard parameters.count <= ShapeLimits.maxParameters else {
            throw ShapeError(
                .tooLarge, "a shape takes at most \(ShapeLimits.maxParameters) parameters", field: "params")
        }
        for parameter in parameters {
            guard parameter.string.utf8.count <= ShapeLimits.maxParameterLength else {
                throw .tooLong("a parameter", limit: ShapeLimits.maxParameterLength, field: "params")
            }
            try Self.refuseNUL(in: parameter, field: "params")
        }
        var nodes = 0
        try Self.check(root, depth: 1, nodes: &nodes)
    }

    private static func check(_ node: Node, depth: Int, nodes: inout Int) throws(ShapeError) {
        nodes += 1
        guard nodes <= ShapeLimits.maxNodes else {
            throw ShapeError(
                .tooLarge, "a shape has at most \(ShapeLimits.maxNodes) tables in its tree", field: "include")
        }
        guard depth <= ShapeLimits.maxDepth else {
            throw ShapeError(
                .tooLarge, "includes are nested at most \(ShapeLimits.maxDepth) deep", field: "include")
        }
        if let condition = node.condition { try checkCondition(condition) }
        if let select = node.select { try checkSelect(select) }
        try checkWindow(node)
        var seen: Set<Text> = []
        for include in node.include {
            let path = "include.\(include.name)"
            guard !include.name.string.isEmpty, include.name.string.utf8.count <= ShapeLimits.maxNameLength else {
                throw ShapeError(
                    .badDefinition,
                    "an include is named by 1 to \(ShapeLimits.maxNameLength) bytes: a table or a foreign key column",
                    field: "include")
            }
            try refuseNUL(in: include.name, field: "include")
            guard seen.insert(include.name).inserted else {
                throw ShapeError(.badDefinition, "the include `\(include.name)` is given twice", field: "include")
            }
            do throws(ShapeError) {
                if let on = include.on { try refuseNUL(in: on, field: "on") }
                try check(include.node, depth: depth + 1, nodes: &nodes)
            } catch {
                throw error.inside(path)
            }
        }
    }

    private static func checkCondition(_ condition: Text) throws(ShapeError) {
        guard condition.string.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("a condition", limit: ShapeLimits.maxConditionLength, field: "where")
        }
        try refuseNUL(in: condition, field: "where")
    }

    private static func checkWindow(_ node: Node) throws(ShapeError) {
        guard node.orderBy.count <= ShapeLimits.maxOrderKeys else {
            throw ShapeError(
                .tooLarge, "`order_by` takes at most \(ShapeLimits.maxOrderKeys) columns", field: "order_by")
        }
        for key in node.orderBy {
            guard key.column.string.utf8.count <= ShapeLimits.maxNameLength else {
                throw .tooLong("a column's name", limit: ShapeLimits.maxNameLength, field: "order_by")
            }
            try refuseNUL(in: key.column, field: "order_by")
        }
        if let limit = node.limit, !(1...ShapeLimits.maxWindow).contains(limit) {
            throw ShapeError(
                .badDefinition, "`limit` is a whole number from 1 to \(ShapeLimits.maxWindow)", field: "limit")
        }
    }

    private static func checkSelect(_ select: [Text]) throws(ShapeError) {
        guard !select.isEmpty else {
            throw ShapeError(.badDefinition, "The list of columns must not be empty", field: "select")
        }
        guard select.count <= ShapeLimits.maxSelected else {
            throw ShapeError(
                .tooLarge, "at most \(ShapeLimits.maxSelected) columns can be selected", field: "select")
        }
        var seen: Set<Text> = []
        for column in select {
            guard column.string.utf8.count <= ShapeLimits.maxNameLength else {
                throw .tooLong("a column's name", limit: ShapeLimits.maxNameLength, field: "select")
            }
            guard seen.insert(column).inserted else {
                throw ShapeError(.badDefinition, "the column `\(column)` is selected twice", field: "select")
            }
            try refuseNUL(in: column, field: "select")
        }
    }

    /// PostgreSQL has no text with U+0000 in it.
    private static func refuseNUL(in text: Text, field: String) throws(ShapeError) {
        guard !text.string.utf8.contains(0) else {
            throw ShapeError(.badDefinition, "text cannot hold the character U+0000", field: field)
        }
    }
}

extension ShapeError {
    static func tooLong(_ what: String, limit: Int, field: String) -> ShapeError {
        ShapeError(.tooLarge, "\(what) is bigger than maximum size: at most \(limit) bytes", field: field)
    }
}
