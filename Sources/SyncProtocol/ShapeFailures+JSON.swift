import JSONText
import SyncModel

/// `{"count": 2, "tag": "…", "first": {"relation": ["public", "steps"], "key": "…", "message": "…"}}`, or
/// `{"count": 0}`.
extension ShapeFailures {
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("count", Int64(count))
        if let first, let tag {
            json.member("tag", tag)
            json.key("first")
            json.beginObject()
            json.key("relation")
            json.beginArray()
            json.string(first.table.schema)
            json.string(first.table.name)
            json.endArray()
            json.member("key", first.table.messageKey(first.key))
            json.member("message", first.message)
            json.endObject()
        }
        json.endObject()
    }

    init(_ failures: ObjectReader) throws(ServiceError) {
        guard let count = Int(exactly: try failures.integer("count")), count > 0 else {
            self = .none
            return
        }
        let first = try failures.object("first")
        let relation = try first.texts("relation")
        guard relation.count == 2 else { throw .badRequest("\(first.path).relation: two names are wanted") }
        let table = TableName(schema: relation[0], name: relation[1])
        let messageKey = try first.text("key")
        guard let key = RowKey(messageKey: messageKey, of: table) else {
            throw .badRequest("\(first.path).key: '\(messageKey)' is no key of \(table)")
        }
        let failure = ConditionFailure(table: table, key: key, message: try first.text("message"))
        self.init(count: count, first: failure, tag: try failures.text("tag"))
    }
}
