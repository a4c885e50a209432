import JSONText
import SyncModel

/// Rows that a shape leaves out because its condition fails: how many, and one of them by name.
package struct FailedRows: WireValue {
    package let count: Int64
    package let table: TableName
    package let key: KeyValues
    /// What is wrong with that row, in PostgreSQL's words.
    package let message: String

    package init(count: Int64, table: TableName, key: KeyValues, message: String) {
        self.count = count
        self.table = table
        self.key = key
        self.message = message
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        count = try reader.required("count", Read.int)
        table = try reader.required("table", Read.table)
        key = try reader.required("key", Read.value(KeyValues.self))
        message = try reader.required("message", Read.string)
    }

    package var json: JSON {
        [
            "count": .int(count), "table": .string(table.description), "key": key.json, "message": .string(message),
        ]
    }
}
