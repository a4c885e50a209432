import Shapes
import SyncModel

/// Finds the shapes that a changed row can touch, without asking every shape.
///
/// Each node of a shape is reached by one of these, the first that fits:
/// - its own condition has `column = value`, or `column IN (values)`: found by the value in that column;
/// - a node above it has one: found by walking from the row up the links to that column, once for all shapes
///   that take the same way;
/// - neither: asked about every change of the table, and counted.
struct ShapeIndex: Sendable {
    /// How a row of a table leads to the value that shapes are filed under.
    private struct Route: Hashable {
        struct Hop: Hashable {
            let columns: [Int]
            let parent: TableName
            let parentColumns: [Int]
        }

        var hops: [Hop]
        var column: Int
    }

    private var buckets: [TableName: [Route: [Text: Set<Int64>]]] = [:]
    /// In the order in which they were first used.
    private var routes: [TableName: [Route]] = [:]
    private var scanned: [TableName: Set<Int64>] = [:]
    private var scannedShapes: Set<Int64> = []

    /// Shapes that are asked about every change of some table.
    var scannedCount: Int { scannedShapes.count }

    mutating func add(_ id: Int64, _ shape: Shape) {
        for node in shape.nodes {
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table, default: []].insert(id)
                scannedShapes.insert(id)
                continue
            }
            for (route, values) in filed {
                if buckets[node.table]?[route] == nil { routes[node.table, default: []].append(route) }
                for value in values {
                    buckets[node.table, default: [:]][route, default: [:]][value, default: []].insert(id)
                }
            }
        }
    }

    mutating func remove(_ id: Int64, _ shape: Shape) {
        for node in shape.nodes {
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table]?.remove(id)
                scannedShapes.remove(id)
                continue
            }
            for (route, values) in filed {
                for value in values {
                    buckets[node.table]?[route]?[value]?.remove(id)
                    if buckets[node.table]?[route]?[value]?.isEmpty == true {
                        buckets[node.table]?[route]?[value] = nil
                    }
                }
                if buckets[node.table]?[route]?.isEmpty == true {
                    buckets[node.table]?[route] = nil
                    routes[node.table]?.removeAll { $0 == route }
                }
            }
        }
    }

    private static func routes(to node: Shape.Node, of shape: Shape) -> [(route: Route, values: [Text])]? {
        if let list = node.predicate?.narrowestList {
            return [(Route(hops: [], column: list.column), list.values)]
        }
        guard let parent = node.parent, let above = routes(to: shape.nodes[parent], of: shape) else { return nil }
        var found: [(route: Route, values: [Text])] = []
        for link in node.links {
            for (route, values) in above {
                if route.hops.isEmpty, let place = link.parentColumns.firstIndex(of: route.column) {
                    // The parent's column is the row's own.
                    found.append((Route(hops: [], column: link.childColumns[place]), values))
                } else {
                    let hop = Route.Hop(
                        columns: link.childColumns, parent: shape.nodes[parent].table,
                        parentColumns: link.parentColumns)
                    found.append((Route(hops: [hop] + route.hops, column: route.column), values))
                }
            }
        }
        return found
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
            guard let values = buckets[table]?[route] else { continue }
            if let old { try match(old, route, before, values, &ids, &work) }
            if let new, new != old || !route.hops.isEmpty { try match(new, route, after, values, &ids, &work) }
        }
        return ids
    }

    private func match(
        _ row: Row, _ route: Route, _ source: some RowSource, _ values: [Text: Set<Int64>], _ ids: inout Set<Int64>,
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
            guard let text = row[route.column].text, let found = values[text] else { continue }
            ids.formUnion(found)
        }
    }
}
