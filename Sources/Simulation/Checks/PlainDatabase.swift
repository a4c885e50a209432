import SyncModel

/// The rows of a database as plain Swift sees them: for answers that share nothing with the shape language.
struct PlainDatabase {
    let rows: ModelRows
    let schema: DatabaseSchema
    /// Microseconds since 1970.
    let now: Int64
    /// Only what somebody may read.
    var sight: Sight?

    init(_ moment: History.Moment) {
        rows = moment.rows
        schema = moment.schema
        now = moment.now
    }

    /// In no order.
    subscript(table: TableName) -> [PlainRow] {
        guard let schema = schema[table] else { return [] }
        let all = (rows[table] ?? [:]).map { PlainRow(table: schema, key: $0.key, row: $0.value) }
        guard let sight, Sight.isRestricted(table) else { return all }
        return all.filter(sight.sees)
    }

    /// Rows of a table by a column's value; those with NULL are in none.
    func grouped(_ table: TableName, by column: String) -> [Text: [PlainRow]] {
        var groups: [Text: [PlainRow]] = [:]
        for row in self[table] {
            if let value = row[column] { groups[value, default: []].append(row) }
        }
        return groups
    }
}

struct PlainRow {
    let table: TableSchema
    let key: RowKey
    let row: Row

    /// nil for NULL.
    subscript(column: String) -> Text? { table.index(of: column).flatMap { row[$0].text } }

    var id: Text { self["id"] ?? "" }
}

extension [PlainRow] {
    var ids: Set<Text> { Set(map(\.id)) }

    /// Those whose column has one of the values.
    func `where`(_ column: String, in values: Set<Text>) -> [PlainRow] {
        filter { row in row[column].map(values.contains) ?? false }
    }

    func values(_ column: String) -> Set<Text> { Set(compactMap { $0[column] }) }

    func first(_ count: Int, by precedes: (PlainRow, PlainRow) -> Bool) -> [PlainRow] {
        Array(sorted(by: precedes).prefix(count))
    }
}
