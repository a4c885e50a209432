import JSONText
import SyncModel

/// An operation as it travels and as it is stored:
/// `{"id", "table", "op", "key": {...}, "set": {...}, "at", "base", "group"}`.
extension Operation {
    static let members = ["id", "table", "op", "key", "set", "at", "base", "group"]

    /// The members, inside an object that the caller opened. Columns go in the order of their names.
    package func writeMembers(to json: inout JSONWriter) {
        json.member("id", id.description)
        json.member("table", table.description)
        json.member("op", action.rawValue)
        json.key("key")
        json.beginObject()
        for column in Self.sorted(key.keys) { json.member(column, key[column]?.string) }
        json.endObject()
        if !set.isEmpty {
            json.key("set")
            json.beginObject()
            for column in Self.sorted(set.keys) { json.member(column, set[column]?.text?.string) }
            json.endObject()
        }
        json.member("at", at.microseconds)
        json.member("base", base)
        if let group { json.member("group", group) }
    }

    package var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
        return json.bytes
    }

    package init(json: [UInt8]) throws(ServiceError) {
        try self.init(JSON(message: json).object(at: "operation", only: Self.members), at: "operation")
    }

    init(_ object: ObjectReader, at path: String) throws(ServiceError) {
        let table = try object.text("table")
        guard !table.isEmpty, table.utf8.count <= ProtocolLimits.tableNameBytes else {
            throw .badRequest("\(path).table: a table's name, schema.table, of 1 to 127 bytes is wanted")
        }
        let op = try object.text("op")
        guard let action = Action(rawValue: op) else {
            throw .badRequest("\(path).op: '\(op)' is none of insert, update, upsert, delete")
        }
        let key = try Self.key(object.object("key"))
        let set =
            try object.optionalObject("set").map { set throws(ServiceError) in try Self.set(set) } ?? [:]
        guard action != .delete || set.isEmpty else {
            throw .badRequest("\(path).set: a delete sets nothing")
        }
        if let both = Self.sorted(set.keys).first(where: { key[$0] != nil }) {
            throw .badRequest("\(path).set: '\(both)' is a column of the key")
        }
        let base = try object.optionalInteger("base") ?? 0
        guard base >= 0 else { throw .badRequest("\(path).base: a version is 0 or more") }
        let at = try object.integer("at")
        guard at > 0 else { throw .badRequest("\(path).at: microseconds since 1970 are wanted") }
        self.init(
            id: OperationID(try object.identifier("id")), table: TableName(table), action: action, key: key,
            set: set, at: HybridTimestamp(microseconds: at), base: base,
            group: try object.optionalIdentifier("group"))
    }

    private static func key(_ object: ObjectReader) throws(ServiceError) -> [String: Text] {
        var key: [String: Text] = [:]
        for (column, value) in try columns(object) {
            guard let text = value.text else {
                throw .badRequest("\(object.path).\(column): a key's value is a string, never null")
            }
            key[column] = text
        }
        guard !key.isEmpty else { throw .badRequest("\(object.path): a key names the primary key's columns") }
        return key
    }

    private static func set(_ object: ObjectReader) throws(ServiceError) -> [String: Value] {
        var set: [String: Value] = [:]
        for (column, value) in try columns(object) { set[column] = value }
        return set
    }

    private static func columns(_ object: ObjectReader) throws(ServiceError) -> [(String, Value)] {
        let values = try object.values()
        guard values.count <= ProtocolLimits.columnsPerOperation else {
            throw .tooLarge("the number of columns in \(object.path)", ProtocolLimits.columnsPerOperation)
        }
        var columns: [(String, Value)] = []
        var names: Set<String> = []
        for (column, value) in values {
            guard names.insert(column).inserted else {
                throw .badRequest("\(object.path): column '\(column)' is there twice")
            }
            guard !column.isEmpty, column.utf8.count <= ProtocolLimits.columnNameBytes else {
                throw .badRequest("\(object.path): a column's name of 1 to 63 bytes is wanted")
            }
            if let text = value.text, text.string.utf8.count > ProtocolLimits.valueBytes {
                throw .tooLarge("the value of \(object.path).\(column), in bytes,", ProtocolLimits.valueBytes)
            }
            columns.append((column, value))
        }
        return columns
    }

    private static func sorted(_ names: some Collection<String>) -> [String] {
        names.sorted { Text($0) < Text($1) }
    }
}
