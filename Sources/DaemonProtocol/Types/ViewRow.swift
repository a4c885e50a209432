import JSONText
import SyncModel

/// One row as a client sees it: the confirmed row with the queued operations on top.
package struct ViewRow: WireValue {
    package let table: TableName
    package let key: KeyValues
    package let value: ColumnValues
    /// Queued operations touch the row.
    package let isPending: Bool
    /// Compares, by bytes, with that of the shape's other rows of the table. Opaque; nil where nobody asked.
    package let place: Text?

    package init(table: TableName, key: KeyValues, value: ColumnValues, isPending: Bool, place: Text? = nil) {
        self.table = table
        self.key = key
        self.value = value
        self.isPending = isPending
        self.place = place
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        table = try reader.required("table", Read.table)
        key = try reader.required("key", Read.value(KeyValues.self))
        value = try reader.required("value", Read.value(ColumnValues.self))
        isPending = try reader.required("pending", Read.bool)
        place = try reader.optional("place", Read.string).map { Text($0) }
    }

    package var json: JSON {
        var object: JSONObject = [
            "table": .string(table.description), "key": key.json, "value": value.json,
            "pending": .bool(isPending),
        ]
        object["place"] = place.map { .string($0.string) }
        return .object(object)
    }
}

extension [ViewRow] {
    /// By table as they stand, within a table by their places, of which nothing is left then.
    package var inPlace: [ViewRow] {
        var tables: [TableName] = []
        var byTable: [TableName: [ViewRow]] = [:]
        for row in self {
            if byTable[row.table] == nil { tables.append(row.table) }
            byTable[row.table, default: []].append(row)
        }
        return tables.flatMap { table in
            (byTable[table] ?? []).sorted { ($0.place ?? "") < ($1.place ?? "") }.map { row in
                ViewRow(table: row.table, key: row.key, value: row.value, isPending: row.isPending)
            }
        }
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
