import Shapes
import SyncModel

extension ShapeMaintenance {
    /// Why a row is, or is not, in a shape, and how changes of its table find the shape.
    ///
    /// What is said of membership is the engine's own decision; the parts are worked out beside it. Of a row that the
    /// shape's read rules keep back, parents and groups included, nothing is told.
    ///
    /// - Parameters:
    ///   - table: MUST be one of the shape's tables.
    ///   - source: the rows of `view`, whose sub-selects MUST be the shape's.
    ///   - ranked: how many rows are counted for ranks, over the whole tree.
    package static func explain(
        _ key: RowKey, of table: TableName, in shape: Shape, source: some RowSource, view: EngineView,
        ranked: Int = ExplanationLimits.ranked
    ) throws -> Explanation {
        var explainer = ShapeExplainer(
            shape: shape, source: source, schema: view.schema, view: view, ranked: ranked)
        return try explainer.explain(key, of: table)
    }

    /// The same of a part of the rows and columns, without the time and the members of sub-selects: what is said of
    /// membership then is never wrong, and may be nothing.
    package static func explainInPart(
        _ key: RowKey, of table: TableName, in shape: Shape, source: some RowSource, schema: DatabaseSchema
    ) throws -> Explanation {
        var explainer = ShapeExplainer(shape: shape, source: source, schema: schema, view: nil)
        return try explainer.explain(key, of: table)
    }
}

private struct ShapeExplainer<Source: RowSource> {
    let shape: Shape
    let schema: DatabaseSchema
    /// nil: only a part is known.
    let view: EngineView?
    var membership: Membership<Source>
    private var termsLeft = ExplanationLimits.terms
    private var placesLeft = ExplanationLimits.places
    private var rankedLeft: Int

    typealias Found = Membership<Source>.Found

    init(
        shape: Shape, source: Source, schema: DatabaseSchema, view: EngineView?,
        ranked: Int = ExplanationLimits.ranked
    ) {
        rankedLeft = ranked
        self.shape = shape
        self.schema = schema
        self.view = view
        membership = Membership(shape: shape, source: source, now: view?.now) {
            view?.subselects.view(of: $0) ?? SubselectView()
        }
    }

    mutating func explain(_ key: RowKey, of table: TableName) throws -> Explanation {
        let nodes = shape.nodes(of: table).map { shape.nodes[$0] }
        let row = try membership.row(key, of: table).flatMap { row in
            nodes.allSatisfy { membership.permits(row, $0) } ? row : nil
        }
        var told: [Explanation.Node] = []
        for node in nodes {
            told.append(
                Explanation.Node(
                    path: node.path, matching: ShapeIndex.matching(node, of: shape, in: schema),
                    window: window(of: node), place: try row.map { try place((key: key, row: $0), at: node) }))
        }
        return Explanation(
            isFound: row != nil, isMember: isMember(told),
            now: shape.nodes.contains { $0.predicate?.usesNow == true } ? view?.now.map(EvaluationContext.text) : nil,
            permission: row == nil ? nil : shape.grant.permission(for: table), nodes: told)
    }

    /// In the shape at one node of its table at least.
    private func isMember(_ nodes: [Explanation.Node]) -> Bool? {
        let verdicts = nodes.compactMap(\.place).map(\.isMember)
        if verdicts.contains(true) { return true }
        return verdicts.contains(nil) || (view == nil && verdicts.isEmpty) ? nil : false
    }

    private func window(of node: Shape.Node) -> Explanation.Window? {
        guard let window = node.window, let table = schema[node.table] else { return nil }
        return Explanation.Window(
            order: window.order.text(in: table), limit: window.limit, per: window.group.map { shape.nodes[$0].path })
    }

    /// The row MUST be one that may be read.
    private mutating func place(_ found: Found, at node: Shape.Node) throws -> Explanation.Place {
        placesLeft -= 1
        let condition = node.predicate?.explained(
            found.row, in: membership.contexts[node.index], budget: &termsLeft)
        // A device decides by them.
        let parents = view != nil && placesLeft <= 0 ? nil : try parents(of: found.row, at: node)
        let (ranks, moreRanks) = try ranks(of: found, at: node)
        let isMember: Bool? =
            if view == nil {
                judged(condition, parents, node)
            } else {
                try membership.isMember(found.key, found.row, at: node.index)
            }
        return Explanation.Place(
            key: identity(found, of: node.table), isMember: isMember, condition: condition, ranks: ranks,
            moreRanks: moreRanks, parents: parents)
    }

    /// Other parents, and other rows of a window, may not be held.
    private func judged(
        _ condition: Explanation.Term?, _ parents: Explanation.Parents?, _ node: Shape.Node
    ) -> Bool? {
        switch condition?.truth ?? .true {
        case .false, .unknown, .error: return false
        case .undecidable: return nil
        case .true: break
        }
        guard node.window == nil, parents?.rows.contains(where: { $0.isMember == true }) ?? true else { return nil }
        return true
    }

    private mutating func parents(of row: Row, at node: Shape.Node) throws -> Explanation.Parents? {
        guard let index = node.parent else { return nil }
        let parent = shape.nodes[index]
        var members: [Found] = []
        var others: [Found] = []
        for found in try membership.parents(of: row, at: node).sorted(by: { $0.key < $1.key })
        where membership.permits(found.row, parent) {
            if try view != nil && membership.isMember(found.key, found.row, at: index) {
                members.append(found)
            } else {
                others.append(found)
            }
        }
        let all = members + others
        var rows: [Explanation.Place] = []
        // Their own parents take of the room, too.
        for found in all.prefix(ExplanationLimits.parents) where placesLeft > 0 {
            rows.append(try place(found, at: parent))
        }
        return Explanation.Parents(path: parent.path, table: parent.table, rows: rows, more: all.count - rows.count)
    }

    private mutating func ranks(
        of found: Found, at node: Shape.Node
    ) throws -> (ranks: [Explanation.Rank], more: Int) {
        guard view != nil, let window = node.window, membership.satisfies(found.key, found.row, node),
            let table = schema[node.table]
        else { return ([], 0) }
        let place = window.order.place(of: found.row, found.key)
        let values = window.order.columns.map { Explanation.NamedValue(of: found.row, $0, in: table) }
        let above = window.group.map { shape.nodes[$0].table } ?? node.table
        let groups = try membership.groups(of: found.row, at: node)
            .sorted { ($0?.key ?? wholeGroup) < ($1?.key ?? wholeGroup) }
        var ranks: [Explanation.Rank] = []
        for group in groups.prefix(ExplanationLimits.windows) {
            let counted = min(window.limit + ExplanationLimits.ranksBehind, rankedLeft)
            let isInside = try membership.state(of: node, group).contains(place)
            let rank = try membership.ranked(node, group, from: place, isBackwards: true, count: counted + 1).count
            rankedLeft = max(rankedLeft - rank, 0)
            ranks.append(
                Explanation.Rank(
                    group: group.map { identity($0, of: above) } ?? [], isInside: isInside,
                    rank: rank > counted ? nil : rank, values: values))
        }
        return (ranks, groups.count - ranks.count)
    }

    /// The columns that name a row: its key's, or, in a table without one, all.
    private func identity(_ found: Found, of name: TableName) -> [Explanation.NamedValue] {
        guard let table = schema[name] else { return [] }
        let columns = table.primaryKey.isEmpty ? Array(table.columns.indices) : table.keyIndexes
        return columns.map { Explanation.NamedValue(of: found.row, $0, in: table) }
    }
}
