import Shapes
import SyncModel

/// Finds the shapes that a changed row can touch, without asking every shape.
///
/// Each node of a shape is reached by one of these, the first that fits:
/// - its own condition has `column = value`, or `column IN (values)`: found by the value in that column;
/// - its own condition has `column IN (SELECT …)`: found by the sub-selects that have the column's value;
/// - a node above it has one of these: found by walking from the row up the links to that node, once for all shapes
///   that take the same way;
/// - none, or more ways up than are worth following: asked about every change of the table, and counted.
struct ShapeIndex: Sendable {
    /// How a row of a table leads to what shapes are filed under.
    private struct Route: Hashable {
        struct Hop: Hashable {
            let columns: [Int]
            let parent: TableName
            let parentColumns: [Int]
        }

        enum End: Hashable {
            case value(column: Int)
            case member(table: TableName, columns: [Int])
        }

        var hops: [Hop]
        let end: End
    }

    /// What a shape is filed under: values, or the number of a sub-select.
    private enum Label: Hashable {
        case value(Text)
        case member(Int)
    }

    private enum Filing {
        case values([Text])
        case members(Subselect, TableName)
    }

    /// Of one node: the ways up multiply from level to level, and each is a look-up for every row that changes.
    private static let maxRoutes = 64

    private var buckets: [TableName: [Route: [Label: Set<Int64>]]] = [:]
    /// In the order in which they were first used.
    private var routes: [TableName: [Route]] = [:]
    private var scanned: [TableName: Set<Int64>] = [:]
    private var scannedShapes: Set<Int64> = []
    private var members: MemberIndex

    init(schema: DatabaseSchema) {
        members = MemberIndex(schema: schema)
    }

    /// Shapes that are asked about every change of some table.
    var scannedCount: Int { scannedShapes.count }

