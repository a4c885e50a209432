import GRDB
import SyncModel
import TableStore

/// Rows of a first sync that has not reached a frontier yet. They lie apart from what is in view, and are shown to
/// those who ask for them alone: they are not of one moment, and more are to come.
package enum Arrival: Hashable, Sendable {
    /// It has not come, or the shape is in view.
    case missing
    /// It has come, and queued operations delete it.
    case deleted
    case row(ViewRow)
}

extension Replica {
    /// A row that has come for a shape that is not in view, with the queued operations on top.
    package func arrival(shape id: String, table: TableName, key: RowKey) throws(ReplicaError) -> Arrival {
        guard let record = memory.shapes.first(where: { $0.id == id }), let schema = memory.table(table),
            let columns = record.resolved?.selection(of: table)
        else { return .missing }
        return try inspect { transaction in
            let address = RowAddress(table: table, key: key)
            guard let stored = try transaction.arrivedRow(address, schema, for: record) else { return .missing }
            let state = try transaction.state(arrived: stored, address, schema)
            return state.map { .row(ReplicaTransaction.viewRow(address, $0, schema, columns)) } ?? .deleted
        }
    }
}

extension HeldRecord {
    /// Rows of its first life may have come.
    var hasArrivals: Bool { !isVisible && isLoading && handle != nil && ended == nil }
}

extension ReplicaTransaction {
    func arrivedRow(
        _ address: RowAddress, _ schema: TableSchema, for record: HeldRecord
    ) throws -> StoredRow? {
        guard record.hasArrivals, record.resolved?.selection(of: address.table) != nil else { return nil }
        return try stores.loading(record.number).row(address.key, of: schema, in: db)
    }

    /// In any shape that is not in view yet: the row that an operation is to be on.
    func arrivedRow(_ address: RowAddress, _ schema: TableSchema) throws -> StoredRow? {
        for record in memory.shapes {
            if let stored = try arrivedRow(address, schema, for: record) { return stored }
        }
        return nil
    }

    /// nil where the operations delete it.
    func state(arrived stored: StoredRow, _ address: RowAddress, _ schema: TableSchema) throws -> ViewState? {
        let confirmed = ConfirmedRow(stored)
        let operations = try applied(to: address)
        if operations.isEmpty { return Self.state(confirmed) }
        var fold = OperationFold(address.key, base: confirmed.row, in: schema)
        for record in operations { fold.apply(record.operation) }
        return fold.row.map { ViewState(row: $0, members: confirmed.members, isPending: true) }
    }

    /// Sorted by table, then key, as rows in view.
    func arrivedRows(
        of record: HeldRecord, after start: RowAddress?, limit: Int, withPlaces: Bool = false
    ) throws -> [ViewRow] {
        var rows: [ViewRow] = []
        guard record.hasArrivals else { return rows }
        let store = stores.loading(record.number)
        for table in record.resolved?.tables ?? [] where start.map({ $0.table <= table }) ?? true {
            guard let schema = memory.table(table), let columns = record.resolved?.selection(of: table) else {
                continue
            }
            let order = withPlaces ? record.resolved?.order(of: table) : nil
            var last = start?.table == table ? start?.key : nil
            while rows.count < limit {
                let page = try store.scan(schema, after: last, limit: limit - rows.count, in: db)
                for stored in page {
                    let address = RowAddress(table: table, key: stored.key)
                    guard let state = try state(arrived: stored, address, schema) else { continue }
                    rows.append(Self.viewRow(address, state, schema, columns, order: order))
                }
                guard let end = page.last else { break }
                last = end.key
            }
        }
        return rows
    }
}
