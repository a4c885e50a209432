import SyncModel

/// A row with queued operations laid on top, one by one, in queue order.
struct OperationFold {
    private let schema: TableSchema
    private let key: RowKey
    /// nil: there is no such row, or it is deleted.
    private(set) var row: SyncedRow?
    /// What a delete took away.
    private(set) var deleted: SyncedRow?

    /// - Parameter base: the row as confirmed, or as it stood when it went.
    init(_ key: RowKey, base: SyncedRow?, in schema: TableSchema) {
        self.schema = schema
        self.key = key
        row = base
    }

    mutating func apply(_ operation: Operation) {
        switch operation.action {
        case .insert, .upsert:
            var next = row ?? Self.newRow(operation, schema)
            assign(operation, to: &next)
            row = next
        case .update:
            // On a row that is not there, not even as it stood, nothing can be shown.
            guard var next = row else { return }
            assign(operation, to: &next)
            row = next
        case .delete:
            if let row { deleted = row }
            row = nil
        }
    }

    private func assign(_ operation: Operation, to row: inout SyncedRow) {
        for (column, value) in operation.set {
            // A column that the schema lost meanwhile: the service will refuse the operation.
            guard let index = schema.index(of: column) else { continue }
            row[index] = value
        }
    }

    /// What PostgreSQL will fill in is not known yet: absent. Other columns left out are NULL.
    private static func newRow(_ operation: Operation, _ schema: TableSchema) -> SyncedRow {
        SyncedRow(
            schema.columns.map { column in
                if let text = operation.key[column.name] { return .text(text) }
                return column.hasDefault ? .absent : .null
            })
    }
}
