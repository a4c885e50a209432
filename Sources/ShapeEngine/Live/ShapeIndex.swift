import Shapes
import SyncModel

/// Finds the shapes that a changed row can touch, without asking every shape.
///
/// Each node of a shape is reached by one of these, the first that fits:
/// - its own condition has `column = value`: found by the value in that column;
/// - a node above it has one: found by walking from the row up the links to that column, once for all shapes
///   that take the same way;
/// - neither: asked about every change of the table, and counted.
package struct ShapeIndex: Sendable {
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

    package init() {}

    /// Shapes, by table, that are asked about every change of it.
    package var scannedCount: Int { scanned.values.reduce(0) { $0 + $1.count } }

    package mutating func add(_ id: Int64, _ shape: Shape) {
        for node in shape.nodes {
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table, default: []].insert(id)
                continue
            }
            for (route, value) in filed {
                if buckets[node.table]?[route] == nil { routes[node.table, default: []].append(route) }
                buckets[node.table, default: [:]][route, default: [:]][value, default: []].insert(id)
            }
        }
    }

    package mutating func remove(_ id: Int64, _ shape: Shape) {
        for node in shape.nodes {
            guard let filed = Self.routes(to: node, of: shape) else {
                scanned[node.table]?.remove(id)
                continue
            }
            for (route, value) in filed {
                buckets[node.table]?[route]?[value]?.remove(id)
                if buckets[node.table]?[route]?[value]?.isEmpty == true { buckets[node.table]?[route]?[value] = nil }
                if buckets[node.table]?[route]?.isEmpty == true {
                    buckets[node.table]?[route] = nil
                    routes[node.table]?.removeAll { $0 == route }
                }
            }
        }
    }

    /// How a shape's tables are matched: nodes that are scanned for, by path.
    package static func scannedPaths(of shape: Shape) -> [String] {
        shape.nodes.filter { routes(to: $0, of: shape) == nil }.map(\.path)
    }

    private static func routes(to node: Shape.Node, of shape: Shape) -> [(Route, Text)]? {
        if let equality = node.predicate?.equalities.first {
            return [(Route(hops: [], column: equality.column), equality.value)]
        }
        guard let parent = node.parent, let above = routes(to: shape.nodes[parent], of: shape) else { return nil }
        var found: [(Route, Text)] = []
        for link in node.links {
            for (route, value) in above {
                if route.hops.isEmpty, let place = link.parentColumns.firstIndex(of: route.column) {
                    // The parent's column is the row's own.
                    found.append((Route(hops: [], column: link.childColumns[place]), value))
                } else {
                    let hop = Route.Hop(
                        columns: link.childColumns, parent: shape.nodes[parent].table,
                        parentColumns: link.parentColumns)
                    found.append((Route(hops: [hop] + route.hops, column: route.column), value))
                }
            }
        }
        return found
    }

    // MARK: - Matching

    /// Adds the shapes that the changes can touch. `before` and `after` are the views around them.
    package func touched(
        by changes: [RowChange], before: some RowSource, after: some RowSource, into ids: inout Set<Int64>,
        _ work: inout ShapeWork
    ) throws {
        for change in changes {
            if let scanned = scanned[change.table], !scanned.isEmpty {
                work.shapesScanned += scanned.count
                ids.formUnion(scanned)
            }
            for route in routes[change.table] ?? [] {
                guard let values = buckets[change.table]?[route] else { continue }
                if let old = change.old { try match(old, route, before, values, &ids, &work) }
                if let new = change.new, new != change.old || !route.hops.isEmpty {
                    try match(new, route, after, values, &ids, &work)
                }
            }
        }
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
