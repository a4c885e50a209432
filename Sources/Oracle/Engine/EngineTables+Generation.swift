import SeededRandom

extension EngineTables {
    /// Two to five tables, one often a junction; `ta`, `tb`, …
    init(_ random: inout SeededGenerator) {
        let count = Int.random(in: 2...5, using: &random)
        let hasJunction = count > 2 && !random.once(in: 4)
        let plain = hasJunction ? count - 1 : count
        let names = ["ta", "tb", "tc", "td", "te"]
        var keys: [[EngineColumn]] = []
        for _ in 0..<plain {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: keys.append([EngineColumn(name: "k1", kind: .int), EngineColumn(name: "k2", kind: .text)])
            case 1: keys.append([EngineColumn(name: "id", kind: .text)])
            default: keys.append([EngineColumn(name: "id", kind: .int)])
            }
        }
        var tables: [EngineTable] = []
        for index in 0..<plain {
            tables.append(Self.plain(index, names[index], keys, &random))
        }
        if hasJunction { tables.append(Self.junction(names[plain], between: tables, keys, &random)) }
        self.init(tables: tables, isEnforced: random.once(in: 2))
    }

    private static func plain(
        _ index: Int, _ name: String, _ keys: [[EngineColumn]], _ random: inout SeededGenerator
    ) -> EngineTable {
        var columns = keys[index]
        var references: [EngineReference] = []
        let prefixes = ["x", "y", "z"]
        for place in 0..<Int.random(in: 1...3, using: &random) {
            // Often to the same table twice.
            let again = place > 0 && random.once(in: 2)
            let target = again ? references[place - 1].table : Int.random(in: keys.indices, using: &random)
            let made = reference(prefixes[place], to: target, keys)
            columns += made.columns
            references.append(made.reference)
        }
        columns += payload(&random)
        columns.shuffle(using: &random)
        return EngineTable(
            name: name, key: keys[index].map(\.name).shuffled(using: &random), columns: columns,
            references: references, uniques: [])
    }

    private static func junction(
        _ name: String, between tables: [EngineTable], _ keys: [[EngineColumn]], _ random: inout SeededGenerator
    ) -> EngineTable {
        let pairs = keys.indices.flatMap { one in keys.indices.filter { $0 != one }.map { (one, $0) } }
        // Where a reference connects the two, no name leads through the junction.
        let apart = pairs.filter { one, other in
            !tables[one].references.contains { $0.table == other }
                && !tables[other].references.contains { $0.table == one }
        }
        let (near, far) = random.pick(apart.isEmpty ? pairs : apart)
        let left = reference("l", to: near, keys)
        let right = reference("r", to: far, keys)
        let pair = (left.columns + right.columns).map(\.name)
        let hasOwnKey = random.once(in: 3)
        var columns = left.columns + right.columns
        if hasOwnKey { columns.append(EngineColumn(name: "id", kind: .int)) }
        if random.once(in: 2) { columns.append(EngineColumn(name: "a", kind: .int)) }
        columns.shuffle(using: &random)
        return EngineTable(
            name: name, key: hasOwnKey ? ["id"] : pair, columns: columns,
            references: [left.reference, right.reference], uniques: hasOwnKey ? [pair] : [])
    }

    /// `x_id`, or for a key of two columns `x_k1` and `x_k2`.
    private static func reference(
        _ prefix: String, to table: Int, _ keys: [[EngineColumn]]
    ) -> (columns: [EngineColumn], reference: EngineReference) {
        let columns = keys[table].map { EngineColumn(name: "\(prefix)_\($0.name)", kind: $0.kind) }
        let reference = EngineReference(
            columns: columns.map(\.name), table: table, referenced: keys[table].map(\.name))
        return (columns, reference)
    }

    private static func payload(_ random: inout SeededGenerator) -> [EngineColumn] {
        var columns = [
            EngineColumn(name: "a", kind: .int), EngineColumn(name: "t", kind: .text),
            EngineColumn(name: "w", kind: .time),
        ]
        let others = [("n", EngineKind.numeric), ("m", .mood), ("b", .bool)]
        for (name, kind) in others where random.once(in: 2) { columns.append(EngineColumn(name: name, kind: kind)) }
        return columns
    }
}
