import SeededRandom
import Shapes
import SyncModel
import Testing

/// Windows kept live over a real store, against ranking all rows anew.
struct WindowRefillTests {
    private struct Item {
        let id: Int
        let list: Int?
        let price: Double?
        let name: String
    }

    private struct Model {
        var open: [Int: Bool] = [:]
        var items: [Int: Item] = [:]
        var entries: Set<[Int]> = []

        /// By price descending with NULLs last, then name, then id.
        func ranked(_ items: [Item], _ limit: Int) -> Set<Int> {
            let sorted = items.sorted { left, right in
                let prices = (left.price ?? -.infinity, right.price ?? -.infinity)
                if prices.0 != prices.1 { return prices.0 > prices.1 }
                return left.name == right.name ? left.id < right.id : left.name < right.name
            }
            return Set(sorted.prefix(limit).map(\.id))
        }

        func cheap(_ limit: Int) -> Set<Int> { ranked(items.values.filter { $0.name != "c" }, limit) }

        func perList(_ limit: Int) -> Set<Int> {
            open.keys.filter { open[$0] == true }.reduce(into: []) { all, list in
                all.formUnion(ranked(items.values.filter { $0.list == list }, limit))
            }
        }

        func behind(_ limit: Int) -> Set<Int> {
            open.keys.filter { open[$0] == true }.reduce(into: []) { all, list in
                let own = entries.filter { $0[0] == list }.compactMap { items[$0[1]] }
                all.formUnion(ranked(own, limit))
            }
        }
    }

    private static let limit = 4
    private static let lists = 1...4

    private static let order = [
        ShapeDefinition.Order("price", isDescending: true, nullsFirst: false), ShapeDefinition.Order("name"),
    ]

    private static func definitions() throws -> [ShapeDefinition] {
        func tree(_ root: TableName) throws -> ShapeDefinition {
            let window = ShapeDefinition.Node(orderBy: order, limit: limit)
            return try ShapeDefinition(
                rootTable: root,
                root: ShapeDefinition.Node(
                    condition: "is_open", include: [ShapeDefinition.Include("items", window)]))
        }
        return [
            try ShapeDefinition(
                rootTable: WindowFixture.items,
                root: ShapeDefinition.Node(condition: "name <> 'c'", orderBy: order, limit: 3 * limit)),
            try tree(WindowFixture.lists), try tree(WindowFixture.shelves),
        ]
    }

    private func row(_ item: Item) -> Row {
        Row([
            Value(String(item.id)), item.list.map { Value(String($0)) } ?? .null,
            // Written in many ways, which are equal all the same.
            item.price.map { Value($0 == 3 ? ["3", "3.0", "3.00"][item.id % 3] : String($0)) } ?? .null,
            Value(item.name),
        ])
    }

    private func item(_ id: Int, _ random: inout SeededGenerator) -> Item {
        Item(
            id: id, list: random.once(in: 8) ? nil : random.pick(Array(Self.lists)),
            price: random.once(in: 6) ? nil : Double(Int.random(in: -2...40, using: &random)) / 2,
            name: random.pick(["a", "b", "c"]))
    }

    @Test func holdsWhatRankingAllRowsAnewGives() throws {
        var random = SeededGenerator(seed: 31)
        var model = Model()
        var fixture = try WindowFixture()
        for definition in try Self.definitions() { try fixture.add(definition) }
        var moved = [0, 0, 0]
        var largest = 0
        for round in 0..<600 {
            let edits = edits(round, &model, &random)
            let held = fixture.replicas
            try fixture.commit(edits)
            let expected = [model.cheap(3 * Self.limit), model.perList(Self.limit), model.behind(Self.limit)]
            for (index, ids) in expected.enumerated() {
                let keys = Set(ids.map { WindowFixture.key($0) })
                let found = Set((fixture.replicas[index][WindowFixture.items] ?? [:]).keys)
                #expect(found == keys, "round \(round), shape \(index)")
                if held[index][WindowFixture.items] != fixture.replicas[index][WindowFixture.items] {
                    moved[index] += 1
                }
            }
            largest = max(largest, model.entries.count { $0[0] == 1 })
        }
        print("seed 31: rounds that moved each window \(moved), largest group behind a junction \(largest)")
        #expect(!moved.contains(0) && largest > 4 * (Self.limit + 1) + 64)
    }

    private func edits(
        _ round: Int, _ model: inout Model, _ random: inout SeededGenerator
    ) -> [(table: TableName, key: RowKey, row: Row?)] {
        var edits: [WindowPlaceOfEdit: Row?] = [:]
        // Many rows at first, so that groups are large; later they go one by one.
        let count = round < 40 ? 20 : Int.random(in: 1...6, using: &random)
        for _ in 0..<count {
            let id = Int.random(in: 1...400, using: &random)
            let list = random.pick(Array(Self.lists))
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where round % 3 == 0:
                model.open[list] = model.open[list] == nil || random.once(in: 3) ? true : random.once(in: 2)
                for table in [WindowFixture.lists, WindowFixture.shelves] {
                    edits[WindowPlaceOfEdit(table, WindowFixture.key(list))] =
                        Row([Value(String(list)), model.open[list] == true ? "t" : "f"])
                }
            case 1,
                2 where round > 100, 3 where round > 300:
                model.items[id] = nil
                edits[WindowPlaceOfEdit(WindowFixture.items, WindowFixture.key(id))] = .some(nil)
            case 4, 5, 6:
                let isIn = model.entries.contains([list, id])
                if isIn, round < 100 { continue }
                if isIn { model.entries.remove([list, id]) } else { model.entries.insert([list, id]) }
                edits[WindowPlaceOfEdit(WindowFixture.entries, WindowFixture.key(list, id))] =
                    isIn ? .some(nil) : Row([Value(String(list)), Value(String(id))])
            default:
                let item = item(id, &random)
                model.items[id] = item
                edits[WindowPlaceOfEdit(WindowFixture.items, WindowFixture.key(id))] = row(item)
            }
        }
        return edits.sorted { ($0.key.table, $0.key.key) < ($1.key.table, $1.key.key) }
            .map { (table: $0.key.table, key: $0.key.key, row: $0.value) }
    }
}

private struct WindowPlaceOfEdit: Hashable {
    let table: TableName
    let key: RowKey

    init(_ table: TableName, _ key: RowKey) {
        self.table = table
        self.key = key
    }
}
