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
    func contains(_ table: TableName, _ row: SyncedRow) throws -> Bool? {
        var isUndecided = false
        for node in shape.nodes where node.table == table {
            switch try isMember(row, at: node) {
            case true?: return true
            case false?: break
            case nil: isUndecided = true
            }
        }
        return isUndecided ? nil : false
    }

    private func isMember(_ row: SyncedRow, at node: Shape.Node) throws -> Bool? {
        var isUndecided = false
        switch node.predicate?.evaluate(row) {
        case nil, .true?: break
        case .undecidable?: isUndecided = true
        case .false?, .unknown?, .error?: return false
        }
        // Its rank is the service's to say: it has the rows beyond the edge.
        if node.window != nil { isUndecided = true }
        if let parent = node.parent {
            switch try hasParent(row, at: shape.nodes[parent], node.links) {
            case true?: break
            case false?: return false
            case nil: isUndecided = true
            }
        }
        return isUndecided ? nil : true
    }

    private func hasParent(_ row: SyncedRow, at parent: Shape.Node, _ links: [Shape.Link]) throws -> Bool? {
        var isUndecided = false
        for link in links {
            switch try hasParent(row, at: parent, link) {
            case true?: return true
            case false?: break
            case nil: isUndecided = true
            }
        }
        return isUndecided ? nil : false
    }

    private func hasParent(_ row: SyncedRow, at parent: Shape.Node, _ link: Shape.Link) throws -> Bool? {
        let values = link.childColumns.map { row[$0] }
        if values.contains(.absent) { return nil }
        guard let schema = transaction.memory.table(parent.table) else { return nil }
        for address in try transaction.addresses(of: schema, where: link.parentColumns, equal: values) {
            guard let state = try transaction.viewState(address, schema),
                zip(link.parentColumns, values).allSatisfy({ state.row[$0] == $1 })
            else { continue }
            if try isMember(state.row, at: parent) ?? wasSaid(address, schema) { return true }
        }
        // A parent whose join column is not held would not have been found.
        return link.parentColumns.allSatisfy(parent.selected.contains) ? false : nil
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
