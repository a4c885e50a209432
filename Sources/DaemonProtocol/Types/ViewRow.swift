import JSONText
import SyncModel

/// One row as a client sees it: the confirmed row with the queued operations on top.
package struct ViewRow: WireValue {
    package let table: TableName
    package let key: KeyValues
    package let value: ColumnValues
    /// Queued operations touch the row.
    package let isPending: Bool

    package init(table: TableName, key: KeyValues, value: ColumnValues, isPending: Bool) {
        self.table = table
        self.key = key
        self.value = value
        self.isPending = isPending
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        table = try reader.required("table", Read.table)
        key = try reader.required("key", Read.value(KeyValues.self))
        value = try reader.required("value", Read.value(ColumnValues.self))
        isPending = try reader.required("pending", Read.bool)
    }

    package var json: JSON {
        [
            "table": .string(table.description), "key": key.json, "value": value.json,
            "pending": .bool(isPending),
        ]
    }
}

/// What became of one row of a view.
package struct ViewChange: WireValue {
    package enum Operation: String, Hashable, Sendable, CaseIterable { case insert, update, delete }

    package let operation: Operation
    package let table: TableName
    package let key: KeyValues
    /// insert: the whole row; update: the columns that changed; delete: nothing.
    package let value: ColumnValues
    package let isPending: Bool

    package init(operation: Operation, table: TableName, key: KeyValues, value: ColumnValues, isPending: Bool) {
        self.operation = operation
        self.table = table
        self.key = key
        self.value = value
        self.isPending = isPending
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        operation = try reader.required("operation", Read.label(Operation.self))
        table = try reader.required("table", Read.table)
        key = try reader.required("key", Read.value(KeyValues.self))
        value = try reader.required("value", Read.value(ColumnValues.self))
        isPending = try reader.required("pending", Read.bool)
    }

    package var json: JSON {
        [
            "operation": .string(operation.rawValue), "table": .string(table.description), "key": key.json,
            "value": value.json, "pending": .bool(isPending),
        ]
    }
}

extension Read {
    static func table(_ json: JSON) throws(WireError) -> TableName {
        let name = try string(json)
        guard !name.isEmpty else { throw WireError(problem: "must not be empty") }
        return TableName(name)
    }
}
