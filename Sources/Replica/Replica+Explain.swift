import ShapeEngine
import Shapes
import SyncModel
import TableStore

/// What the device knows of a row's part in a shape.
package struct LocalExplanation: Hashable, Sendable {
    /// From the rows and columns that are held, queued operations included. Where the shape is in view, whether the
    /// row is a member is what the view shows.
    package let explanation: Explanation
    /// The row is in view.
    package let isHeld: Bool
    /// The shapes in view that have it, by id.
    package let shapes: [String]
    /// Operations on it that are not confirmed, in queue order; at most `Replica.explainedOperations`.
    package let operations: [OperationRecord]
}

extension Replica {
    package static let explainedOperations = 100

    /// - Parameters:
    ///   - shape: resolved in the replica's schema; held or not.
    ///   - name: of a row of `table`, one of the shape's.
    package func explain(
        _ name: RowName, of table: TableName, in shape: Shape
    ) throws(ReplicaError) -> LocalExplanation {
        try inspect { transaction in
            guard let schema = transaction.memory.schema, let tableSchema = schema[table] else {
                throw ReplicaError(.schemaUnknown, "The table \(table) is not known yet: wait for a connection")
            }
            let address = RowAddress(table: table, key: name.key)
            let state = try transaction.viewState(address, tableSchema)
            var explanation = try ShapeMaintenance.explainInPart(
                name.key, of: table, in: shape, source: HeldRows(transaction: transaction, schema: schema),
                schema: schema)
            let numbers = state.map { transaction.memory.sets.shapes(of: $0.members) } ?? []
            let records = transaction.memory.asked
            if let record = records.first(where: { $0.definition == shape.definition && $0.isVisible }) {
                explanation.isMember = numbers.contains(record.number)
            }
            return LocalExplanation(
                explanation: explanation, isHeld: state != nil,
                shapes: records.filter { $0.isVisible && numbers.contains($0.number) }.map(\.id),
                operations: try OperationTable.unconfirmed(
                    on: address, limit: Self.explainedOperations, in: transaction.db))
        }
    }
}

/// The rows in view, as the engine reads them.
private struct HeldRows: RowSource {
    let transaction: ReplicaTransaction
    let schema: DatabaseSchema

    func row(_ key: RowKey, of table: TableName) throws -> SyncedRow? {
        guard let table = schema[table] else { return nil }
        return try transaction.viewState(RowAddress(table: table.name, key: key), table)?.row
    }

    func rows(
        of table: TableName, where columns: [Int], equal values: [Value]
    ) throws -> [(key: RowKey, row: SyncedRow)] {
        guard let table = schema[table] else { return [] }
        var found: [(key: RowKey, row: SyncedRow)] = []
        for address in try transaction.addresses(of: table, where: columns, equal: values) {
            guard let row = try row(address.key, of: table.name), zip(columns, values).allSatisfy({ row[$0] == $1 })
            else { continue }
            found.append((key: address.key, row: row))
        }
        return found
    }

    func forEach(of table: TableName, _ body: (RowKey, SyncedRow) throws -> Void) throws {
        guard let table = schema[table] else { return }
        let stores = transaction.stores
        try stores.confirmed.forEach(table, in: transaction.db) { stored in
            guard let row = try row(stored.key, of: table.name) else { return }
            try body(stored.key, row)
        }
        // Those that only the overlay has.
        try stores.overlay.forEach(table, in: transaction.db) { stored in
            let address = RowAddress(table: table.name, key: stored.key)
            guard try transaction.confirmedRow(address, table) == nil, let row = try row(stored.key, of: table.name)
            else { return }
            try body(stored.key, row)
        }
    }
}
