import JSONText
import SyncModel

/// A schema as it travels and as a device stores it: `{"tables": [TABLE…]}`.
extension DatabaseSchema {
    package var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
        return json.bytes
    }

    package init(json: [UInt8]) throws(ServiceError) {
        try self.init(JSON(message: json).object(at: "schema"))
    }

    func writeMembers(to json: inout JSONWriter) {
        json.key("tables")
        json.beginArray()
        for table in tables { table.write(to: &json) }
        json.endArray()
    }

    init(_ object: ObjectReader) throws(ServiceError) {
        var tables: [TableSchema] = []
        for table in try object.objects("tables") { tables.append(try TableSchema(table)) }
        self.init(tables: tables)
    }
}

extension TableSchema {
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name.description)
        json.key("columns")
        json.beginArray()
        for column in columns { column.write(to: &json) }
        json.endArray()
        json.member("primary_key", primaryKey)
        json.key("foreign_keys")
        json.beginArray()
        for key in foreignKeys { key.write(to: &json) }
        json.endArray()
        json.key("uniques")
        json.beginArray()
        for unique in uniques { json.texts(unique) }
        json.endArray()
        json.endObject()
    }

    init(_ object: ObjectReader) throws(ServiceError) {
        var columns: [Column] = []
        for column in try object.objects("columns") { columns.append(try Column(column)) }
        let primaryKey = try object.texts("primary_key")
        let names = Set(columns.map(\.name))
        guard let missing = primaryKey.first(where: { !names.contains($0) }) else {
            var foreignKeys: [ForeignKey] = []
            for key in try object.objects("foreign_keys") { foreignKeys.append(try ForeignKey(key)) }
            self.init(
                name: TableName(try object.text("name")), columns: columns, primaryKey: primaryKey,
                foreignKeys: foreignKeys, uniques: try object.textLists("uniques"))
            return
        }
        throw .badRequest("\(object.path).primary_key: '\(missing)' is no column")
    }
}

extension Column {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("number", Int64(number))
        json.member("type", type.name)
        json.member("dimensions", Int64(type.dimensions))
        json.member("modifier", Int64(type.modifier))
        json.member("labels", type.labels)
        json.member("not_null", isNotNull)
        json.member("has_default", hasDefault)
        json.endObject()
    }

    fileprivate init(_ object: ObjectReader) throws(ServiceError) {
        let type = ColumnType(
            try object.text("type"), dimensions: try object.smallInteger("dimensions"),
            modifier: Int32(try object.smallInteger("modifier")), labels: try object.texts("labels"))
        self.init(
            try object.text("name"), number: try object.smallInteger("number"), type: type,
            isNotNull: try object.bool("not_null"), hasDefault: try object.bool("has_default"))
    }
}

extension ForeignKey {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("columns", columns)
        json.member("references", references.description)
        json.member("referenced_columns", referencedColumns)
        json.member("on_delete", onDelete.rawValue)
        json.endObject()
    }

    fileprivate init(_ object: ObjectReader) throws(ServiceError) {
        let onDelete = try object.text("on_delete")
        guard let onDelete = ReferentialAction(rawValue: onDelete) else {
            throw .badRequest("\(object.path).on_delete: '\(onDelete)' is no referential action")
        }
        self.init(
            try object.text("name"), columns: try object.texts("columns"),
            references: TableName(try object.text("references")),
            referencedColumns: try object.texts("referenced_columns"), onDelete: onDelete)
    }
}
