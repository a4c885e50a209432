import Postgres
import SyncModel

/// What PostgreSQL answers to `EngineSQL`: all rows, and the content of each shape, of one moment.
struct EngineAnswer {
    private(set) var rows = EngineRows()
    /// By shape.
    private(set) var contents: [[TableName: [RowKey: Row]]]
    /// By shape, rows that are members at several nodes.
    private(set) var doubled: [Int]

    /// - Parameter now: what `NOW()` is, in microseconds since 2000.
    init(
        _ connection: PostgresConnection, _ sql: EngineSQL, _ schema: DatabaseSchema, shapes: Int, now: Int64
    ) throws {
        contents = Array(repeating: [:], count: shapes)
        doubled = Array(repeating: 0, count: shapes)
        for values in try connection.query(sql.text, [String(now)]).rows {
            guard let label = values[0], let index = Int(label.dropFirst()) else { continue }
            let isRow = label.hasPrefix("r")
            let table = sql.tables[isRow ? index : sql.nodes[index].table]
            guard let described = schema[TableName(table.name)] else { continue }
            let row = Row(values[2..<(2 + table.columns.count)].map { Value($0) })
            if isRow {
                rows.add(row, number: values[1] ?? "", of: described)
            } else {
                let shape = sql.nodes[index].shape
                let held = contents[shape][described.name, default: [:]].updateValue(
                    row, forKey: row.key(in: described))
                if held != nil { doubled[shape] += 1 }
            }
        }
    }
}
