import JSONText
import SyncModel

/// A database schema as JSON text, in the form of the service's `GET /v1/schema`.
enum SchemaText {
    static func write(_ schema: DatabaseSchema) -> String {
        JSON.array(schema.tables.map(table)).text
    }

    private static func table(_ table: TableSchema) -> JSON {
        [
            "name": .string(table.name.description),
            "columns": .array(table.columns.map(column)),
            "primary_key": strings(table.primaryKey),
            "foreign_keys": .array(table.foreignKeys.map(foreignKey)),
            "uniques": .array(table.uniques.map(strings)),
        ]
    }

    private static func column(_ column: Column) -> JSON {
        [
            "name": .string(column.name), "number": .int(Int64(column.number)), "type": .string(column.type.name),
            "dimensions": .int(Int64(column.type.dimensions)), "modifier": .int(Int64(column.type.modifier)),
            "labels": strings(column.type.labels), "not_null": .bool(column.isNotNull),
            "has_default": .bool(column.hasDefault),
        ]
    }

    private static func foreignKey(_ key: ForeignKey) -> JSON {
        [
            "name": .string(key.name), "columns": strings(key.columns),
            "references": .string(key.references.description),
            "referenced_columns": strings(key.referencedColumns), "on_delete": .string(key.onDelete.rawValue),
        ]
    }

    private static func strings(_ strings: [String]) -> JSON { .array(strings.map { .string($0) }) }
}

extension SchemaText {
    /// nil where the text is not one that `write` made.
    static func read(_ text: String) throws -> DatabaseSchema? {
        guard let tables = try JSON(parsing: text).array else { return nil }
        let read = tables.compactMap(readTable)
        return read.count == tables.count ? DatabaseSchema(tables: read) : nil
    }

    private static func readTable(_ json: JSON) -> TableSchema? {
        guard let name = json["name"]?.string, let columns = json["columns"]?.array?.compactMap(readColumn),
            let keys = json["foreign_keys"]?.array?.compactMap(readForeignKey),
            let primaryKey = readStrings(json["primary_key"]), let uniques = json["uniques"]?.array,
            primaryKey.allSatisfy({ name in columns.contains { $0.name == name } })
        else { return nil }
        return TableSchema(
            name: TableName(name), columns: columns, primaryKey: primaryKey, foreignKeys: keys,
            uniques: uniques.compactMap(readStrings))
    }

    private static func readColumn(_ json: JSON) -> Column? {
        guard let name = json["name"]?.string, let number = json["number"]?.int, let type = json["type"]?.string,
            let dimensions = json["dimensions"]?.int, let modifier = json["modifier"]?.int,
            let labels = readStrings(json["labels"]), let isNotNull = json["not_null"]?.bool,
            let hasDefault = json["has_default"]?.bool
        else { return nil }
        return Column(
            name, number: Int(number),
            type: ColumnType(
                type, dimensions: Int(dimensions), modifier: Int32(truncatingIfNeeded: modifier), labels: labels),
            isNotNull: isNotNull, hasDefault: hasDefault)
    }

    private static func readForeignKey(_ json: JSON) -> ForeignKey? {
        guard let name = json["name"]?.string, let columns = readStrings(json["columns"]),
            let references = json["references"]?.string, let referenced = readStrings(json["referenced_columns"]),
            let action = (json["on_delete"]?.string).flatMap(ReferentialAction.init(rawValue:))
        else { return nil }
        return ForeignKey(
            name, columns: columns, references: TableName(references), referencedColumns: referenced, onDelete: action)
    }

    private static func readStrings(_ json: JSON?) -> [String]? {
        guard let array = json?.array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}
