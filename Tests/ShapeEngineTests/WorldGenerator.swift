import SeededRandom
import Shapes
import SyncModel

@testable import ShapeEngine

/// Makes schemas, shapes and transactions.
struct WorldGenerator {
    var random: SeededGenerator
    private(set) var schema = DatabaseSchema(tables: [])
    private(set) var access = ReadAccess.unrestricted

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// Two to four tables of id, a, t and up to three references, to themselves and twice to one table included.
    mutating func makeSchema() {
        let names = ["p", "q", "r", "s"].prefix(Int.random(in: 2...4, using: &random)).map { TableName(name: $0) }
        var tables: [TableSchema] = []
        for name in names {
            var columns = [
                Column("id", number: 1, type: ColumnType("int4"), isNotNull: true),
                Column("a", number: 2, type: ColumnType("int4")),
                Column("t", number: 3, type: ColumnType("text")),
                Column("w", number: 4, type: ColumnType("timestamptz")),
            ]
            var keys: [ForeignKey] = []
            for index in 0..<Int.random(in: 1...3, using: &random) {
                let column = ["x_id", "y_id", "z_id"][index]
                columns.append(Column(column, number: 5 + index, type: ColumnType("int4")))
                keys.append(
                    ForeignKey(
                        "\(name.name)_\(column)", columns: [column], references: random.pick(names),
                        referencedColumns: [random.once(in: 6) ? "a" : "id"]))
            }
            // Not enforced: it makes the table a junction.
            let uniques = keys.count > 1 && random.once(in: 2) ? [["x_id", "y_id"]] : []
            tables.append(
                TableSchema(name: name, columns: columns, primaryKey: ["id"], foreignKeys: keys, uniques: uniques))
        }
        schema = DatabaseSchema(tables: tables)
        access = .unrestricted
    }

    mutating func makeShape() -> Shape? {
        let root = random.pick(schema.tables)
        guard let definition = try? ShapeDefinition(rootTable: root.name, root: node(of: root, depth: 3)) else {
            return nil
        }
        return try? Shape(resolving: definition, in: schema, access: access)
    }

    /// Some tables have a rule, which looks at the row, at rows of others, or at the time, and at who asks.
    mutating func makeAccess() {
        var rules: [TableName: ReadRule] = [:]
        for table in schema.tables where random.once(in: 2) {
            let other = random.pick(schema.tables).name.name
            let rule = random.pick([
                "a <> auth.n", "a = auth.n OR t = 'u'", "x_id IN (SELECT id FROM \(other) AS o WHERE o.a = auth.n)",
                "a NOT IN (SELECT id FROM \(other) AS o WHERE o.a = auth.n)",
                "id IN (SELECT x_id FROM \(other) AS o WHERE a IN (SELECT a FROM p WHERE id <= auth.n::int8 * 3))",
                "w > NOW() OR a = auth.n", "t <> auth.none OR a < 3", "1 / (a - auth.n) >= 0",
            ])
            rules[table.name] = try? ReadRule(parsing: Text(rule))
        }
        access = ReadAccess(
            rules: ReadRules(rules, areNeeded: false),
            claims: ["n": Text(String(Int.random(in: 1...3, using: &random)))])
    }

    private mutating func node(of table: TableSchema, depth: Int) -> ShapeDefinition.Node {
        var node = ShapeDefinition.Node(condition: condition(isRoot: depth == 3))
        if random.once(in: 2) { node.select = random.once(in: 2) ? ["a"] : ["t"] }
        if random.once(in: 3) {
            node.limit = Int.random(in: 1...4, using: &random)
            node.orderBy = order()
        }
        guard depth > 0 else { return node }
        for (name, on, child) in paths(from: table) where random.once(in: 2) {
            guard !node.include.contains(where: { $0.name == name }) else { continue }
            var below = self.node(of: child, depth: depth - 1)
            var on: Text? = on
            if child.name != table.name, random.once(in: 4) {
                // By either of two ways, in place of the foreign key.
                on = nil
                let ways = "(x_id = \(table.name.name).id OR a = \(table.name.name).a)"
                below.condition = Text(below.condition.map { "\(ways) AND (\($0))" } ?? ways)
            }
            node.include.append(ShapeDefinition.Include(name, on: on, below))
        }
        for other in schema.tables where other.name != table.name && random.once(in: 3) {
            // Where no foreign key leads there, through a junction table; the resolver refuses the rest.
            let name = Text(other.name.name)
            guard !node.include.contains(where: { $0.name == name }) else { continue }
            var tried = node
            tried.include = [ShapeDefinition.Include(name, self.node(of: other, depth: 0))]
            guard let definition = try? ShapeDefinition(rootTable: table.name, root: tried),
                let shape = try? Shape(resolving: definition, in: schema), shape.nodes.count == 3
            else { continue }
            node.include.append(tried.include[0])
        }
        return node
    }

    private mutating func order() -> [ShapeDefinition.Order] {
        var order: [ShapeDefinition.Order] = []
        for column in ["a", "t", "id"] where random.once(in: 2) {
            order.append(
                ShapeDefinition.Order(
                    Text(column), isDescending: random.once(in: 2),
                    nullsFirst: random.once(in: 2) ? nil : random.once(in: 2)))
        }
        return order
    }

