import JSONText
import SyncModel

/// A row's image in the shared change log: a JSON array of PostgreSQL's texts, `null` for NULL, `false` for
/// a value that the stream left out.
enum RowText {
    static func encode(_ row: Row) -> String {
        var json = JSONWriter(reserving: 256)
        json.beginArray()
        for value in row.values {
            switch value {
            case .null: json.null()
            case .absent: json.bool(false)
            case .text(let text): json.string(text.string)
            }
        }
        json.endArray()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    static func decode(_ text: String) throws -> Row {
        let values = try JSON(parsing: text).array ?? []
        return Row(
            values.map { value in
                if let text = value.string { return .text(Text(text)) }
                return value.isNull ? .null : .absent
            })
    }
}
