import SyncModel

/// Decodes one pgoutput message, protocol version 1.
///
/// Throws `.protocolViolation` for whatever is not one: an unknown kind, a length past the end, bytes left.
enum PgOutputDecoder {
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) -> PgOutputMessage {
        var reader = ByteReader(bytes)
        let message = try message(kind: reader.uint8(), &reader)
        try reader.expectEnd()
        return message
    }

    private static func message(kind: UInt8, _ reader: inout ByteReader) throws(PostgresError)
        -> PgOutputMessage
    {
        switch kind {
        case UInt8(ascii: "I"): return try insert(&reader)
        case UInt8(ascii: "U"): return try update(&reader)
        case UInt8(ascii: "D"): return try delete(&reader)
        case UInt8(ascii: "B"):
            return try .begin(position: reader.lsn(), committedAt: reader.timestamp(), xid: reader.uint32())
        case UInt8(ascii: "C"):
            _ = try reader.uint8()  // flags, unused
            return try .commit(position: reader.lsn(), end: reader.lsn(), committedAt: reader.timestamp())
        case UInt8(ascii: "R"): return try relation(&reader)
        case UInt8(ascii: "Y"): return try .type(oid: reader.uint32(), name: name(&reader))
        case UInt8(ascii: "T"): return try truncate(&reader)
        case UInt8(ascii: "M"): return try logicalMessage(&reader)
        case UInt8(ascii: "O"): return try .origin(position: reader.lsn(), name: reader.string())
        default:
            throw ByteReader.malformed("its kind is \(kind), which pgoutput's protocol 1 does not have")
        }
    }

    private static func insert(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let relation = try reader.uint32()
        try expect("N", &reader)
        return try .insert(relation: relation, new: tuple(&reader))
    }

    private static func update(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let relation = try reader.uint32()
        var old: [SourceChange.Field]?
        var marker = try reader.uint8()
        // K: the old key, other columns as NULL. O: the whole old row (REPLICA IDENTITY FULL).
        if marker == UInt8(ascii: "K") || marker == UInt8(ascii: "O") {
            old = try tuple(&reader)
            marker = try reader.uint8()
        }
        guard marker == UInt8(ascii: "N") else { throw ByteReader.malformed("an update without its new row") }
        return try .update(relation: relation, old: old, new: tuple(&reader))
    }

    private static func delete(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let relation = try reader.uint32()
        let marker = try reader.uint8()
        guard marker == UInt8(ascii: "K") || marker == UInt8(ascii: "O") else {
            throw ByteReader.malformed("a delete without its old row")
        }
        return try .delete(relation: relation, old: tuple(&reader))
    }

    private static func tuple(_ reader: inout ByteReader) throws(PostgresError) -> [SourceChange.Field] {
        let count = try reader.checked(count: Int(reader.uint16()), of: 1)
        var fields: [SourceChange.Field] = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            switch try reader.uint8() {
            case UInt8(ascii: "t"):
                let length = try reader.uint32()
                let bytes = try reader.raw(Int(length))
                fields.append(.text(Text(String(decoding: bytes, as: UTF8.self))))
            case UInt8(ascii: "n"): fields.append(.null)
            case UInt8(ascii: "u"): fields.append(.unchanged)
            case let kind: throw ByteReader.malformed("a value of kind \(kind)")
            }
        }
        return fields
    }

    private static func relation(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let oid = try reader.uint32()
        let table = try name(&reader)
        _ = try reader.uint8()  // replica identity
        // A column takes at least flags, an empty name's NUL, type and modifier.
        let count = try reader.checked(count: Int(reader.uint16()), of: 10)
        var columns: [String] = []
        var types: [UInt32] = []
        for _ in 0..<count {
            _ = try reader.uint8()  // 1: part of the key
            columns.append(try reader.string())
            types.append(try reader.uint32())
            _ = try reader.uint32()  // type modifier
        }
        return .relation(SourceRelation(oid: oid, table: table, columns: columns, typeOIDs: types))
    }

    private static func truncate(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let count = try reader.uint32()
        _ = try reader.uint8()  // 1: CASCADE, 2: RESTART IDENTITY. All tables that it reached are listed.
        var relations: [UInt32] = []
        for _ in 0..<(try reader.checked(count: Int(count), of: 4)) { relations.append(try reader.uint32()) }
        return .truncate(relations: relations)
    }

    private static func logicalMessage(_ reader: inout ByteReader) throws(PostgresError) -> PgOutputMessage {
        let flags = try reader.uint8()
        let position = try reader.lsn()
        let prefix = try reader.string()
        let length = try reader.uint32()
        let content = try reader.raw(Int(length))
        return .message(
            LogicalMessage(
                isTransactional: flags & 1 == 1, prefix: prefix,
                content: Text(String(decoding: content, as: UTF8.self)), position: position))
    }

    /// Schema and name; the schema `pg_catalog` is sent as an empty string.
    private static func name(_ reader: inout ByteReader) throws(PostgresError) -> TableName {
        let schema = try reader.string()
        return TableName(schema: schema.isEmpty ? "pg_catalog" : schema, name: try reader.string())
    }

    private static func expect(_ marker: Unicode.Scalar, _ reader: inout ByteReader) throws(PostgresError) {
        guard try reader.uint8() == UInt8(ascii: marker) else {
            throw ByteReader.malformed("the marker \(marker) is missing")
        }
    }
}