    /// `store` has the shape's sub-selects.
    mutating func add(_ id: Int64, _ shape: Shape, _ store: SubselectStore) {
        for node in shape.nodes {
            if let (subselect, columns) = Self.ownMembers(node) {
                members.retain(subselect, node.table, columns, store.content(subselect))
            }
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table, default: []].insert(id)
                scannedShapes.insert(id)
                continue
            }
            for (route, filing) in filed {
                if buckets[node.table]?[route] == nil { routes[node.table, default: []].append(route) }
                for label in labels(filing) {
                    buckets[node.table, default: [:]][route, default: [:]][label, default: []].insert(id)
                }
            }
        }
    }

    /// `store` still has the shape's sub-selects.
    mutating func remove(_ id: Int64, _ shape: Shape, _ store: SubselectStore) {
        for node in shape.nodes {
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table]?.remove(id)
                scannedShapes.remove(id)
                continue
            }
            for (route, filing) in filed {
                for label in labels(filing) {
                    buckets[node.table]?[route]?[label]?.remove(id)
                    if buckets[node.table]?[route]?[label]?.isEmpty == true {
                        buckets[node.table]?[route]?[label] = nil
                    }
                }
                if buckets[node.table]?[route]?.isEmpty == true {
                    buckets[node.table]?[route] = nil
                    routes[node.table]?.removeAll { $0 == route }
                }
            }
        }
        for node in shape.nodes {
            guard let (subselect, _) = Self.ownMembers(node) else { continue }
            members.release(subselect, node.table, store.content(subselect))
        }
    }

    /// `store` stands before the step.
    mutating func apply(_ step: SubselectStep, over store: SubselectStore) { members.apply(step, over: store) }

    private func labels(_ filing: Filing) -> [Label] {
        switch filing {
        case .values(let values): values.map { .value($0) }
        case .members(let subselect, let table): members.entry(of: subselect, table).map { [.member($0.number)] } ?? []
        }
    }

    private static func ownMembers(_ node: Shape.Node) -> (subselect: Subselect, columns: [Int])? {
        guard let predicate = node.predicate, predicate.narrowestList == nil else { return nil }
        // A child whose rule alone narrows it is told better by its parent.
        return predicate.requiredMembers(orOfRule: node.parent == nil)
    }

    private static func routes(to node: Shape.Node, of shape: Shape) -> [(route: Route, filing: Filing)]? {
        if let list = node.predicate?.narrowestList {
            return [(Route(hops: [], end: .value(column: list.column)), .values(list.values))]
        }
        if let (subselect, columns) = ownMembers(node) {
            let end = Route.End.member(table: node.table, columns: columns)
            return [(Route(hops: [], end: end), .members(subselect, node.table))]
        }
        guard let parent = node.parent, let above = routes(to: shape.nodes[parent], of: shape),
            above.count * node.links.count <= maxRoutes
        else { return nil }
        return node.links.flatMap { link in
            above.map { (route: extended($0.route, over: link, to: shape.nodes[parent].table), filing: $0.filing) }
        }
    }

    /// How a node of the shape is filed, for people.
    static func matching(_ node: Shape.Node, of shape: Shape, in schema: DatabaseSchema) -> Explanation.Matching {
        func names(_ columns: [Int], _ table: TableName) -> [String] {
            columns.map { schema[table]?.columns[$0].name ?? "" }
        }
        let routes = routes(to: node, of: shape) ?? []
        let ways = routes.prefix(ExplanationLimits.filed).map { route, filing in
            var table = node.table
            let steps = route.hops.map { hop in
                let step = Explanation.Matching.Step(
                    columns: names(hop.columns, table), table: hop.parent,
                    tableColumns: names(hop.parentColumns, hop.parent))
                table = hop.parent
                return step
            }
            let columns: [Int] =
                switch route.end {
                case .value(let column): [column]
                case .member(_, let columns): columns
                }
            let told: Explanation.Matching.Filing =
                switch filing {
                case .values(let values):
                    .values(
                        values.prefix(ExplanationLimits.filed).map(\.shortened),
                        more: max(values.count - ExplanationLimits.filed, 0))
                case .members(let subselect, _): .members(of: subselect.table)
                }
            return Explanation.Matching.Way(steps: steps, columns: names(columns, table), filing: told)
        }
        return Explanation.Matching(
            ways: ways, moreWays: routes.count - ways.count, isTimed: node.timing != nil)
    }

    private static func extended(_ route: Route, over link: Shape.Link, to parent: TableName) -> Route {
        if route.hops.isEmpty, case .value(let column) = route.end,
            let place = link.parentColumns.firstIndex(of: column)
        {
            // The parent's column is the row's own.
            return Route(hops: [], end: .value(column: link.childColumns[place]))
        }
        let hop = Route.Hop(columns: link.childColumns, parent: parent, parentColumns: link.parentColumns)
        return Route(hops: [hop] + route.hops, end: route.end)
    }

    // MARK: - Matching

    /// Adds the rows that changed, to those of the shapes that may have them. `before` and `after` are the views around
    /// the changes.
    func touched(
        by changes: [RowChange], before: some RowSource, after: some RowSource, into touches: inout [Int64: ShapeTouch],
        _ work: inout ShapeWork
    ) throws {
        for change in changes {
            work.shapesScanned += scanned[change.table]?.count ?? 0
            let ids = try shapes(change.table, change.old, change.new, before: before, after: after, &work)
            for id in ids { touches[id, default: ShapeTouch()].add(change.key, of: change.table) }
        }
    }

    /// The shapes that may have a row of the table which is `old` in the one view and `new` in the other.
    func shapes(
        _ table: TableName, _ old: Row?, _ new: Row?, before: some RowSource, after: some RowSource,
        _ work: inout ShapeWork
    ) throws -> Set<Int64> {
        var ids = scanned[table] ?? []
        for route in routes[table] ?? [] {
            guard let filed = buckets[table]?[route] else { continue }
            if let old { try match(old, route, before, filed, &ids, &work) }
            if let new, new != old || !route.hops.isEmpty { try match(new, route, after, filed, &ids, &work) }
        }
        return ids
    }

    /// The shapes that are filed under a sub-select of conditions on rows of the table.
    func filed(under subselect: Subselect, _ table: TableName) -> Set<Int64> {
        guard let (number, columns) = members.entry(of: subselect, table) else { return [] }
        let route = Route(hops: [], end: .member(table: table, columns: columns))
        return buckets[table]?[route]?[.member(number)] ?? []
    }

    private func match(
        _ row: Row, _ route: Route, _ source: some RowSource, _ filed: [Label: Set<Int64>], _ ids: inout Set<Int64>,
        _ work: inout ShapeWork
    ) throws {
        var rows = [row]
        for hop in route.hops {
            var above: [Row] = []
            for row in rows {
                let values = hop.columns.map { row[$0] }
                guard values.allSatisfy({ $0.text != nil }) else { continue }
                work.lookups += 1
                above += try source.rows(of: hop.parent, where: hop.parentColumns, equal: values).map(\.row)
            }
            rows = above
        }
        for row in rows {
            switch route.end {
            case .value(let column):
                if let text = row[column].text, let found = filed[.value(text)] { ids.formUnion(found) }
            case .member(let table, let columns):
                for number in members.numbers(equalTo: row, of: table, columns) {
                    if let found = filed[.member(number)] { ids.formUnion(found) }
                }
            }
        }
    }
}
