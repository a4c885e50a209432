import Shapes
import SyncModel

/// The rows that come next in a window, held and not shown, so that an own delete leaves no gap.
///
/// Where the device ranks the windows of a shape, it asks the service for another one beside it: the same, with wider
/// windows. To the stream it is a shape like any other, of the same frontier. Nobody sees it; what it has is found by
/// `WindowRanking`, as what other shapes hold is. It takes the room that shapes which somebody asked for leave.
extension ReplicaTransaction {
    /// Call it when shapes came, went, ended, or mean something else.
    func lookAhead() throws {
        for record in memory.shapes where record.aheadOf != nil && !isWanted(record) {
            try remove(record.number)
        }
        while memory.shapes.count > limits.maxShapes, let last = memory.shapes.last(where: { $0.aheadOf != nil }) {
            try remove(last.number)
        }
        for record in memory.asked where record.ended == nil && memory.shapes.count < limits.maxShapes {
            guard let wider = record.resolved?.lookAhead,
                !memory.shapes.contains(where: { $0.aheadOf == record.number }), let schema = memory.schema
            else { continue }
            var next = try ShapeTable.insert(wider, at: nil, aheadOf: record.number, in: db)
            next.resolved = try? ResolvedShape(wider, in: schema)
            memory.shapes.append(next)
        }
    }

    private func isWanted(_ record: HeldRecord) -> Bool {
        guard let number = record.aheadOf, let index = memory.index(of: number), memory.shapes[index].ended == nil
        else { return false }
        return memory.shapes[index].resolved?.lookAhead == record.definition
    }
}

extension ShapeDefinition {
    /// How many rows more than a window takes are held for it.
    static func lookAhead(_ limit: Int) -> Int { min(limit, 10) }

    /// With wider windows; nil where that would be too much.
    var wider: ShapeDefinition? {
        try? ShapeDefinition(rootTable: rootTable, root: Self.wider(root), parameters: parameters)
    }

    private static func wider(_ node: Node) -> Node {
        var node = node
        node.limit = node.limit.map { $0 + lookAhead($0) }
        node.include = node.include.map { include in
            Include(include.name, on: include.on, wider(include.node))
        }
        return node
    }
}
