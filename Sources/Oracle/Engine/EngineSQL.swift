import SyncModel

/// Prints one query for the rows of every table, and for the members of every node of every shape.
///
/// From the plans alone, sharing nothing with the resolver or the engine. Each row of the answer: a label, `number`
/// (rows only), and the values in the order of the table's columns. `$1`: what `NOW()` is, in microseconds since
/// 2000-01-01 00:00 UTC.
struct EngineSQL {
    let tables: EngineTables
    private var expressions: [String] = []
    private var selects: [String] = []
    /// By label, the shape and the table.
    private(set) var nodes: [(shape: Int, table: Int)] = []

    /// - Parameter person: in place of those whose plans they are.
    init(_ tables: EngineTables, _ plans: [EnginePlan], as person: EnginePerson? = nil) {
        self.tables = tables
        for table in tables.tables.indices { selects.append(rows(of: table, label: "r\(table)")) }
        for (shape, plan) in plans.enumerated() {
            let access = person.flatMap { plan.access?.of($0) } ?? plan.access
            add(plan.root, Seen(shape: shape, access: access), parent: nil)
        }
    }

    var text: String {
        let with = expressions.isEmpty ? "" : "WITH \(expressions.joined(separator: ",\n"))\n"
        // The time is a parameter even where no shape asks.
        return with + selects.joined(separator: "\nUNION ALL\n")
            + "\nUNION ALL SELECT 'now', $1::int8\(String(repeating: ", NULL", count: width))"
    }

    private var width: Int { tables.tables.map(\.columns.count).max() ?? 0 }

    private func rows(of index: Int, label: String) -> String {
        let table = tables[index]
        var values = table.columns.map { column in
            column.kind == .bool
                ? "CASE \(column.name) WHEN true THEN 't' WHEN false THEN 'f' END" : "\(column.name)::text"
        }
        values += Array(repeating: "NULL", count: width - values.count)
        return "SELECT '\(label)', number, \(values.joined(separator: ", ")) FROM \(table.name)"
    }

    /// A shape, and whose it is.
    private struct Seen {
        let shape: Int
        let access: EngineAccess?

        /// None or one.
        func rules(of table: Int, row: String) -> [String] {
            access?.sql(of: table, row: row).map { [filled($0)] } ?? []
        }

        func filled(_ sql: String) -> String { access?.person.filled(sql) ?? sql }
    }

    private typealias Parent = (cte: String, table: Int)

    private mutating func add(_ node: EnginePlan.Node, _ seen: Seen, parent: Parent?) {
        var above = parent
        var group: Group?
        if let parent, let way = node.way {
            if let junction = way.junction {
                let row = tables[junction.table].name
                let hop = exists(parent, condition(junction.links, child: row, parent: "p"))
                let rules = seen.rules(of: junction.table, row: row)
                let name = expression(seen.shape, junction.table, members(junction.table, rules + [hop]))
                above = (name, junction.table)
            }
            group = Group(parent: parent, way: way)
        }
        let name = expression(seen.shape, node.table, content(node, seen, above: above, group: group))
        for child in node.children { add(child, seen, parent: (name, node.table)) }
    }

    private struct Group {
        let parent: Parent
        let way: EngineWay
    }

    /// A common table expression of the keys of a node's members. Returns its name.
    private mutating func expression(_ shape: Int, _ table: Int, _ query: String) -> String {
        let name = "m\(nodes.count)"
        expressions.append("\(name) AS MATERIALIZED (\(query))")
        let keys = tables[table].key.joined(separator: ", ")
        selects.append(rows(of: table, label: "s\(nodes.count)") + " WHERE (\(keys)) IN (SELECT \(keys) FROM \(name))")
        nodes.append((shape: shape, table: table))
        return name
    }

    private func content(_ node: EnginePlan.Node, _ seen: Seen, above: Parent?, group: Group?) -> String {
        let table = tables[node.table].name
        let own =
            seen.rules(of: node.table, row: table) + node.equalities.map { "(\($0.sql))" }
            + node.conditions.map { "(\(seen.filled($0.sql)))" }
        guard let above, let group else {
            return node.limit == nil ? members(node.table, own) : members(node.table, own) + window(node)
        }
        guard node.limit != nil else {
            let joined = any(group.way.links, child: table, parent: "p")
            return members(node.table, own + [exists(above, joined)])
        }
        let keys = tables[node.table].key
        var joined = any(group.way.links, child: table, parent: group.way.junction == nil ? "p" : "j")
        if let junction = group.way.junction {
            let hop = condition(junction.links, child: "j", parent: "p")
            let all = seen.rules(of: junction.table, row: "j") + [hop, joined]
            joined =
                "EXISTS (SELECT 1 FROM \(tables[junction.table].name) AS j WHERE \(all.joined(separator: " AND ")))"
        }
        return """
            SELECT DISTINCT \(keys.map { "c.\($0)" }.joined(separator: ", ")) FROM \(source(group.parent))
            CROSS JOIN LATERAL (\(members(node.table, own + [joined]))\(window(node))) AS c
            """
    }

    private func members(_ table: Int, _ conditions: [String]) -> String {
        let name = tables[table].name
        let keys = tables[table].key.map { "\(name).\($0)" }.joined(separator: ", ")
        let filter = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
        return "SELECT \(keys) FROM \(name)\(filter)"
    }

    private func window(_ node: EnginePlan.Node) -> String {
        let table = tables[node.table]
        let given = node.order.map { order in
            let nulls = (order.nullsFirst ?? order.isDescending) ? "NULLS FIRST" : "NULLS LAST"
            return key(order.column, table) + (order.isDescending ? " DESC " : " ASC ") + nulls
        }
        let order = (given + table.key.map { key($0, table) }).joined(separator: ", ")
        return " ORDER BY \(order) LIMIT \(node.limit ?? 0)"
    }

    private func key(_ column: String, _ table: EngineTable) -> String {
        "\(table.name).\(column)" + (table.kind(of: column) == .text ? " COLLATE \"C\"" : "")
    }

    private func source(_ parent: Parent) -> String {
        "\(parent.cte) JOIN \(tables[parent.table].name) AS p USING (\(tables[parent.table].key.joined(separator: ", ")))"
    }

    private func exists(_ parent: Parent, _ condition: String) -> String {
        "EXISTS (SELECT 1 FROM \(source(parent)) WHERE \(condition))"
    }

    private func any(_ links: [[EngineWay.Link]], child: String, parent: String) -> String {
        "(" + links.map { condition($0, child: child, parent: parent) }.joined(separator: " OR ") + ")"
    }

    private func condition(_ links: [EngineWay.Link], child: String, parent: String) -> String {
        "(" + links.map { "\(child).\($0.child) = \(parent).\($0.parent)" }.joined(separator: " AND ") + ")"
    }
}
