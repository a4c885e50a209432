import JSONText
import Shapes
import SyncModel

/// A generated shape: what the engine is given as a definition, and what SQL is printed from. It knows where each
/// include leads without asking the resolver.
struct EnginePlan {
    var root: Node

    struct Order {
        let column: String
        let isDescending: Bool
        let nullsFirst: Bool?

        var text: String {
            let nulls = nullsFirst.map { $0 ? " NULLS FIRST" : " NULLS LAST" } ?? ""
            return column + (isDescending ? " DESC" : "") + nulls
        }
    }

    struct Equality {
        let column: String
        let json: JSON
        let sql: String
    }

    struct Condition {
        /// In the language, and, but for NOW() and errors, in PostgreSQL's too.
        var text: String
        /// Where PostgreSQL must be asked otherwise. `{claim}` stands for a claim of the person's.
        var sql: String
        var features: Set<EngineFeature> = []
        /// A rule on `NOW()` stands inside a sub-select, where the language refuses it.
        var asksTimeInside = false
    }

    struct Node {
        /// Index of the table in the world.
        var table: Int
        /// nil for the root.
        var way: EngineWay?
        /// Joined by AND.
        var conditions: [Condition] = []
        /// In place of conditions.
        var equalities: [Equality] = []
        var select: [String]?
        var order: [Order] = []
        var limit: Int?
        var children: [Node] = []
        /// The table has a read rule that restricts the person.
        var isRuled = false
    }

    var definition: ShapeDefinition {
        get throws { try ShapeDefinition(json: json) }
    }

    var tables: EngineTables
    /// Whose shape it is; nil where there are no rules.
    var access: EngineAccess?
    var canary: EngineCanary?

    func shape(in schema: DatabaseSchema) throws -> Shape {
        let definition = try definition
        let seen = access.flatMap { access in canary.map { $0.access(access) } ?? access }
        guard let seen else { return try Shape(resolving: definition, in: schema) }
        return try Shape(resolving: definition, in: schema, access: try seen.access(tables))
    }

    var json: JSON {
        var object = Self.object(root)
        object["root_table"] = .string(tables[root.table].name)
        return .object(object)
    }

    private static func object(_ node: Node) -> JSONObject {
        var object = JSONObject()
        let joined = node.way?.explicit.map { ["(\($0))"] } ?? []
        let terms = joined + node.conditions.map { "(\($0.text))" }
        if !node.equalities.isEmpty {
            object["where"] = .object(JSONObject(node.equalities.map { ($0.column, $0.json) }))
        } else if !terms.isEmpty {
            object["where"] = .string(terms.joined(separator: " AND "))
        }
        if let on = node.way?.on { object["on"] = .string(on) }
        if let select = node.select { object["select"] = .array(select.map { .string($0) }) }
        if !node.order.isEmpty { object["order_by"] = .string(node.order.map(\.text).joined(separator: ", ")) }
        if let limit = node.limit { object["limit"] = .int(Int64(limit)) }
        guard !node.children.isEmpty else { return object }
        let children = node.children.map { child -> (String, JSON) in
            let object = Self.object(child)
            return (child.way?.name ?? "", object.isEmpty ? .bool(true) : .object(object))
        }
        object["include"] = .object(JSONObject(children))
        return object
    }
}

/// How a child's rows are reached from a parent's.
struct EngineWay {
    /// Under which the definition includes it.
    var name: String
    var on: String?
    let table: Int
    /// Any one of them joins. Of a junction: from it to the child.
    var links: [[Link]]
    /// Between: its table, and how it joins the parent.
    var junction: (table: Int, links: [Link])?
    /// The condition that joins, as written.
    var explicit: String?
    var features: Set<EngineFeature>

    struct Link {
        let child: String
        let parent: String
    }
}

extension EnginePlan {
    var nodes: [Node] {
        var nodes = [root]
        var next = 0
        while next < nodes.count {
            nodes += nodes[next].children
            next += 1
        }
        return nodes
    }

    var asksTimeInside: Bool { nodes.contains { $0.conditions.contains(where: \.asksTimeInside) } }

    var asksTime: Bool { features.contains(.timeCondition) }

    var features: Set<EngineFeature> {
        var features: Set<EngineFeature> = []
        var counts: [Int: Int] = [:]
        for node in nodes {
            counts[node.table, default: 0] += 1
            if let between = node.way?.junction { counts[between.table, default: 0] += 1 }
            features.formUnion(node.features)
        }
        if counts.values.contains(where: { $0 > 1 }) { features.insert(.twoPaths) }
        return features
    }

    /// Pairs of features that stand at one node.
    var nodePairs: Set<EngineFeature.Pair> {
        nodes.reduce(into: []) { $0.formUnion(EngineFeature.pairs(in: $1.features)) }
    }
}

extension EnginePlan.Node {
    /// What it has itself.
    var features: Set<EngineFeature> {
        var features = way?.features ?? []
        for condition in conditions { features.formUnion(condition.features) }
        if !equalities.isEmpty { features.insert(.equalityObject) }
        if isRuled { features.insert(.readRule) }
        if select != nil { features.insert(.select) }
        if order.count > 1, order.contains(where: { $0.isDescending || $0.nullsFirst != nil }) {
            features.insert(.orderBy)
        }
        if !conditions.isEmpty { features.insert(way == nil ? .rootCondition : .childCondition) }
        if limit != nil {
            features.insert(way == nil ? .rootLimit : way?.junction != nil ? .limitBehindJunction : .limitPerParent)
        }
        return features
    }
}
