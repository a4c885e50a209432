import SeededRandom
import Shapes
import SyncModel
import Testing

@testable import ShapeEngine

/// Explanations against evaluating the definition from scratch.
struct ShapeExplainerTests {
    private struct Counts {
        var members = 0
        var outside = 0
        var missing = 0
        var withheld = 0
        var withheldParents = 0
        /// Explanations in which the parents of some places had no room.
        var cut = 0
        var terms: [Truth.Name: Int] = [:]
        var among = 0
        var notAmong = 0
        var inside = 0
        var behind = 0
        var groups = 0
        var indexedByValue = 0
        var indexedByMember = 0
        var indexedAbove = 0
        var scanned = 0
        var timed = 0
        var undecided = 0

        var zeros: [String] {
            let all = [
                ("members", members), ("outside", outside), ("missing", missing), ("withheld", withheld),
                ("withheldParents", withheldParents), ("cut", cut), ("among", among), ("notAmong", notAmong),
                ("inside", inside),
                ("behind", behind), ("groups", groups), ("indexedByValue", indexedByValue),
                ("indexedByMember", indexedByMember), ("indexedAbove", indexedAbove), ("scanned", scanned),
                ("timed", timed),
            ]
            return all.filter { $0.1 == 0 }.map(\.0)
        }

        mutating func count(_ matching: Explanation.Matching) {
            scanned += matching.isScanned ? 1 : 0
            timed += matching.isTimed ? 1 : 0
            for way in matching.ways {
                indexedAbove += way.steps.isEmpty ? 0 : 1
                switch way.filing {
                case .values: indexedByValue += 1
                case .members: indexedByMember += 1
                }
            }
        }
    }

    private struct World {
        let shape: Shape
        let source: MemorySource
        let view: EngineView
        let schema: DatabaseSchema
        /// By node.
        let members: [Set<RowKey>]
        let permitted: [TableName: Set<RowKey>]
    }

    @Test func saysOfEveryRowWhatTheEngineDecides() throws {
        let seed = SeededGenerator.seed(31)
        var counts = Counts()
        try forEachWorld(seed, count: 150) { world in
            for node in world.shape.nodes where world.shape.nodes(of: node.table)[0] == node.index {
                let absent = try explain(RowKey(values: ["99"]), of: node.table, in: world)
                #expect(!absent.isFound && absent.isMember == false && absent.permission == nil)
                for item in absent.nodes { counts.count(item.matching) }
                counts.missing += 1
                for (key, _) in world.source.sorted(node.table) {
                    let told = try explain(key, of: node.table, in: world)
                    guard world.permitted[node.table]?.contains(key) == true else {
                        // Nothing tells it from a row that there is not.
                        #expect(told == absent, "\(world.shape.definition.canonical)")
                        counts.withheld += 1
                        continue
                    }
                    try check(told, key, of: node.table, world, &counts)
                }
            }
        }
        print("seed \(seed): \(counts)")
        #expect(counts.zeros == [])
        #expect(Set(counts.terms.keys) == [.true, .false, .unknown, .error])
    }

    /// With columns that are not held, and neither time nor sub-selects.
    @Test func isNeverWrongAboutAPart() throws {
        let seed = SeededGenerator.seed(32)
        var counts = Counts()
        var random = SeededGenerator(seed: seed)
        try forEachWorld(seed, count: 150) { world in
            let hidden = Int.random(in: 1...5, using: &random)
            var held = world.source
            for table in held.tables.keys {
                held.tables[table] = held.tables[table]?.mapValues { row in
                    var row = row
                    if hidden < row.values.count { row[hidden] = .absent }
                    return row
                }
            }
            guard !world.shape.grant.isRestricted else { return }
            for table in world.shape.tables {
                for (key, _) in world.source.sorted(table) {
                    let told = try ShapeMaintenance.explainInPart(
                        key, of: table, in: world.shape, source: held, schema: world.schema)
                    let isMember = world.shape.nodes(of: table).contains { world.members[$0].contains(key) }
                    #expect(told.isMember ?? isMember == isMember, "\(world.shape.definition.canonical)")
                    switch told.isMember {
                    case true?: counts.members += 1
                    case false?: counts.outside += 1
                    case nil: counts.undecided += 1
                    }
                }
            }
        }
        print("seed \(seed): \(counts)")
        #expect(counts.members > 0 && counts.outside > 0 && counts.undecided > 0)
    }

    // MARK: - One world

    private func forEachWorld(_ seed: UInt64, count: Int, _ body: (World) throws -> Void) throws {
        var generator = WorldGenerator(seed: seed)
        var made = 0
        while made < count {
            generator.makeSchema()
            if made % 3 > 0 { generator.makeAccess() }
            guard let shape = generator.makeShape() else { continue }
            made += 1
            var source = MemorySource()
            for _ in 0..<12 { _ = generator.mutate(&source) }
            var live = LiveShapes(schema: generator.schema, now: 30_000_000)
            try live.add(1, shape, source: source)
            var permitted: [TableName: Set<RowKey>] = [:]
            for table in shape.tables {
                let all = try Shape(
                    resolving: ShapeDefinition(rootTable: table), in: generator.schema, access: generator.access)
                permitted[table] = Set((content(of: all, source, now: live.now).tables[table] ?? [:]).keys)
            }
            let world = World(
                shape: shape, source: source, view: live.view, schema: generator.schema,
                members: content(of: shape, source, now: live.now).nodes, permitted: permitted)
            // What is said to be scanned is what the index counts as scanned.
            let isScanned = try shape.tables.contains { table in
                try explain(RowKey(values: ["99"]), of: table, in: world).nodes.contains { $0.matching.isScanned }
            }
            #expect(live.metrics.scanned == (isScanned ? 1 : 0))
            try body(world)
        }
    }

