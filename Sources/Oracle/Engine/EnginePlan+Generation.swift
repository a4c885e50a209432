import SeededRandom

extension EnginePlan {
    init(_ tables: EngineTables, for access: EngineAccess? = nil, _ random: inout SeededGenerator) {
        var table = Int.random(in: tables.tables.indices, using: &random)
        if let junction = tables.tables.last?.junctionReferences.randomElement(using: &random), random.once(in: 2) {
            table = junction.0.table
        }
        var generator = PlanGenerator(tables: tables, access: access, random: random)
        root = generator.node(of: table, way: nil, depth: Int.random(in: 0...3, using: &random))
        self.tables = tables
        self.access = access
        random = generator.random
    }
}

private struct PlanGenerator {
    let tables: EngineTables
    let access: EngineAccess?
    var random: SeededGenerator
    /// PostgreSQL plans all shapes of a world at once.
    private var left = 8

    init(tables: EngineTables, access: EngineAccess?, random: SeededGenerator) {
        self.tables = tables
        self.access = access
        self.random = random
    }

    mutating func node(of index: Int, way: EngineWay?, depth: Int) -> EnginePlan.Node {
        left -= 1
        let table = tables[index]
        let conditions = EngineConditions(tables: tables, access: access)
        var node = EnginePlan.Node(table: index, way: way)
        node.isRuled = access?.rules[index] != nil
        if way?.explicit == nil, random.once(in: 5) {
            node.equalities = [conditions.equality(of: table, &random)]
            // A name is a member of the object once.
            let second = conditions.equality(of: table, &random)
            if random.once(in: 3), second.column != node.equalities[0].column { node.equalities.append(second) }
        } else if way == nil ? !random.once(in: 5) : random.once(in: 3) {
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                node.conditions.append(conditions.condition(of: index, &random))
            }
        }
        if random.once(in: 3) {
            let names = table.columns.map(\.name).shuffled(using: &random)
            node.select = Array(names.prefix(Int.random(in: 1...2, using: &random)))
        }
        if random.once(in: 3) { node.order = order(table) }
        if random.once(in: 3) { node.limit = Int.random(in: 1...4, using: &random) }
        if depth > 0 { node.children = children(below: index, depth: depth) }
        return node
    }

    private mutating func children(below index: Int, depth: Int) -> [EnginePlan.Node] {
        var children: [EnginePlan.Node] = []
        var names: Set<String> = []
        var ways = EngineWays(tables: tables).all(below: index, &random)
        ways.shuffle(using: &random)
        // There are few of them.
        if random.once(in: 2) { ways = ways.filter { $0.junction != nil } + ways.filter { $0.junction == nil } }
        for way in ways.prefix(3) where left > 0 && names.insert(way.name).inserted {
            children.append(node(of: way.table, way: way, depth: depth - 1))
        }
        return children
    }

    private mutating func order(_ table: EngineTable) -> [EnginePlan.Order] {
        let names = table.columns.map(\.name).shuffled(using: &random)
        return names.prefix(Int.random(in: 1...3, using: &random)).map { name in
            EnginePlan.Order(
                column: name, isDescending: random.once(in: 2),
                nullsFirst: random.once(in: 2) ? nil : random.once(in: 2))
        }
    }
}