    private mutating func condition(isRoot: Bool) -> Text? {
        if !isRoot, random.once(in: 2) { return nil }
        if random.once(in: 4) { return Text(subselect(depth: 2)) }
        if random.once(in: 6) {
            return Text(random.pick(["w > NOW()", "w <= NOW() AND a < 4", "NOT w < NOW() OR t = 'u'"]))
        }
        if random.once(in: 4) { return Text(failing()) }
        if random.once(in: 4) { return Text("a = \(Int.random(in: 0...4, using: &random))") }
        return Text(
            random.pick([
                "a < 3", "a >= 2", "t = 'u'", "a IS NOT NULL", "t <> 'v' OR a = 1", "NOT a = 2", "6 / (a - 2) > 1",
                "a > 0 AND NOT (t = 'u' OR a = 4)",
            ]))
    }

    /// Fails where `a` is 0: beside terms of every kind that shapes are filed by, and before them.
    private mutating func failing() -> String {
        let other = random.pick(schema.tables).name.name
        return random.pick([
            "2 / a >= 0", "2 / a > 0 AND x_id < 7", "x_id = 3 AND 2 / a > 0", "2 / a > 0 AND x_id IN (3, 4, 5)",
            "a = 1 OR 2 / a > 1", "2 / a >= 0 AND x_id IN (SELECT id FROM \(other) AS f WHERE t = 'u')",
            "w > NOW() AND 2 / a >= 0", "NOT 2 / a < 0 AND t = 'u'",
        ])
    }

    /// In either polarity, correlated or not, with NULLs on either side, inside each other.
    private mutating func subselect(depth: Int) -> String {
        let other = random.pick(schema.tables)
        let column = random.pick(["id", "a", "x_id"])
        var inner = random.pick(["a < 3", "t = 'u'", "a = 1", "x_id IS NOT NULL", "TRUE"])
        if depth > 0, random.once(in: 3) { inner += " AND \(subselect(depth: depth - 1))" }
        let table = "\(other.name.name) AS i\(depth)"
        let text =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: "a IN (SELECT \(column) FROM \(table) WHERE \(inner))"
            case 1: "x_id IN (SELECT id FROM \(table) WHERE \(inner))"
            case 2: "(a, id) IN (SELECT \(column), a FROM \(table) WHERE \(inner))"
            default:
                "a IN (SELECT \(column) FROM \(table) WHERE i\(depth).a IS NOT NULL AND \(inner))"
            }
        return random.pick(["", "NOT ", "a = 1 OR ", "t = 'v' OR NOT "]) + text
    }

    private func paths(from table: TableSchema) -> [(Text, on: Text, TableSchema)] {
        var paths: [(Text, on: Text, TableSchema)] = []
        for child in schema.tables {
            for key in child.foreignKeys where key.references == table.name {
                paths.append((Text(child.name.name), on: Text("\(child.name.name).\(key.columns[0])"), child))
            }
        }
        for key in table.foreignKeys {
            guard let child = schema[key.references] else { continue }
            paths.append((Text(key.columns[0].dropLast(3)), on: Text("\(table.name.name).\(key.columns[0])"), child))
        }
        return paths
    }

    private static let ids = 12

    mutating func row(_ table: TableSchema, id: Int) -> Row {
        Row(table.columns.map { column in column.name == "id" ? Value(String(id)) : value(of: column) })
    }

    private mutating func value(of column: Column) -> Value {
        if random.once(in: 6) { return .null }
        switch column.name {
        case "a": return Value(String(Int.random(in: 0...4, using: &random)))
        case "t": return Value(random.pick(["u", "v", "w"]))
        case "w": return Value("2000-01-01 00:00:\(Int.random(in: 10...59, using: &random))+00")
        default: return Value(String(Int.random(in: 1...Self.ids, using: &random)))
        }
    }

    /// One to five inserts, updates, deletes and key changes. Returns the moves that came through.
    mutating func mutate(_ source: inout MemorySource) -> [MemorySource.Move] {
        var moves: [MemorySource.Move] = []
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let table = random.pick(schema.tables)
            let id = Int.random(in: 1...Self.ids, using: &random)
            let key = RowKey(values: [Value(String(id))])
            guard var row = source.row(key, of: table.name) else {
                source.tables[table.name, default: [:]][key] = self.row(table, id: id)
                continue
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: source.tables[table.name]?[key] = nil
            case 1:
                let other = Int.random(in: 1...Self.ids, using: &random)
                let otherKey = RowKey(values: [Value(String(other))])
                guard source.row(otherKey, of: table.name) == nil else { continue }
                row[0] = Value(String(other))
                source.tables[table.name]?[key] = nil
                source.tables[table.name]?[otherKey] = row
                moves.append(MemorySource.Move(table: table.name, from: key, to: otherKey))
            default:
                let index = Int.random(in: 1..<table.columns.count, using: &random)
                row[index] = value(of: table.columns[index])
                source.tables[table.name]?[key] = row
            }
        }
        return moves
    }
}