    private func explain(_ key: RowKey, of table: TableName, in world: World) throws -> Explanation {
        try ShapeMaintenance.explain(key, of: table, in: world.shape, source: world.source, view: world.view)
    }

    private func check(
        _ told: Explanation, _ key: RowKey, of table: TableName, _ world: World, _ counts: inout Counts
    ) throws {
        let nodes = world.shape.nodes(of: table)
        let isMember = nodes.contains { world.members[$0].contains(key) }
        #expect(told.isFound && told.isMember == isMember, "\(world.shape.definition.canonical) \(key)")
        #expect((told.permission != nil) == (world.shape.nodes[nodes[0]].rule != nil))
        counts.members += isMember ? 1 : 0
        counts.outside += isMember ? 0 : 1
        for (item, index) in zip(told.nodes, nodes) {
            let place = try #require(item.place)
            check(place, at: world.shape.nodes[index], world, &counts)
        }
        let places = told.nodes.compactMap(\.place).reduce(0) { $0 + Self.count($1) }
        // Only where there is no room for more.
        let isCut = told.nodes.contains { item in item.place.map { Self.isCut($0, item.path) } ?? false }
        #expect(!isCut || places >= ExplanationLimits.places)
        counts.cut += isCut ? 1 : 0
    }

    private static func count(_ place: Explanation.Place) -> Int {
        1 + (place.parents?.rows ?? []).reduce(0) { $0 + count($1) }
    }

    /// The parents of one that has some are not told.
    private static func isCut(_ place: Explanation.Place, _ path: String) -> Bool {
        guard let parents = place.parents else { return !path.isEmpty }
        return parents.rows.contains { isCut($0, parents.path) }
    }

    private func key(_ values: [Explanation.NamedValue]) -> RowKey {
        RowKey(values: values.map { Value($0.value?.string) })
    }

    private func check(_ place: Explanation.Place, at node: Shape.Node, _ world: World, _ counts: inout Counts) {
        let key = key(place.key)
        #expect(world.permitted[node.table]?.contains(key) == true)
        #expect(place.isMember == world.members[node.index].contains(key))
        if let condition = place.condition { check(condition, &counts) }
        #expect(node.parent != nil || place.parents == nil)
        if node.parent != nil, place.parents == nil { return }
        var holds = place.condition?.truth.isTrue ?? true
        if let parents = place.parents, let parent = node.parent {
            for row in parents.rows { check(row, at: world.shape.nodes[parent], world, &counts) }
            // All that it joins and that may be read are there.
            let joined = self.joined(key, at: node, world)
            let readable = joined.filter { world.permitted[parents.table]?.contains($0) == true }
            #expect(parents.rows.count + parents.more == readable.count)
            counts.withheldParents += joined.count - readable.count
            holds = holds && parents.rows.contains { $0.isMember == true }
        }
        if let window = node.window {
            for rank in place.ranks {
                #expect(rank.rank.map { ($0 <= window.limit) == rank.isInside } ?? false)
                counts.inside += rank.isInside ? 1 : 0
                counts.behind += rank.isInside ? 0 : 1
                counts.groups += rank.group.isEmpty ? 0 : 1
            }
            holds = holds && place.ranks.contains(where: \.isInside)
        }
        #expect(place.isMember == holds, "\(world.shape.definition.canonical) \(key) at \(node.path)")
    }

    private func joined(_ key: RowKey, at node: Shape.Node, _ world: World) -> [RowKey] {
        guard let row = world.source.row(key, of: node.table), let parent = node.parent else { return [] }
        return world.source.sorted(world.shape.nodes[parent].table).filter { item in
            node.links.contains { link in
                zip(link.childColumns, link.parentColumns).allSatisfy {
                    row[$0] == item.row[$1] && !row[$0].isNull
                }
            }
        }.map(\.key)
    }

    private func check(_ term: Explanation.Term, _ counts: inout Counts) {
        counts.terms[term.truth.name, default: 0] += 1
        for subselect in term.subselects {
            counts.among += subselect.truth == .true ? 1 : 0
            counts.notAmong += subselect.truth == .false ? 1 : 0
            #expect(subselect.count != nil || subselect.truth != .true)
            if subselect.truth == .true { #expect(subselect.count ?? 0 > 0) }
        }
        guard term.kind != .test else { return }
        for part in term.parts { check(part, &counts) }
        let truths = term.parts.map(\.truth.name)
        guard !truths.contains(.error) else { return }
        let expected: Truth.Name =
            switch term.kind {
            case .and: truths.contains(.false) ? .false : truths.contains(.unknown) ? .unknown : .true
            case .or: truths.contains(.true) ? .true : truths.contains(.unknown) ? .unknown : .false
            case .not: truths == [.true] ? .false : truths == [.false] ? .true : .unknown
            case .test: term.truth.name
            }
        #expect(term.truth.name == expected, "\(term.sql)")
    }
}

extension Truth {
    enum Name: Hashable { case `true`, `false`, unknown, error, undecidable }

    var name: Name {
        switch self {
        case .true: .true
        case .false: .false
        case .unknown: .unknown
        case .error: .error
        case .undecidable: .undecidable
        }
    }
}
