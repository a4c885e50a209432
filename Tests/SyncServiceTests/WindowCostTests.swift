import ShapeEngine
import Shapes
import SyncModel
import Testing

/// Windows over groups of 100 000 rows: what a change costs follows the window, and not the group.
struct WindowCostTests {
    private static let size = 100_000
    private static let limit = 50
    /// As many as a shape that holds all entries is quickly made of.
    private static let onShelf = 10_000

    enum Kind: Sendable { case root, perParent, behindJunction }

    private static func definition(_ kind: Kind) throws -> ShapeDefinition {
        let window = ShapeDefinition.Node(
            orderBy: [
                ShapeDefinition.Order("price", isDescending: true, nullsFirst: false), ShapeDefinition.Order("name"),
            ],
            limit: limit)
        let include =
            switch kind {
            case .root: ShapeDefinition.Include("")
            case .perParent: ShapeDefinition.Include("items", on: "items.list_id", window)
            case .behindJunction: ShapeDefinition.Include("items", window)
            }
        guard kind != .root else { return try ShapeDefinition(rootTable: WindowFixture.items, root: window) }
        return try ShapeDefinition(
            rootTable: kind == .perParent ? WindowFixture.lists : WindowFixture.shelves,
            root: ShapeDefinition.Node(include: [include]))
    }

    /// Item n is the nth of the order.
    private static func row(_ id: Int) -> Row { Row([Value(String(id)), "1", Value(String(size - id)), "x"]) }

    private static func fixture(_ kind: Kind) throws -> WindowFixture {
        var fixture = try WindowFixture()
        for table in [WindowFixture.lists, WindowFixture.shelves] {
            try fixture.fill(table, 1, key: #"'"1"'"#, values: "1, 1")
        }
        let key = #"'"' || i || '"'"#
        try fixture.fill(WindowFixture.items, size, key: key, values: "i, 1, CAST(\(size) - i AS TEXT), 'x'")
        if kind == .behindJunction {
            try fixture.fill(WindowFixture.entries, onShelf, key: #"'"1"/' || "# + key, values: "1, i")
        }
        try fixture.add(definition(kind))
        #expect(fixture.replicas[0][WindowFixture.items]?.count == limit)
        return fixture
    }

    /// Rows that were read for a transaction.
    private static func total(_ work: ShapeWork) -> Int { work.rowsRead + work.rowsFound }

    /// The limit and one row more, once, while nothing is known of the window; behind a junction each row's entry too.
    /// Afterwards nothing but the way up to the list, or over the entries to the shelf, and what comes in.
    @Test(arguments: [(Kind.root, [51, 0, 2, 3]), (.perParent, [54, 3, 7, 8]), (.behindJunction, [109, 6, 16, 18])])
    func readsNoMoreRowsThanTheChangeNeeds(_ kind: Kind, _ expected: [Int]) throws {
        var fixture = try Self.fixture(kind)
        let items = WindowFixture.items
        func commit(_ id: Int, _ row: Row?) throws -> ShapeWork {
            try fixture.commit([(table: items, key: WindowFixture.key(id), row: row)])
        }
        let first = try commit(Self.onShelf - 1, nil)
        let outside = try commit(Self.onShelf - 2, nil)
        #expect(outside.conditionsEvaluated == 0 && outside.scans == 0 && outside.windowsFilled == 0)
        let inside = try commit(10, nil)
        #expect(fixture.replicas[0][items]?[WindowFixture.key(51)] != nil)
        let back = try commit(10, Self.row(10))
        #expect(fixture.replicas[0][items]?[WindowFixture.key(51)] == nil)
        #expect(fixture.replicas[0][items]?.count == Self.limit)
        #expect([first, outside, inside, back].map(Self.total) == expected)
    }
}
