import TableStore
import Shapes
import SyncModel

/// Whether a row with local changes around it is in a shape.
///
/// The same walk as the shape engine's, up from the row to the root with the same conditions, over the rows as
/// a person sees them. Unlike the engine's it can end without an answer: the device does not hold every column
/// that the service decides by. Then what the service said stands, of the row itself and of a row above it.
struct LocalMembership {
    let transaction: ReplicaTransaction
    let shape: ResolvedShape
    /// The held shape's number.
    let number: Int64

    /// nil where the columns that decide are not held.
    func contains(_ address: RowAddress, _ row: SyncedRow) throws -> Bool? {
        try Self.any(of: shape.nodes.filter { $0.table == address.table }) { try isMember(address, row, at: $0) }
    }

    private func isMember(_ address: RowAddress, _ row: SyncedRow, at node: Shape.Node) throws -> Bool? {
        var isUndecided = false
        switch node.predicate?.evaluate(row) {
        case nil, .true?: break
        case .undecidable?: isUndecided = true
        case .false?, .unknown?, .error?: return false
        }
        if node.window != nil {
            if shape.ranked.contains(node.index) { return try isRanked(address, row, at: node) }
            // Its rank is the service's to say.
            isUndecided = true
        }
        if let parent = node.parent {
            switch try hasParent(row, at: shape.nodes[parent], node.links, where: { _ in true }) {
            case true?: break
            case false?: return false
            case nil: isUndecided = true
            }
        }
        return isUndecided ? nil : true
    }

    /// Whether it is in its window, or in that of a row that it joins.
    private func isRanked(_ address: RowAddress, _ row: SyncedRow, at node: Shape.Node) throws -> Bool? {
        func isShown(_ group: RowKey?) throws -> Bool? {
            let id = WindowID(shape: number, node: node.index, group: group)
            return try transaction.window(id, in: shape)?.shown.contains(address.key)
        }
        guard let parent = node.parent else { return try isShown(nil) }
        return try hasParent(row, at: shape.nodes[parent], node.links) { try isShown($0.key) }
    }

    private func hasParent(
        _ row: SyncedRow, at parent: Shape.Node, _ links: [Shape.Link], where condition: (RowAddress) throws -> Bool?
    ) throws -> Bool? {
        try Self.any(of: links) { try hasParent(row, at: parent, $0, where: condition) }
    }

    private func hasParent(
        _ row: SyncedRow, at parent: Shape.Node, _ link: Shape.Link, where condition: (RowAddress) throws -> Bool?
    ) throws -> Bool? {
        let values = link.childColumns.map { row[$0] }
        if values.contains(.absent) { return nil }
        guard let schema = transaction.memory.table(parent.table) else { return nil }
        var isUndecided = false
        for address in try transaction.addresses(of: schema, where: link.parentColumns, equal: values) {
            guard let state = try transaction.viewState(address, schema),
                zip(link.parentColumns, values).allSatisfy({ state.row[$0] == $1 }),
                try isMember(address, state.row, at: parent) ?? wasSaid(address, schema)
            else { continue }
            switch try condition(address) {
            case true?: return true
            case false?: break
            case nil: isUndecided = true
            }
        }
        // A parent whose join column is not held would not have been found.
        return !isUndecided && link.parentColumns.allSatisfy(parent.selected.contains) ? false : nil
    }

    /// Three-valued: true where one is, else nil where one is undecided.
    private static func any<Item>(of items: [Item], _ body: (Item) throws -> Bool?) rethrows -> Bool? {
        var isUndecided = false
        for item in items {
            switch try body(item) {
            case true?: return true
            case false?: break
            case nil: isUndecided = true
            }
        }
        return isUndecided ? nil : false
    }

    /// Not what was decided here: that may hang on the very row that is asked about.
    private func wasSaid(_ address: RowAddress, _ schema: TableSchema) throws -> Bool {
        let row = try transaction.confirmedRow(address, schema) ?? transaction.keptRow(address, schema)
        return row.map { transaction.memory.sets.contains(number, in: $0.members) } ?? false
    }
}

extension ReplicaTransaction {
    /// Rows whose confirmed or local image has these values, hidden ones included, sorted by key.
    func addresses(
        of schema: TableSchema, where columns: [Int], equal values: [Value], onlyOverlaid: Bool = false
    ) throws -> [RowAddress] {
        guard values.allSatisfy({ $0.text != nil }) else { return [] }
        if columns == schema.keyIndexes, !onlyOverlaid {
            // By key: there is at most one.
            return [RowAddress(table: schema.name, key: RowKey(values: values))]
        }
        var keys: Set<RowKey> = []
        if memory.overlaid[schema.name] != nil {
            for stored in try stores.overlay.rows(of: schema, where: columns, equal: values, in: db) {
                keys.insert(stored.key)
            }
        }
        if !onlyOverlaid {
            for stored in try stores.confirmed.rows(of: schema, where: columns, equal: values, in: db) {
                keys.insert(stored.key)
            }
        }
        return keys.sorted().map { RowAddress(table: schema.name, key: $0) }
    }
}
