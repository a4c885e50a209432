/// One queued intent on one row: what a person did, at field level, so that it can be replayed on a row
/// that changed meanwhile.
package struct Operation: Hashable, Sendable {
    package enum Action: String, Hashable, Sendable {
        /// The row must not exist (an existing one is a conflict).
        case insert
        /// Set some fields of an existing row.
        case update
        /// Insert, or update the fields where the row exists.
        case upsert
        case delete
    }

    package let id: OperationID
    package let table: TableName
    package let action: Action
    /// The whole primary key; every value present and not NULL.
    package let key: [String: Text]
    /// Columns other than the key, `.null` or `.text`. Empty for a delete.
    package let set: [String: Value]
    /// When the person did it.
    package let at: HybridTimestamp
    /// The confirmed version of the row it was done on; 0 for none.
    package let base: Int64
    /// Operations with the same group stand side by side in the queue, and are applied all or none.
    package let group: String?

    package init(
        id: OperationID, table: TableName, action: Action, key: [String: Text], set: [String: Value] = [:],
        at: HybridTimestamp, base: Int64, group: String? = nil
    ) {
        self.id = id
        self.table = table
        self.action = action
        self.key = key
        self.set = set
        self.at = at
        self.base = base
        self.group = group
    }

    /// nil when the key does not name exactly the primary key's columns.
    package func rowKey(in schema: TableSchema) -> RowKey? {
        guard key.count == schema.primaryKey.count else { return nil }
        var values: [Value] = []
        for column in schema.primaryKey {
            guard let text = key[column] else { return nil }
            values.append(.text(text))
        }
        return RowKey(values: values)
    }
}

/// An operation as it is sent: with the sequence number that makes it exactly-once.
package struct SequencedOperation: Hashable, Sendable {
    package let seq: Int64
    package let operation: Operation

    package init(seq: Int64, operation: Operation) {
        self.seq = seq
        self.operation = operation
    }
}
