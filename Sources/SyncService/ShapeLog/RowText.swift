import JSONText
import SyncModel

/// A row's image in the shared change log: a JSON array of PostgreSQL's texts, `null` for NULL, `false` for
/// a value that the stream left out, and `true`, in the image before, for a value that the one after has as well.
enum RowText {
    /// - Parameter next: the image after, of which only the differences are written.
    static func encode(_ row: Row, over next: Row? = nil) -> String {
        let next = next?.values.count == row.values.count ? next : nil
        var json = JSONWriter(reserving: 256)
        json.beginArray()
        for (index, value) in row.values.enumerated() {
            if let next, next[index] == value {
                json.bool(true)
                continue
            }
            switch value {
            case .null: json.null()
            case .absent: json.bool(false)
            case .text(let text): json.string(text.string)
            }
        }
        json.endArray()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    static func decode(_ text: String, over next: Row? = nil) throws -> Row {
        let values = try JSON(parsing: text).array ?? []
        return Row(
            values.enumerated().map { index, value in
                if let text = value.string { return .text(Text(text)) }
                if value.isNull { return .null }
                if value.bool == true, let next, next.values.indices.contains(index) { return next[index] }
                return .absent
            })
    }
}

/// Both images of a row change, as they are stored.
struct RowTexts {
    let old: String?
    let new: String?

    init(old: String?, new: String?) {
        self.old = old
        self.new = new
    }

    init(old: Row?, new: Row?) {
        self.new = new.map { RowText.encode($0) }
        self.old = old.map { RowText.encode($0, over: new) }
    }

    func rows() throws -> (old: Row?, new: Row?) {
        let next = try new.map { try RowText.decode($0) }
        return (try old.map { try RowText.decode($0, over: next) }, next)
    }
}
