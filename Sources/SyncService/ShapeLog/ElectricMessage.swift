import JSONText
import SyncModel
import SyncProtocol

/// Messages in Electric 1.7's own form. Snapshot rows come from `::text`, log rows from pgoutput, so that a
/// scalar boolean is `true` in the one and `t` in the other.
enum ElectricMessage {
    /// - Parameter writer: of the table; it knows the part of the key that all rows share.
    static func writeSnapshot(
        key: RowKey, row: Row, table: TableSchema, _ writer: MessageWriter, selection: [Int], to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("key")
        json.string(writer.messageKey(key))
        json.key("value")
        json.beginObject()
        for index in selection {
            json.key(table.columns[index].name)
            let type = table.columns[index].type
            if type.name == "bool", type.dimensions == 0, let text = row[index].text {
                json.string(text.string == "t" ? "true" : "false")
            } else {
                write(row[index], to: &json)
            }
        }
        json.endObject()
        json.key("headers")
        json.beginObject()
        writeRelation(table.name, to: &json)
        json.key("operation")
        json.string("insert")
        json.endObject()
        json.endObject()
    }

    static func write(
        _ change: LoggedChange, row: Row, table: TableSchema, _ writer: MessageWriter, fields: [Int],
        oldFields: [Int], to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("key")
        json.string(writer.messageKey(change.key))
        json.key("value")
        writeObject(row, fields, table, to: &json)
        if let old = change.old, !oldFields.isEmpty {
            json.key("old_value")
            writeObject(old, oldFields, table, to: &json)
        }
        json.key("headers")
        json.beginObject()
        if change.isLast {
            json.key("last")
            json.bool(true)
        }
        writeRelation(table.name, to: &json)
        writePlace(change, writer, to: &json)
        json.endObject()
        json.endObject()
    }

    private static func writePlace(_ change: LoggedChange, _ writer: MessageWriter, to json: inout JSONWriter) {
        json.key("operation")
        switch change.kind {
        case .insert: json.string("insert")
        case .update: json.string("update")
        case .delete: json.string("delete")
        }
        json.key("lsn")
        json.string(String(change.offset.tx))
        json.key("op_position")
        json.int(Int64(clamping: change.offset.op))
        json.key("txids")
        json.beginArray()
        json.int(Int64(change.xid))
        json.endArray()
        if let partner = change.partner {
            json.key(change.kind == .delete ? "key_change_to" : "key_change_from")
            json.string(writer.messageKey(partner))
        }
    }

    private static func writeRelation(_ table: TableName, to json: inout JSONWriter) {
        json.key("relation")
        json.beginArray()
        json.string(table.schema)
        json.string(table.name)
        json.endArray()
    }

    private static func writeObject(_ row: Row, _ fields: [Int], _ table: TableSchema, to json: inout JSONWriter) {
        json.beginObject()
        for index in fields {
            json.key(table.columns[index].name)
            write(row[index], to: &json)
        }
        json.endObject()
    }

    private static func write(_ value: Value, to json: inout JSONWriter) {
        switch value {
        case .text(let text): json.string(text.string)
        case .null, .absent: json.null()
        }
    }

    static func writeUpToDate(lastSeen: UInt64, to json: inout JSONWriter) {
        json.beginObject()
        json.key("headers")
        json.beginObject()
        json.key("control")
        json.string("up-to-date")
        json.key("global_last_seen_lsn")
        json.string(String(lastSeen))
        json.endObject()
        json.endObject()
    }

    /// Which transactions the snapshot has.
    static func writeSnapshotEnd(_ seen: SeenTransactions, to json: inout JSONWriter) {
        json.beginObject()
        json.key("headers")
        json.beginObject()
        json.key("control")
        json.string("snapshot-end")
        json.key("xmin")
        json.string(String(seen.xmin))
        json.key("xmax")
        json.string(String(seen.xmax))
        json.key("xip_list")
        json.beginArray()
        for xid in seen.inFlight { json.string(String(xid)) }
        json.endArray()
        json.endObject()
        json.endObject()
    }
}
