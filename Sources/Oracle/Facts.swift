import JSONText
import SyncModel

/// What PostgreSQL said, in lines of JSON that are replayed without it.
///
/// First `{"now": microseconds, "columns": [[name, type, dimensions, label, …], …]}`, then
/// `{"row": [text or null, …]}`, then `{"expression", "parameters", "is": […]}` with one entry for each row: null,
/// `=text`, or `!` for an error.
enum Facts {
    static func header(now: Int64, _ table: TableSchema, _ rows: [Row]) -> [String] {
        let columns = table.columns.map { column -> JSON in
            let type = column.type
            let head: [JSON] = [.string(column.name), .string(type.name), .int(Int64(type.dimensions))]
            return .array(head + type.labels.map { .string($0) })
        }
        let first = JSON.object(JSONObject([("now", .int(now)), ("columns", .array(columns))]))
        return [first.text]
            + rows.map { row in
                let values = row.values.map { value -> JSON in value.text.map { .string($0.string) } ?? .null }
                return JSON.object(JSONObject([("row", .array(values))])).text
            }
    }

    static func line(_ expression: String, _ parameters: [String], _ outcomes: [Outcome]) -> String {
        let answers = outcomes.map { outcome -> JSON in
            switch outcome {
            case .null: .null
            case .text(let text): .string("=" + text)
            case .error: .string("!")
            }
        }
        let members: [(String, JSON)] = [
            ("expression", .string(expression)), ("parameters", .array(parameters.map { .string($0) })),
            ("is", .array(answers)),
        ]
        return JSON.object(JSONObject(members)).text
    }
}
